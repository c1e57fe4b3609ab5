/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketTagging.html */
import { readBucketTags } from '../../engine/bucket-tags.ts';
import { S3Error } from '../errors.ts';
import { operation } from '../operation.ts';
import { tagElements } from '../tagging.ts';

export const getBucketTagging = operation({
  name: 'GetBucketTagging',
  supports: [],
  async run(request) {
    const bucket = request.bucket();
    const tags = await readBucketTags(request.engine.buckets, bucket);
    if (tags.length === 0) throw new S3Error('NoSuchTagSet', { fields: { BucketName: bucket.name } });
    return { output: { TagSet: tagElements(tags) } };
  },
});
