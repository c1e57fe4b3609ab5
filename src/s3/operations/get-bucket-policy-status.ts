/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketPolicyStatus.html */
import { readBucketPolicy } from '../../engine/access-documents.ts';
import { isPublicPolicy, readStoredPolicy } from '../access/bucket-policy.ts';
import { S3Error } from '../errors.ts';
import { operation } from '../operation.ts';

export const getBucketPolicyStatus = operation({
  name: 'GetBucketPolicyStatus',
  supports: [],
  async run(request) {
    const bucket = request.bucket();
    const policy = await readBucketPolicy(request.engine.buckets, bucket);
    if (policy === undefined) throw new S3Error('NoSuchBucketPolicy', { fields: { BucketName: bucket.name } });
    return { output: { PolicyStatus: { IsPublic: isPublicPolicy(readStoredPolicy(policy)) } } };
  },
});
