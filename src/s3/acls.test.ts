import { describe, expect, test } from 'vitest';
import { canonicalIdOf } from '../iam/names.ts';
import { type AclContext, aclOfHeaders, requestedAcl } from './acls.ts';
import { grantElements } from './grantees.ts';

/** Short ids are known, and one number and one address. */
const findUser: AclContext['findUser'] = (named) => {
  if ('email' in named) return named.email === 'known@b.c' ? 'you' : undefined;
  return named.id === '123456789012' ? 'you' : named.id.length < 5 ? named.id : undefined;
};
const context: AclContext = { kind: 'object', owner: 'me', bucketOwner: 'host', findUser };
const me = { grantee: { id: 'me' }, permission: 'FULL_CONTROL' };
const allUsers = 'http://acs.amazonaws.com/groups/global/AllUsers';
const refused = (code: string, fields: Record<string, string> = {}) => expect.objectContaining({ code, fields });
const Owner = { ID: 'me' };

describe('canned ACLs', () => {
  test.for([
    ['private', undefined],
    ['public-read', [me, { grantee: { group: 'AllUsers' }, permission: 'READ' }]],
    ['authenticated-read', [me, { grantee: { group: 'AuthenticatedUsers' }, permission: 'READ' }]],
    ['bucket-owner-read', [me, { grantee: { id: 'host' }, permission: 'READ' }]],
    ['bucket-owner-full-control', [me, { grantee: { id: 'host' }, permission: 'FULL_CONTROL' }]],
    ['aws-exec-read', [me, { grantee: { id: expect.stringMatching(/^[0-9a-f]{64}$/) }, permission: 'READ' }]],
  ] as const)('%s on an object → its grants', ([ACL, grants]) => {
    expect(aclOfHeaders({ ACL }, context)).toEqual(grants);
  });

  test('for the bucket owner, on its own object or on a bucket → nothing beyond the default', () => {
    for (const ACL of ['bucket-owner-read', 'bucket-owner-full-control']) {
      expect(aclOfHeaders({ ACL }, { ...context, owner: 'host' })).toBeUndefined();
      expect(aclOfHeaders({ ACL }, { ...context, kind: 'bucket' })).toBeUndefined();
    }
  });

  test('log-delivery-write → on a bucket alone', () => {
    const grantee = { group: 'LogDelivery' };
    const grants = [me, { grantee, permission: 'WRITE' }, { grantee, permission: 'READ_ACP' }];
    expect(aclOfHeaders({ ACL: 'log-delivery-write' }, { ...context, kind: 'bucket' })).toEqual(grants);
    expect(() => aclOfHeaders({ ACL: 'log-delivery-write' }, context)).toThrow(
      refused('InvalidArgument', { ArgumentName: 'x-amz-acl', ArgumentValue: 'log-delivery-write' }),
    );
  });
});

describe('grants in headers', () => {
  test('ids and groups, quoted or not, several of each → grants of that header, and none for the owner', () => {
    const acl = aclOfHeaders({ GrantRead: ` ID=a , uri="${allUsers}"`, GrantFullControl: 'id="b",id="c"' }, context);
    expect(acl).toEqual([
      { grantee: { id: 'a' }, permission: 'READ' },
      { grantee: { group: 'AllUsers' }, permission: 'READ' },
      { grantee: { id: 'b' }, permission: 'FULL_CONTROL' },
      { grantee: { id: 'c' }, permission: 'FULL_CONTROL' },
    ]);
  });

  test.for(['emailAddress="known@b.c"', 'id="123456789012"'])('%s of an account → its canonical id', (GrantRead) => {
    expect(aclOfHeaders({ GrantRead }, context)).toEqual([{ grantee: { id: 'you' }, permission: 'READ' }]);
  });

  test.for([
    ['id="stranger"', refused('InvalidArgument', { ArgumentName: 'CanonicalUser/ID', ArgumentValue: 'stranger' })],
    ['uri="http://x/"', refused('InvalidArgument', { ArgumentName: 'Group/URI', ArgumentValue: 'http://x/' })],
    ['emailAddress="a@b.c"', refused('UnresolvableGrantByEmailAddress', { Email: 'a@b.c' })],
    ...['', 'a', 'id="a', 'id="a",', 'name="a"', 'id="a" id="b"'].map(
      (value) =>
        [value, refused('InvalidArgument', { ArgumentName: 'x-amz-grant-read', ArgumentValue: value })] as const,
    ),
  ] as const)('%s → refused', ([GrantRead, error]) => {
    expect(() => aclOfHeaders({ GrantRead }, context)).toThrow(error);
  });

  test('beside a canned ACL → InvalidRequest', () => {
    expect(() => aclOfHeaders({ ACL: 'private', GrantRead: 'id=a' }, context)).toThrow(refused('InvalidRequest'));
  });
});

