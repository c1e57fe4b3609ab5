/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_control_ListTagsForResource.html */
import { readBucketTags } from '../../engine/bucket-tags.ts';
import { operation } from '../operation.ts';
import { tagElements } from '../tagging.ts';

export const listTagsForResource = operation({
  name: 'ListTagsForResource',
  supports: [],
  async run(request) {
    const tags = await readBucketTags(request.engine.buckets, request.bucket());
    return { output: { Tags: tagElements(tags) } };
  },
});
