/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketPolicyStatus.html */
import { S3Error } from '../errors.ts';
import { operation } from '../operation.ts';

export const getBucketPolicyStatus = operation({
  name: 'GetBucketPolicyStatus',
  supports: [],
  /** As no bucket can be given a policy, none has one. */
  async run(request) {
    throw new S3Error('NoSuchBucketPolicy', { fields: { BucketName: request.bucket().name } });
  },
});
