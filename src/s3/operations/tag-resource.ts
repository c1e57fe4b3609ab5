/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_control_TagResource.html */
import { changeBucketTags } from '../../engine/bucket-tags.ts';
import { operation } from '../operation.ts';
import { parseBucketTags, tagElements } from '../tagging.ts';

export const tagResource = operation({
  name: 'TagResource',
  supports: ['Tags'],
  async run(request, { Tags }) {
    const added = new Set(parseBucketTags(Tags).map(({ key }) => key));
    await changeBucketTags(request.engine.buckets, request.bucket(), (tags) => {
      const kept = tags.filter(({ key }) => !added.has(key));
      return parseBucketTags([...tagElements(kept), ...Tags]);
    });
    return { output: {} };
  },
});
