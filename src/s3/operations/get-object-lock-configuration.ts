/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectLockConfiguration.html */
import { readObjectLock } from '../../engine/locks/configuration.ts';
import { S3Error } from '../errors.ts';
import { operation } from '../operation.ts';

export const getObjectLockConfiguration = operation({
  name: 'GetObjectLockConfiguration',
  supports: [],
  async run({ engine, ...request }) {
    const bucket = request.bucket();
    const configuration = await readObjectLock(engine.buckets, bucket);
    if (configuration === undefined) {
      throw new S3Error('ObjectLockConfigurationNotFoundError', { fields: { BucketName: bucket.name } });
    }
    const { mode, days, years } = configuration.defaultRetention ?? {};
    const rule = mode && { DefaultRetention: { Mode: mode, Days: days, Years: years } };
    return { output: { ObjectLockConfiguration: { ObjectLockEnabled: 'Enabled', Rule: rule } } };
  },
});
