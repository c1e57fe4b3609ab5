/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucketLifecycle.html */
import { writeLifecycle } from '../../engine/lifecycle/rules.ts';
import { operation } from '../operation.ts';

export const deleteBucketLifecycle = operation({
  name: 'DeleteBucketLifecycle',
  supports: [],
  async run(request) {
    await writeLifecycle(request.engine.buckets, request.bucket(), undefined);
    return { output: {} };
  },
});
