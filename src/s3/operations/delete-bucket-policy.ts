/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucketPolicy.html */
import { writeBucketPolicy } from '../../engine/access-documents.ts';
import { operation } from '../operation.ts';

export const deleteBucketPolicy = operation({
  name: 'DeleteBucketPolicy',
  supports: [],
  async run(request) {
    await writeBucketPolicy(request.engine.buckets, request.bucket(), undefined);
    return { output: {} };
  },
});
