/**
 * Who may be granted something, as headers and documents name them.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html#specifying-grantee
 */
import type { Grant, Grantee, GranteeGroup, Permission } from '../engine/types.ts';
import { anonymous } from '../iam/identity.ts';
import { S3Error } from './errors.ts';
import type { OutputOf } from './model/types.ts';
import { type NameOf, ownerElement } from './owners.ts';

type GrantElement = NonNullable<OutputOf<'GetBucketAcl'>['Grants']>[number];

/** Amazon EC2's own user, whom the canned ACL `aws-exec-read` lets read machine images. */
export const ec2CanonicalId = '6aa5a366c34c1cbe25dc49211496e913e0351eb0e8c37aa3477e40942ec6b97c';

const groupUris: Readonly<Record<GranteeGroup, string>> = {
  AllUsers: 'http://acs.amazonaws.com/groups/global/AllUsers',
  AuthenticatedUsers: 'http://acs.amazonaws.com/groups/global/AuthenticatedUsers',
  LogDelivery: 'http://acs.amazonaws.com/groups/s3/LogDelivery',
};
const groups: ReadonlyMap<string, GranteeGroup> = new Map([
  [groupUris.AllUsers, 'AllUsers'],
  [groupUris.AuthenticatedUsers, 'AuthenticatedUsers'],
  [groupUris.LogDelivery, 'LogDelivery'],
]);

/** Canonical id of an account by what it is named by: its canonical id or its number, or its e-mail address. */
export type FindUser = (named: { readonly id: string } | { readonly email: string }) => string | undefined;

/** A user by its canonical id; the number of an account here is taken for its id too. Throws InvalidArgument if there is none. */
function userGrantee(id: string, findUser: FindUser): Grantee {
  const found = findUser({ id });
  if (found !== undefined) return { id: found };
  if (id === anonymous.canonicalId || id === ec2CanonicalId) return { id };
  throw new S3Error('InvalidArgument', {
    message: 'Invalid id',
    fields: { ArgumentName: 'CanonicalUser/ID', ArgumentValue: id },
  });
}

/** A group by its URI. Throws InvalidArgument if there is none. */
function groupGrantee(uri: string): Grantee {
  const group = groups.get(uri);
  if (group !== undefined) return { group };
  throw new S3Error('InvalidArgument', {
    message: 'Invalid group uri',
    fields: { ArgumentName: 'Group/URI', ArgumentValue: uri },
  });
}

/** The account of an e-mail address. Throws UnresolvableGrantByEmailAddress if there is none. */
function emailGrantee(address: string, findUser: FindUser): Grantee {
  const id = findUser({ email: address });
  if (id === undefined) throw new S3Error('UnresolvableGrantByEmailAddress', { fields: { Email: address } });
  return { id };
}

/** A grantee of a document; undefined where it names none. Throws InvalidArgument, UnresolvableGrantByEmailAddress. */
export function granteeOfElement(
  { Type, ID, URI, EmailAddress }: NonNullable<GrantElement['Grantee']>,
  findUser: FindUser,
): Grantee | undefined {
  if (Type === 'CanonicalUser' && ID !== undefined) return userGrantee(ID, findUser);
  if (Type === 'Group' && URI !== undefined) return groupGrantee(URI);
  if (Type === 'AmazonCustomerByEmail' && EmailAddress !== undefined) return emailGrantee(EmailAddress, findUser);
  return undefined;
}

/** Grantees of a header such as `id="…", uri="…"`. Throws InvalidArgument, UnresolvableGrantByEmailAddress. */
export function parseGrantHeader(name: string, value: string, findUser: FindUser): Grantee[] {
  return value.split(',').map((entry) => {
    const [, kind = '', quoted, bare] = /^\s*(\w+)\s*=\s*(?:"([^"]*)"|([^"\s]*))\s*$/.exec(entry) ?? [];
    const named = quoted ?? bare ?? '';
    const form = kind.toLowerCase();
    if (form === 'id') return userGrantee(named, findUser);
    if (form === 'uri') return groupGrantee(named);
    if (form === 'emailaddress') return emailGrantee(named, findUser);
    throw new S3Error('InvalidArgument', {
      message: 'Argument format not recognized',
      fields: { ArgumentName: name, ArgumentValue: value },
    });
  });
}

/** A list as documents carry it, with the names that are known. Groups stand first; the order means nothing to S3. */
export function grantElements(nameOf: NameOf, acl: readonly Grant[]): GrantElement[] {
  const groupsFirst = acl.toSorted((a, b) => Number('id' in a.grantee) - Number('id' in b.grantee));
  return groupsFirst.map(({ grantee, permission }) => ({
    Grantee: granteeElement(nameOf, grantee),
    Permission: permission,
  }));
}

/** A grantee as documents carry it. */
export function granteeElement(nameOf: NameOf, grantee: Grantee): GrantElement['Grantee'] {
  if ('group' in grantee) return { Type: 'Group', URI: groupUris[grantee.group] };
  return { Type: 'CanonicalUser', ...ownerElement(nameOf, grantee.id) };
}

/** The same permission for each of several. */
export function grantAll(grantees: readonly Grantee[], permission: Permission): Grant[] {
  return grantees.map((grantee) => ({ grantee, permission }));
}
