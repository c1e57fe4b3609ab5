/**
 * Whose a new object is, and what its access control list says: what the bucket's Object Ownership makes of the writer and
 * of the headers. https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html
 */
import { readBucketAccess } from '../engine/access-documents.ts';
import type { ObjectAttributes } from '../engine/types.ts';
import { type AclInput, aclOfHeaders, hasGrantHeaders, refuseBlockedAcl } from './acls.ts';
import { S3Error } from './errors.ts';
import type { OperationRequest } from './operation.ts';

export type Standing = Pick<ObjectAttributes, 'owner' | 'acl'>;

/** Canned ACLs that ask for what is so where ACLs are disabled. */
const harmlessAcls: readonly string[] = ['private', 'bucket-owner-full-control'];

/** Throws AccessControlListNotSupported, AccessDenied for a public ACL where these are blocked, and the errors of ACLs. */
export async function standingOfNewObject(request: OperationRequest, input: AclInput): Promise<Standing> {
  const bucket = request.bucket();
  const writer = request.identity.canonicalId;
  const asksForAcl = input.ACL !== undefined || hasGrantHeaders(input);
  // What the bucket's owner writes is its own, however the bucket is set.
  if (!asksForAcl && writer === bucket.owner) return { owner: writer };
  const { ownership, block } = await readBucketAccess(request.engine.buckets, bucket);
  if (ownership === 'BucketOwnerEnforced') {
    if (asksForAcl && !asksForOwnerOnly(input, bucket.owner)) throw new S3Error('AccessControlListNotSupported');
    return { owner: bucket.owner };
  }
  const isHandedOver = ownership === 'BucketOwnerPreferred' && input.ACL === 'bucket-owner-full-control';
  const owner = isHandedOver ? bucket.owner : writer;
  const { findUser } = request;
  const acl = aclOfHeaders(input, { kind: 'object', owner, bucketOwner: bucket.owner, findUser });
  refuseBlockedAcl(acl, block);
  return { owner, ...(acl !== undefined && { acl }) };
}

function asksForOwnerOnly(input: AclInput, bucketOwner: string): boolean {
  const { ACL, GrantFullControl, ...others } = input;
  if (ACL !== undefined) return harmlessAcls.includes(ACL) && !hasGrantHeaders(input);
  const isAlone = !hasGrantHeaders({ ...others, GrantFullControl: undefined });
  return isAlone && GrantFullControl?.replaceAll(/[\s"]/g, '') === `id=${bucketOwner}`;
}
