/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketEncryption.html */
import { readBucketEncryption } from '../../engine/bucket-encryption.ts';
import { S3Error } from '../errors.ts';
import { operation } from '../operation.ts';

export const getBucketEncryption = operation({
  name: 'GetBucketEncryption',
  supports: [],
  async run(request) {
    const bucket = request.bucket();
    const usual = request.encryptsByDefault ? 'AES256' : undefined;
    const encryption = await readBucketEncryption(request.engine.buckets, bucket);
    const { algorithm: SSEAlgorithm = usual, kmsKey: KMSMasterKeyID, bucketKey = false, blocked } = encryption;
    if (SSEAlgorithm === undefined) {
      throw new S3Error('ServerSideEncryptionConfigurationNotFoundError', { fields: { BucketName: bucket.name } });
    }
    const rule = {
      ApplyServerSideEncryptionByDefault: { SSEAlgorithm, KMSMasterKeyID },
      BucketKeyEnabled: bucketKey,
      ...(blocked !== undefined && { BlockedEncryptionTypes: { EncryptionType: [...blocked] } }),
    };
    return { output: { ServerSideEncryptionConfiguration: { Rules: [rule] } } };
  },
});
