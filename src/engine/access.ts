/**
 * What access control lists grant: a pure function over who asks, the action, and what the bucket and the object say. Lists
 * only ever grant; the decision, in which policies have their say, is made in `s3/access/gate.ts`.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html
 */
import type { Grant, Permission, Tag } from '../meta/records.ts';

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
  /** Accounts that do not own the bucket pay for what they ask of it. */
  readonly requesterPays: boolean;
  /** The bucket's policy, as it was given. */
  readonly policy?: string;
  /** The bucket's tags, where policies may ask for them. */
  readonly tags?: readonly Tag[];
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

/** Whether the answer depends on the object, so that it must be looked up. */
export function needsObject(question: Omit<AccessQuestion, 'object'>): boolean {
  const need = needs.get(question.action);
  if (need === undefined || (need.on === 'bucket' && need.isOwnOnly !== true)) return false;
  return aclsCount(question);
}

export function isGrantedByAcl(question: AccessQuestion): boolean {
  const need = needs.get(question.action);
  if (need === undefined || !aclsCount(question)) return false;
  const { requester, bucket, object } = question;
  if (need.on === 'bucket') {
    if (need.isOwnOnly && object?.owner !== requester.canonicalId) return false;
    return grants(question, bucket, need.permission);
  }
  // Who may list the bucket may also know that an object is missing; to all others it is as forbidden as any.
  if (object === undefined) return isGrantedByAcl({ requester, bucket, action: 's3:ListBucket' });
  return grants(question, object, need.permission);
}

/** Whether a list grants anything to everybody or to everybody with an account: what AWS calls a public ACL. */
export function isPublicAcl(acl: readonly Grant[]): boolean {
  return acl.some(({ grantee }) => 'group' in grantee && grantee.group !== 'LogDelivery');
}

/** What either of two blocks forbids. */
export function stricterBlock(one: PublicAccessBlock, other: PublicAccessBlock): PublicAccessBlock {
  return {
    blockPublicAcls: one.blockPublicAcls || other.blockPublicAcls,
    ignorePublicAcls: one.ignorePublicAcls || other.ignorePublicAcls,
    blockPublicPolicy: one.blockPublicPolicy || other.blockPublicPolicy,
    restrictPublicBuckets: one.restrictPublicBuckets || other.restrictPublicBuckets,
  };
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
