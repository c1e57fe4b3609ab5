/**
 * Whose a new object is, and what its access control list says: what the bucket's Object Ownership makes of the writer and
 * of the headers. https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html
 */
import type { ObjectAttributes } from '../engine/types.ts';
import { type AclInput, aclOfHeaders, hasGrantHeaders, refuseBlockedAcl } from './acls.ts';
import { S3Error } from './errors.ts';
import type { OperationRequest } from './operation.ts';

export type Standing = Pick<ObjectAttributes, 'owner' | 'acl'>;

/** Throws AccessControlListNotSupported, AccessDenied for a public ACL where these are blocked, and the errors of ACLs. */
export async function standingOfNewObject(request: OperationRequest, input: AclInput): Promise<Standing> {
  const bucket = request.bucket();
  const writer = request.identity.canonicalId;
  const asksForAcl = input.ACL !== undefined || hasGrantHeaders(input);
  // What the bucket's owner writes is its own, however the bucket is set.
  if (!asksForAcl && writer === bucket.owner) return { owner: writer };
  const { ownership, block } = await request.accessOf(bucket);
  if (ownership === 'BucketOwnerEnforced') {
    if (asksForAcl && !asksForOwnerOnly(input, { writer, owner: bucket.owner }))
      throw new S3Error('AccessControlListNotSupported');
    return { owner: bucket.owner };
  }
  const isHandedOver = ownership === 'BucketOwnerPreferred' && input.ACL === 'bucket-owner-full-control';
  const owner = isHandedOver ? bucket.owner : writer;
  const { findUser } = request;
  const acl = aclOfHeaders(input, { kind: 'object', owner, bucketOwner: bucket.owner, findUser });
  refuseBlockedAcl(acl, block);
  return { owner, ...(acl !== undefined && { acl }) };
}

/** Whether the list asked for is what is so where ACLs are disabled: that of a private object, if its writer owns the bucket. */
function asksForOwnerOnly(input: AclInput, { writer, owner }: { writer: string; owner: string }): boolean {
  const { ACL, GrantFullControl, ...others } = input;
  const isPrivate = ACL === 'private' && writer === owner;
  if (ACL !== undefined) return (isPrivate || ACL === 'bucket-owner-full-control') && !hasGrantHeaders(input);
  const isAlone = !hasGrantHeaders({ ...others, GrantFullControl: undefined });
  return isAlone && GrantFullControl?.replaceAll(/[\s"]/g, '') === `id=${owner}`;
}
