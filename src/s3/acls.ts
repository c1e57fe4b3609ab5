/**
 * Access control lists as requests give them: a canned one by name, headers with grants, or a document; one way at a time.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html
 */
import { isPublicAcl, type PublicAccessBlock } from '../engine/access.ts';
import type { Grant, Permission } from '../engine/types.ts';
import { S3Error } from './errors.ts';
import { ec2CanonicalId, type FindUser, grantAll, granteeOfElement, parseGrantHeader } from './grantees.ts';
import { invalidValue } from './model/invalid-value.ts';
import type { InputOf } from './model/types.ts';

export const bucketAclInputs = [
  'ACL',
  'GrantFullControl',
  'GrantRead',
  'GrantReadACP',
  'GrantWrite',
  'GrantWriteACP',
] as const;
/** There is nothing to write in an object, so its creation takes no grant of that. */
export const objectAclInputs = ['ACL', 'GrantFullControl', 'GrantRead', 'GrantReadACP', 'GrantWriteACP'] as const;

/** Members that set a list by headers, for an operation's `supports`. */
export type AclInput = { readonly [M in (typeof bucketAclInputs)[number]]?: string | undefined };

type AclDocument = NonNullable<InputOf<'PutBucketAcl'>['AccessControlPolicy']>;
type GrantElement = NonNullable<AclDocument['Grants']>[number];

export interface AclContext {
  readonly kind: 'bucket' | 'object';
  /** Canonical id of the owner of what the list is for. */
  readonly owner: string;
  readonly bucketOwner: string;
  readonly findUser: FindUser;
}

const grantsMax = 100;

const grantHeaders: readonly (readonly [
  member: Exclude<keyof AclInput, 'ACL'>,
  header: string,
  permission: Permission,
])[] = [
  ['GrantRead', 'x-amz-grant-read', 'READ'],
  ['GrantWrite', 'x-amz-grant-write', 'WRITE'],
  ['GrantReadACP', 'x-amz-grant-read-acp', 'READ_ACP'],
  ['GrantWriteACP', 'x-amz-grant-write-acp', 'WRITE_ACP'],
  ['GrantFullControl', 'x-amz-grant-full-control', 'FULL_CONTROL'],
];

export function hasGrantHeaders(input: AclInput): boolean {
  return grantHeaders.some(([member]) => input[member] !== undefined);
}

/** The list that the headers ask for; undefined where they ask for none, or for what holds without one. */
export function aclOfHeaders(input: AclInput, context: AclContext): readonly Grant[] | undefined {
  if (!hasGrantHeaders(input)) return input.ACL === undefined ? undefined : cannedAcl(input.ACL, context);
  if (input.ACL !== undefined) {
    throw new S3Error('InvalidRequest', { message: 'Specifying both Canned ACLs and Header Grants is not allowed' });
  }
  return limited(
    grantHeaders.flatMap(([member, header, permission]) => {
      const value = input[member];
      return value === undefined ? [] : grantAll(parseGrantHeader(header, value, context.findUser), permission);
    }),
  );
}

/** The list of a document. Throws MalformedACLError, AccessDenied for another owner, and the errors of grantees. */
export function aclOfDocument(document: AclDocument, context: AclContext): readonly Grant[] {
  const { Grants, Owner } = document;
  if (Grants === undefined || Owner?.ID === undefined) throw new S3Error('MalformedACLError');
  if (Owner.ID !== context.owner) throw new S3Error('AccessDenied');
  return limited(Grants.map((element) => grantOfElement(element, context.findUser)));
}

/**
 * The list that a request to set one gives; undefined for the default. Throws UnexpectedContent if it is given twice, and
 * MissingSecurityHeader if it is not given at all.
 */
export function requestedAcl(
  input: AclInput & { readonly AccessControlPolicy?: AclDocument | undefined },
  context: AclContext,
): readonly Grant[] | undefined {
  const { ACL, AccessControlPolicy } = input;
  const inHeaders = ACL !== undefined || hasGrantHeaders(input);
  if (AccessControlPolicy === undefined) {
    if (inHeaders) return aclOfHeaders(input, context);
    throw new S3Error('MissingSecurityHeader', { fields: { MissingHeaderName: 'x-amz-acl' } });
  }
  if (inHeaders) throw new S3Error('UnexpectedContent');
  return aclOfDocument(AccessControlPolicy, context);
}

/** Throws AccessDenied for a public list where the bucket blocks these. */
export function refuseBlockedAcl(acl: readonly Grant[] | undefined, { blockPublicAcls }: PublicAccessBlock): void {
  if (acl === undefined || !blockPublicAcls || !isPublicAcl(acl)) return;
  throw new S3Error('AccessDenied', {
    message:
      'Public access control lists (ACLs) are prevented by the BlockPublicAcls setting in S3 Block Public Access.',
  });
}

function cannedAcl(name: string, { kind, owner, bucketOwner }: AclContext): readonly Grant[] | undefined {
  const grant = (grantee: Grant['grantee'], permission: Permission): Grant => ({ grantee, permission });
  const own = grant({ id: owner }, 'FULL_CONTROL');
  switch (name) {
    case 'private':
      return undefined;
    case 'public-read':
      return [own, grant({ group: 'AllUsers' }, 'READ')];
    case 'public-read-write':
      return [own, grant({ group: 'AllUsers' }, 'READ'), grant({ group: 'AllUsers' }, 'WRITE')];
    case 'authenticated-read':
      return [own, grant({ group: 'AuthenticatedUsers' }, 'READ')];
    case 'aws-exec-read':
      return [own, grant({ id: ec2CanonicalId }, 'READ')];
    case 'log-delivery-write':
      if (kind === 'object') break;
      return [own, grant({ group: 'LogDelivery' }, 'WRITE'), grant({ group: 'LogDelivery' }, 'READ_ACP')];
    case 'bucket-owner-read':
    case 'bucket-owner-full-control':
      // S3 ignores both on a bucket; on an object of the bucket's owner they say what is so anyway.
      if (kind === 'bucket' || owner === bucketOwner) return undefined;
      return [own, grant({ id: bucketOwner }, name === 'bucket-owner-read' ? 'READ' : 'FULL_CONTROL')];
  }
  throw invalidValue('x-amz-acl', name);
}

function grantOfElement({ Grantee, Permission }: GrantElement, findUser: FindUser): Grant {
  const grantee = Grantee && granteeOfElement(Grantee, findUser);
  if (grantee === undefined || Permission === undefined) throw new S3Error('MalformedACLError');
  return { grantee, permission: Permission };
}

function limited(acl: readonly Grant[]): readonly Grant[] {
  if (acl.length <= grantsMax) return acl;
  throw new S3Error('MalformedACLError', { message: `An access control list may have at most ${grantsMax} grants` });
}
