/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectAcl.html */
import { grantsOf } from '../../engine/access.ts';
import { bucketAclInputs, refuseBlockedAcl, requestedAcl } from '../acls.ts';
import { S3Error } from '../errors.ts';
import { checkObjectAddress, versionIdHeader } from '../object-address.ts';
import { operation } from '../operation.ts';

export const putObjectAcl = operation({
  name: 'PutObjectAcl',
  supports: [...bucketAclInputs, 'AccessControlPolicy', 'VersionId'],
  async run({ engine, findUser, ...request }, input) {
    checkObjectAddress(input);
    const bucket = request.bucket();
    const { ownership, block } = await request.accessOf(bucket);
    if (ownership === 'BucketOwnerEnforced') throw new S3Error('AccessControlListNotSupported');
    const { attributes, versionId } = await engine.objects.find(bucket, input.Key, input.VersionId);
    const { owner } = attributes;
    const acl = requestedAcl(input, { kind: 'object', owner, bucketOwner: bucket.owner, findUser });
    refuseBlockedAcl(acl, block);
    const target = { bucket, key: input.Key, versionId, cause: request.cause() };
    await engine.objects.setAcl(target, acl ?? grantsOf({ owner }));
    return { output: {}, headers: versionIdHeader(bucket, versionId) };
  },
});
