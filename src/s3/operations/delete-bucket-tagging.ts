/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucketTagging.html */
import { writeBucketTags } from '../../engine/bucket-tags.ts';
import { operation } from '../operation.ts';
import { refuseUnderAbac } from '../tagging.ts';

export const deleteBucketTagging = operation({
  name: 'DeleteBucketTagging',
  supports: [],
  async run(request) {
    await refuseUnderAbac(request);
    await writeBucketTags(request.engine.buckets, request.bucket(), []);
    return { output: {} };
  },
});
