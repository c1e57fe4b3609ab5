/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_control_UntagResource.html */
import { changeBucketTags } from '../../engine/bucket-tags.ts';
import { operation } from '../operation.ts';

export const untagResource = operation({
  name: 'UntagResource',
  supports: ['TagKeys'],
  async run(request, { TagKeys }) {
    const removed = new Set(TagKeys);
    await changeBucketTags(request.engine.buckets, request.bucket(), (tags) =>
      tags.filter(({ key }) => !removed.has(key)),
    );
    return { output: {} };
  },
});