describe('documents', () => {
  const grant = (Grantee: object, Permission = 'READ') => ({ Grantee, Permission }) as never;

  test('users and groups → grants in their order; none at all → an empty list', () => {
    const Grants = [grant({ Type: 'Group', URI: allUsers }), grant({ Type: 'CanonicalUser', ID: 'a' }, 'WRITE_ACP')];
    expect(requestedAcl({ AccessControlPolicy: { Owner, Grants } }, context)).toEqual([
      { grantee: { group: 'AllUsers' }, permission: 'READ' },
      { grantee: { id: 'a' }, permission: 'WRITE_ACP' },
    ]);
    expect(requestedAcl({ AccessControlPolicy: { Owner, Grants: [] } }, context)).toEqual([]);
  });

  test.for([
    ['another owner', { Owner: { ID: 'you' }, Grants: [] }, 'AccessDenied'],
    ['no owner', { Grants: [] }, 'MalformedACLError'],
    ['no list', { Owner }, 'MalformedACLError'],
    ['no grantee', { Owner, Grants: [{ Permission: 'READ' }] }, 'MalformedACLError'],
    ['no permission', { Owner, Grants: [{ Grantee: { Type: 'CanonicalUser', ID: 'a' } }] }, 'MalformedACLError'],
    ['a user by URI', { Owner, Grants: [grant({ Type: 'CanonicalUser', URI: allUsers })] }, 'MalformedACLError'],
    ['a group by id', { Owner, Grants: [grant({ Type: 'Group', ID: 'a' })] }, 'MalformedACLError'],
    ['an unknown user', { Owner, Grants: [grant({ Type: 'CanonicalUser', ID: 'stranger' })] }, 'InvalidArgument'],
    ['an unknown group', { Owner, Grants: [grant({ Type: 'Group', URI: 'x' })] }, 'InvalidArgument'],
    [
      'an e-mail address',
      { Owner, Grants: [grant({ Type: 'AmazonCustomerByEmail', EmailAddress: 'a@b.c' })] },
      'UnresolvableGrantByEmailAddress',
    ],
  ] as const)('%s → %3$s', ([, document, code]) => {
    const AccessControlPolicy = document as never;
    expect(() => requestedAcl({ AccessControlPolicy }, context)).toThrow(expect.objectContaining({ code }));
  });

  test('a hundred grants → taken; one more → MalformedACLError', () => {
    const of = (count: number) => Array.from({ length: count }, () => grant({ Type: 'CanonicalUser', ID: 'a' }));
    const hundred = requestedAcl({ AccessControlPolicy: { Owner, Grants: of(100) } }, context);
    expect(hundred).toHaveLength(100);
    expect(() => requestedAcl({ AccessControlPolicy: { Owner, Grants: of(101) } }, context)).toThrow(
      refused('MalformedACLError'),
    );
  });

  test('with headers too → UnexpectedContent; neither → MissingSecurityHeader', () => {
    const AccessControlPolicy = { Owner, Grants: [] };
    expect(() => requestedAcl({ AccessControlPolicy, ACL: 'private' }, context)).toThrow(refused('UnexpectedContent'));
    expect(() => requestedAcl({ AccessControlPolicy, GrantRead: 'id=a' }, context)).toThrow(
      refused('UnexpectedContent'),
    );
    expect(() => requestedAcl({}, context)).toThrow(
      refused('MissingSecurityHeader', { MissingHeaderName: 'x-amz-acl' }),
    );
  });
});

test('elements of a list → groups first, names where they are known', () => {
  const canonicalId = canonicalIdOf('000000000000');
  const nameOf = (id: string) => (id === canonicalId ? 'root' : undefined);
  const acl = [
    { grantee: { id: canonicalId }, permission: 'FULL_CONTROL' },
    { grantee: { id: 'a' }, permission: 'READ' },
    { grantee: { group: 'LogDelivery' }, permission: 'WRITE' },
  ] as const;
  expect(grantElements(nameOf, acl)).toEqual([
    { Grantee: { Type: 'Group', URI: 'http://acs.amazonaws.com/groups/s3/LogDelivery' }, Permission: 'WRITE' },
    { Grantee: { Type: 'CanonicalUser', ID: canonicalId, DisplayName: 'root' }, Permission: 'FULL_CONTROL' },
    { Grantee: { Type: 'CanonicalUser', ID: 'a' }, Permission: 'READ' },
  ]);
});
