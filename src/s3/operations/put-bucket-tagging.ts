/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketTagging.html */
import { writeBucketTags } from '../bucket-tags.ts';
import { operation } from '../operation.ts';
import { parseBucketTags } from '../tagging.ts';

export const putBucketTagging = operation({
  name: 'PutBucketTagging',
  supports: ['ChecksumAlgorithm', 'Tagging'],
  async run(request, input) {
    await writeBucketTags(request.engine, request.bucket(), parseBucketTags(input.Tagging.TagSet));
    // S3 answers 204, though its model says 200.
    return { status: 204, output: {} };
  },
});
