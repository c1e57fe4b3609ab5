/**
 * Whether a request may do what it asks: a pure function over who asks, the action, and what the bucket and the object say.
 * The root of the account that owns the bucket may do everything; anybody else what a public bucket or an access control list (ACL) grants. Policies
 * of identities and buckets belong in `isAllowed` too, before the ACLs, as an explicit denial outweighs every grant.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html
 */
import type { Grant, Permission } from '../meta/records.ts';

export type ObjectOwnership = 'BucketOwnerEnforced' | 'BucketOwnerPreferred' | 'ObjectWriter';

export interface PublicAccessBlock {
  readonly blockPublicAcls: boolean;
  readonly ignorePublicAcls: boolean;
  readonly blockPublicPolicy: boolean;
  readonly restrictPublicBuckets: boolean;
}

export interface Requester {
  readonly kind: 'root' | 'user' | 'role' | 'federated' | 'anonymous';
  readonly canonicalId: string;
}

/** An owner and what it has granted; without a list the owner has FULL_CONTROL and nobody else anything. */
export interface Owned {
  /** Canonical id. */
  readonly owner: string;
  readonly acl?: readonly Grant[];
}

/** What a bucket says on access. */
export interface BucketAccess extends Owned {
  readonly ownership: ObjectOwnership;
  readonly block: PublicAccessBlock;
  /** The configuration opens the bucket for reading by anybody: a public policy in one word. */
  readonly isPublicRead: boolean;
}

export interface AccessQuestion {
  readonly requester: Requester;
  /** As policies spell it, e.g. `s3:GetObject`. */
  readonly action: string;
  readonly bucket: BucketAccess;
  /** The version that the request is about; absent where there is none, or where `needsObject` says that it is not needed. */
  readonly object?: Owned | undefined;
}

interface Need {
  readonly on: 'bucket' | 'object';
  readonly permission: Permission;
  /** Only what the requester owns. */
  readonly isOwnOnly?: true;
}

/** What an ACL must grant for an action. What is not here, no ACL grants. */
const needs: ReadonlyMap<string, Need> = new Map<string, Need>([
  ['s3:ListBucket', { on: 'bucket', permission: 'READ' }],
  ['s3:ListBucketVersions', { on: 'bucket', permission: 'READ' }],
  ['s3:ListBucketMultipartUploads', { on: 'bucket', permission: 'READ' }],
  ['s3:PutObject', { on: 'bucket', permission: 'WRITE' }],
  ['s3:DeleteObject', { on: 'bucket', permission: 'WRITE', isOwnOnly: true }],
  ['s3:GetBucketAcl', { on: 'bucket', permission: 'READ_ACP' }],
  ['s3:PutBucketAcl', { on: 'bucket', permission: 'WRITE_ACP' }],
  ['s3:GetObject', { on: 'object', permission: 'READ' }],
  ['s3:GetObjectVersion', { on: 'object', permission: 'READ' }],
  ['s3:GetObjectAcl', { on: 'object', permission: 'READ_ACP' }],
  ['s3:GetObjectVersionAcl', { on: 'object', permission: 'READ_ACP' }],
  ['s3:PutObjectAcl', { on: 'object', permission: 'WRITE_ACP' }],
  ['s3:PutObjectVersionAcl', { on: 'object', permission: 'WRITE_ACP' }],
]);

const publicReads: ReadonlySet<string> = new Set([
  's3:GetObject',
  's3:GetObjectVersion',
  's3:GetObjectAttributes',
  's3:GetObjectVersionAttributes',
  's3:ListBucket',
  's3:GetBucketLocation',
]);

/** Whether the answer depends on the object, so that it must be looked up. */
export function needsObject(question: Omit<AccessQuestion, 'object'>): boolean {
  const need = needs.get(question.action);
  if (need === undefined || (need.on === 'bucket' && need.isOwnOnly !== true)) return false;
  return !isOwner(question) && !isOpen(question) && aclsCount(question);
}

export function isAllowed(question: AccessQuestion): boolean {
  if (isOwner(question) || isOpen(question)) return true;
  const need = needs.get(question.action);
  if (need === undefined || !aclsCount(question)) return false;
  const { requester, bucket, object } = question;
  if (need.on === 'bucket') {
    if (need.isOwnOnly && object?.owner !== requester.canonicalId) return false;
    return grants(question, bucket, need.permission);
  }
  // Who may list the bucket may also know that an object is missing; to all others it is as forbidden as any.
  if (object === undefined) return isAllowed({ requester, bucket, action: 's3:ListBucket' });
  return grants(question, object, need.permission);
}

/** Whether a list grants anything to everybody or to everybody with an account: what AWS calls a public ACL. */
export function isPublicAcl(acl: readonly Grant[]): boolean {
  return acl.some(({ grantee }) => 'group' in grantee && grantee.group !== 'LogDelivery');
}

/** Whether a list says no more than what holds without one. */
export function isOwnerOnly(acl: readonly Grant[], owner: string): boolean {
  const [grant] = acl;
  if (grant === undefined || acl.length > 1 || grant.permission !== 'FULL_CONTROL') return false;
  return 'id' in grant.grantee && grant.grantee.id === owner;
}

/** The list of what is owned, spelled out where it is the default. */
export function grantsOf({ owner, acl }: Owned): readonly Grant[] {
  return acl ?? [{ grantee: { id: owner }, permission: 'FULL_CONTROL' }];
}

/** The root of the bucket's account. */
function isOwner({ requester, bucket }: AccessQuestion): boolean {
  return requester.kind === 'root' && requester.canonicalId === bucket.owner;
}

function isOpen({ action, bucket }: AccessQuestion): boolean {
  return bucket.isPublicRead && !bucket.block.restrictPublicBuckets && publicReads.has(action);
}

/** Whether ACLs have any say for this requester. Where public ones are ignored, they have none for a requester without a name. */
function aclsCount({ requester, bucket }: AccessQuestion): boolean {
  if (bucket.ownership === 'BucketOwnerEnforced') return false;
  return requester.kind !== 'anonymous' || !bucket.block.ignorePublicAcls;
}

function grants({ requester, bucket }: AccessQuestion, owned: Owned, permission: Permission): boolean {
  // An owner can always read and mend its list, whatever that says.
  if (owned.owner === requester.canonicalId && permission.endsWith('_ACP')) return true;
  return grantsOf(owned).some((grant) => {
    if (grant.permission !== permission && grant.permission !== 'FULL_CONTROL') return false;
    if ('id' in grant.grantee) return grant.grantee.id === requester.canonicalId;
    if (bucket.block.ignorePublicAcls) return false;
    return (
      grant.grantee.group === 'AllUsers' ||
      (grant.grantee.group === 'AuthenticatedUsers' && requester.kind !== 'anonymous')
    );
  });
}
