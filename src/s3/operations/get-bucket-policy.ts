/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketPolicy.html */
import { readBucketPolicy } from '../../engine/access-documents.ts';
import { S3Error } from '../errors.ts';
import { operation } from '../operation.ts';

export const getBucketPolicy = operation({
  name: 'GetBucketPolicy',
  supports: [],
  async run(request) {
    const bucket = request.bucket();
    const Policy = await readBucketPolicy(request.engine.buckets, bucket);
    if (Policy === undefined) throw new S3Error('NoSuchBucketPolicy', { fields: { BucketName: bucket.name } });
    return { output: { Policy } };
  },
});
