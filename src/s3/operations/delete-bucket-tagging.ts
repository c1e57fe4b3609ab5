/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucketTagging.html */
import { writeBucketTags } from '../bucket-tags.ts';
import { operation } from '../operation.ts';

export const deleteBucketTagging = operation({
  name: 'DeleteBucketTagging',
  supports: [],
  async run(request) {
    await writeBucketTags(request.engine, request.bucket(), []);
    return { output: {} };
  },
});
