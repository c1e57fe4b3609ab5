/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketVersioning.html */
import { readReplication } from '../../engine/replication/rules.ts';
import { S3Error } from '../errors.ts';
import { operation } from '../operation.ts';

export const putBucketVersioning = operation({
  name: 'PutBucketVersioning',
  supports: ['ChecksumAlgorithm', 'VersioningConfiguration'],
  async run(request, input) {
    const { MFADelete, Status } = input.VersioningConfiguration;
    if (MFADelete === 'Enabled') {
      throw new S3Error('NotImplemented', { message: 'MFA delete is not implemented' });
    }
    if (Status === undefined) throw new S3Error('IllegalVersioningConfigurationException');
    if (Status === 'Suspended' && (await readReplication(request.engine.buckets, request.bucket())) !== undefined) {
      throw new S3Error('InvalidBucketState', {
        message:
          'A replication configuration is present on this bucket, so you cannot change the versioning state. To change the versioning state, first delete the replication configuration.',
      });
    }
    await request.engine.buckets.setVersioning(request.bucket(), Status);
    return { output: {} };
  },
});
