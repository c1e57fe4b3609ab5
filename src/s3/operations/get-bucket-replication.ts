/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketReplication.html */
import { readReplication } from '../../engine/replication/rules.ts';
import { S3Error } from '../errors.ts';
import { operation } from '../operation.ts';
import { configurationElement } from '../replication/write-configuration.ts';

export const getBucketReplication = operation({
  name: 'GetBucketReplication',
  supports: [],
  async run(request) {
    const bucket = request.bucket();
    const configuration = await readReplication(request.engine.buckets, bucket);
    if (configuration === undefined) {
      throw new S3Error('ReplicationConfigurationNotFoundError', { fields: { BucketName: bucket.name } });
    }
    return { output: { ReplicationConfiguration: configurationElement(configuration) } };
  },
});
