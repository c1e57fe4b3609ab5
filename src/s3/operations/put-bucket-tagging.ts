/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketTagging.html */
import { writeBucketTags } from '../../engine/bucket-tags.ts';
import { operation } from '../operation.ts';
import { parseBucketTags, refuseUnderAbac } from '../tagging.ts';

export const putBucketTagging = operation({
  name: 'PutBucketTagging',
  supports: ['ChecksumAlgorithm', 'Tagging'],
  async run(request, input) {
    await refuseUnderAbac(request);
    await writeBucketTags(request.engine.buckets, request.bucket(), parseBucketTags(input.Tagging.TagSet));
    // S3 answers 204, though its model says 200.
    return { status: 204, output: {} };
  },
});
