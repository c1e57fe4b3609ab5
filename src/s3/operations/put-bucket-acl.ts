/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketAcl.html */
import { writeBucketAcl } from '../../engine/access-documents.ts';
import { bucketAclInputs, refuseBlockedAcl, requestedAcl } from '../acls.ts';
import { S3Error } from '../errors.ts';
import { operation } from '../operation.ts';

export const putBucketAcl = operation({
  name: 'PutBucketAcl',
  supports: [...bucketAclInputs, 'AccessControlPolicy'],
  async run({ engine, findUser, ...request }, input) {
    const bucket = request.bucket();
    const { owner, ownership, block } = await request.accessOf(bucket);
    if (ownership === 'BucketOwnerEnforced') throw new S3Error('AccessControlListNotSupported');
    const acl = requestedAcl(input, { kind: 'bucket', owner, bucketOwner: owner, findUser });
    refuseBlockedAcl(acl, block);
    await writeBucketAcl(engine.buckets, bucket, acl);
    return { output: {} };
  },
});
