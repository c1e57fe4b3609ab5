/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html */
import { operation } from '../operation.ts';
import { bucketArn } from '../regions.ts';

export const headBucket = operation({
  name: 'HeadBucket',
  supports: [],
  async run(request) {
    const { name, region } = request.bucket();
    return { output: { BucketArn: bucketArn(name), BucketRegion: region, AccessPointAlias: false } };
  },
});
