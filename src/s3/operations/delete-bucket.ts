/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucket.html */
import { operation } from '../operation.ts';

export const deleteBucket = operation({
  name: 'DeleteBucket',
  supports: [],
  async run(request) {
    await request.engine.buckets.delete(request.bucket());
    return { output: {} };
  },
});
