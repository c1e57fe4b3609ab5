/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucketEncryption.html */
import { resetBucketEncryption } from '../../engine/bucket-encryption.ts';
import { operation } from '../operation.ts';

export const deleteBucketEncryption = operation({
  name: 'DeleteBucketEncryption',
  supports: [],
  async run(request) {
    await resetBucketEncryption(request.engine.buckets, request.bucket(), request.bucketDefaults);
    return { output: {} };
  },
});
