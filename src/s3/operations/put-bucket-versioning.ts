/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketVersioning.html */
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
    await request.engine.buckets.setVersioning(request.bucket(), Status);
    return { output: {} };
  },
});
