import { describe, expect, test } from 'vitest';
import type { Grant, Permission } from '../meta/records.ts';
import {
  type AccessQuestion,
  type BucketAccess,
  isGrantedByAcl,
  isOwnerOnly,
  isPublicAcl,
  needsObject,
} from './access.ts';

const nobody = { kind: 'anonymous', canonicalId: 'nobody' } as const;
const everybody = (permission: Permission): Grant => ({ grantee: { group: 'AllUsers' }, permission });
const user = (id: string, permission: Permission): Grant => ({ grantee: { id }, permission });

const open = {
  blockPublicAcls: false,
  ignorePublicAcls: false,
  blockPublicPolicy: false,
  restrictPublicBuckets: false,
};
const bucket: BucketAccess = {
  owner: 'owner',
  ownership: 'ObjectWriter',
  block: open,
  isPublicRead: false,
  requesterPays: false,
};
const object = { owner: 'owner' };

const ask = (action: string, more: Partial<AccessQuestion> = {}): boolean =>
  isGrantedByAcl({ requester: nobody, action, bucket, object, ...more });

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html#acl-access-policy-permission-mapping */
const mapping: readonly (readonly [on: 'bucket' | 'object', permission: Permission, actions: readonly string[]])[] = [
  ['bucket', 'READ', ['s3:ListBucket', 's3:ListBucketVersions', 's3:ListBucketMultipartUploads']],
  ['bucket', 'WRITE', ['s3:PutObject']],
  ['bucket', 'READ_ACP', ['s3:GetBucketAcl']],
  ['bucket', 'WRITE_ACP', ['s3:PutBucketAcl']],
  ['object', 'READ', ['s3:GetObject', 's3:GetObjectVersion']],
  ['object', 'READ_ACP', ['s3:GetObjectAcl', 's3:GetObjectVersionAcl']],
  ['object', 'WRITE_ACP', ['s3:PutObjectAcl', 's3:PutObjectVersionAcl']],
];
const everyAction = mapping.flatMap(([, , actions]) => actions);
const grantedBy = (more: Partial<AccessQuestion>): readonly string[] =>
  everyAction.filter((action) => ask(action, more));

describe('what an ACL grants to everybody', () => {
  test.for(mapping)('%s: %s → %j and nothing else', ([on, permission, actions]) => {
    const acl = [everybody(permission)];
    const more = on === 'bucket' ? { bucket: { ...bucket, acl } } : { object: { ...object, acl } };
    expect(grantedBy(more)).toEqual(actions);
  });

  test.for(['bucket', 'object'] as const)('%s: FULL_CONTROL → all of it', (on) => {
    const acl = [everybody('FULL_CONTROL')];
    const more = on === 'bucket' ? { bucket: { ...bucket, acl } } : { object: { ...object, acl } };
    expect(grantedBy(more)).toEqual(mapping.filter(([where]) => where === on).flatMap(([, , actions]) => actions));
  });

  test('no list, an empty one, or one for others → nothing', () => {
    const others = [
      user('another', 'FULL_CONTROL'),
      { grantee: { group: 'AuthenticatedUsers' }, permission: 'FULL_CONTROL' },
      { grantee: { group: 'LogDelivery' }, permission: 'FULL_CONTROL' },
    ] as const;
    for (const acl of [undefined, [], others]) {
      const listed = acl === undefined ? {} : { acl };
      expect(grantedBy({ bucket: { ...bucket, ...listed }, object: { ...object, ...listed } })).toEqual([]);
    }
  });

  test('actions that no ACL grants → refused', () => {
    const acl = [everybody('FULL_CONTROL')];
    const more = { bucket: { ...bucket, acl }, object: { ...object, acl } };
    for (const action of [
      's3:DeleteBucket',
      's3:DeleteObjectVersion',
      's3:GetObjectTagging',
      's3:GetObjectAttributes',
    ]) {
      expect(ask(action, more), action).toBe(false);
    }
  });
});

describe('owners', () => {
  const own = { owner: 'nobody' };

  test('of an object without a list → everything on it', () => {
    expect(ask('s3:GetObject', { object: own })).toBe(true);
    expect(ask('s3:PutObjectAcl', { object: own })).toBe(true);
  });

  test('of an object whose list is empty → the list alone', () => {
    expect(ask('s3:GetObject', { object: { ...own, acl: [] } })).toBe(false);
    expect(ask('s3:GetObjectAcl', { object: { ...own, acl: [] } })).toBe(true);
  });

  test('deleting → what is own, where the bucket may be written', () => {
    const writable = { ...bucket, acl: [everybody('WRITE')] };
    expect(ask('s3:DeleteObject', { bucket: writable, object: own })).toBe(true);
    expect(ask('s3:DeleteObject', { bucket: writable })).toBe(false);
    expect(ask('s3:DeleteObject', { object: own })).toBe(false);
  });
});

test('an object that is missing → known to those who may list', () => {
  expect(ask('s3:GetObject', { object: undefined })).toBe(false);
  expect(ask('s3:GetObject', { object: undefined, bucket: { ...bucket, acl: [everybody('READ')] } })).toBe(true);
});

test.for([
  ['BucketOwnerEnforced', { ownership: 'BucketOwnerEnforced' }],
  ['IgnorePublicAcls', { block: { ...open, ignorePublicAcls: true } }],
] as const)('%s → no ACL counts, nor an own object', ([, change]) => {
  const acl = [everybody('FULL_CONTROL'), user('nobody', 'FULL_CONTROL')];
  const changed = { ...bucket, ...change, acl };
  expect(grantedBy({ bucket: changed, object: { owner: 'nobody', acl } })).toEqual([]);
  expect(needsObject({ requester: nobody, action: 's3:GetObject', bucket: changed })).toBe(false);
});

test('BlockPublicAcls → what was granted before still counts', () => {
  const block = { ...open, blockPublicAcls: true };
  expect(ask('s3:ListBucket', { bucket: { ...bucket, block, acl: [everybody('READ')] } })).toBe(true);
});

test('public ACL → one for everybody or all accounts; owner only → the default, spelled out', () => {
  expect(isPublicAcl([user('a', 'READ'), everybody('READ')])).toBe(true);
  expect(isPublicAcl([{ grantee: { group: 'AuthenticatedUsers' }, permission: 'READ' }])).toBe(true);
  expect(isPublicAcl([user('a', 'READ'), { grantee: { group: 'LogDelivery' }, permission: 'WRITE' }])).toBe(false);
  expect(isOwnerOnly([user('a', 'FULL_CONTROL')], 'a')).toBe(true);
  expect(isOwnerOnly([user('a', 'READ')], 'a')).toBe(false);
  expect(isOwnerOnly([user('b', 'FULL_CONTROL')], 'a')).toBe(false);
  expect(isOwnerOnly([user('a', 'FULL_CONTROL'), everybody('READ')], 'a')).toBe(false);
});
