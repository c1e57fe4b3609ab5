/** The values of condition keys, by what a request is. */
import { describe, expect, test } from 'vitest';
import { anonymous, type Identity } from '../../iam/identity.ts';
import { conditionKey } from '../../iam/policy/context.ts';
import { type RequestFacts, requestContext, type Subject } from './request-context.ts';

const user: Identity = {
  kind: 'user',
  canonicalId: 'c',
  displayName: 'd',
  accountId: '123456789012',
  arn: 'arn:aws:iam::123456789012:user/ann',
  userId: 'AIDAX',
  name: 'ann',
  tags: [{ key: 'Team', value: 'blue' }],
};
const role: Identity = {
  ...user,
  kind: 'role',
  arn: 'arn:aws:sts::123456789012:assumed-role/r/s',
  roleArn: 'arn:aws:iam::123456789012:role/p/r',
  userId: 'AROAX:s',
  name: 'r',
  session: { issuedMs: 0, expiresMs: 1, tags: [], sourceIdentity: 'ann' },
};

interface Given {
  readonly facts?: Partial<RequestFacts>;
  readonly subject?: Partial<Subject>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
}
const ask = (key: string, action: string, { facts, subject, headers = {}, query = {} }: Given = {}) =>
  requestContext(
    {
      requestId: 'r',
      identity: user,
      header: (name) => headers[name],
      query: (name) => query[name],
      nowMs: Date.UTC(2026, 0, 2, 3, 4, 5),
      sourceIp: '198.51.100.7',
      isSecure: false,
      tlsVersion: undefined,
      signature: { mode: 'header', version: 'AWS4-HMAC-SHA256', signedMs: Date.UTC(2026, 0, 2, 3, 4, 0) },
      region: 'eu-west-1',
      ...facts,
    },
    { action: `s3:${action}`, resourceAccountId: '111111111111', ...subject },
  )(conditionKey(key));

/** Says only when it expires. */
const presignedV2 = { mode: 'presigned', version: 'AWS', signedMs: undefined } as const;

type Case = readonly [key: string, action: string, given: Given, value: unknown];
const cases: readonly Case[] = [
  ['s3:prefix', 'ListBucket', { query: { prefix: 'a' } }, 'a'],
  ['s3:prefix', 'ListBucket', { query: { prefix: 'a' }, subject: { prefix: 'b' } }, 'b'],
  ['s3:prefix', 'ListBucket', {}, undefined],
  ['s3:prefix', 'GetObject', { query: { prefix: 'a' } }, undefined],
  ['s3:delimiter', 'ListBucketVersions', { query: { delimiter: '/' } }, '/'],
  ['s3:max-keys', 'ListBucket', { query: { 'max-keys': '10' } }, '10'],
  ['s3:VersionId', 'GetObjectVersion', { subject: { versionId: 'v' } }, 'v'],
  ['s3:VersionId', 'GetObject', { subject: { versionId: 'v' } }, undefined],
  ['s3:x-amz-acl', 'PutObject', { headers: { 'x-amz-acl': 'private' } }, 'private'],
  ['s3:x-amz-acl', 'GetObject', { headers: { 'x-amz-acl': 'private' } }, undefined],
  ['s3:x-amz-storage-class', 'PutObject', { headers: { 'x-amz-storage-class': 'GLACIER' } }, 'GLACIER'],
  ['s3:x-amz-server-side-encryption', 'PutObject', { headers: { 'x-amz-server-side-encryption': 'AES256' } }, 'AES256'],
  ['s3:x-amz-metadata-directive', 'PutObject', { headers: { 'x-amz-metadata-directive': 'COPY' } }, 'COPY'],
  ['s3:x-amz-copy-source', 'PutObject', { headers: { 'x-amz-copy-source': '/b/a%20b' } }, 'b/a b'],
  ['s3:if-none-match', 'PutObject', { headers: { 'if-none-match': '*' } }, '*'],
  ['s3:if-match', 'DeleteObject', { headers: { 'if-match': '"e"' } }, '"e"'],
  ['s3:object-lock-mode', 'PutObject', { headers: { 'x-amz-object-lock-mode': 'GOVERNANCE' } }, 'GOVERNANCE'],
  ['s3:object-lock-legal-hold', 'PutObject', { headers: { 'x-amz-object-lock-legal-hold': 'ON' } }, 'ON'],
  [
    's3:object-lock-remaining-retention-days',
    'PutObject',
    { headers: { 'x-amz-object-lock-retain-until-date': '2026-01-12T03:04:05Z' } },
    '10',
  ],
  ['s3:object-lock-remaining-retention-days', 'PutObject', {}, undefined],
  ['s3:object-lock-mode', 'PutObjectRetention', { subject: { lock: { mode: 'COMPLIANCE' } } }, 'COMPLIANCE'],
  [
    's3:object-lock-retain-until-date',
    'PutObjectRetention',
    { subject: { lock: { retainUntil: '2026-01-12T03:04:05.000Z' } } },
    '2026-01-12T03:04:05.000Z',
  ],
  [
    's3:object-lock-remaining-retention-days',
    'PutObjectRetention',
    { subject: { lock: { retainUntil: '2026-01-12T03:04:05.000Z' } } },
    '10',
  ],
  ['s3:object-lock-legal-hold', 'PutObjectLegalHold', { subject: { lock: { legalHold: 'OFF' } } }, 'OFF'],
  ['s3:object-lock-event-hold', 'PutObject', { headers: { 'x-amz-object-lock-event-hold': 'ON' } }, 'ON'],
  [
    's3:object-lock-event-hold-duration-days',
    'PutObject',
    { headers: { 'x-amz-object-lock-event-hold-duration-years': '2' } },
    '730',
  ],
  ['s3:ObjectCreationOperation', 'PutObject', {}, 'true'],
  ['s3:ObjectCreationOperation', 'PutObject', { query: { uploads: '' } }, 'false'],
  ['s3:ObjectCreationOperation', 'PutObject', { query: { partNumber: '1', uploadId: 'u' } }, 'false'],
  ['s3:ExistingObjectTag/a', 'GetObject', { subject: { existingTags: [{ key: 'a', value: 'b' }] } }, 'b'],
  ['s3:ExistingObjectTag/A', 'GetObject', { subject: { existingTags: [{ key: 'a', value: 'b' }] } }, undefined],
  ['s3:ExistingObjectTag/a', 'PutObject', { subject: { existingTags: [{ key: 'a', value: 'b' }] } }, undefined],
  ['s3:RequestObjectTag/a b', 'PutObject', { headers: { 'x-amz-tagging': 'c=d&a%20b=e=f' } }, 'e=f'],
  ['s3:RequestObjectTag/a', 'PutObject', { headers: { 'x-amz-tagging': 'c=d' } }, undefined],
  ['s3:RequestObjectTag/a', 'PutObjectTagging', { subject: { requestTags: [{ key: 'a', value: 'b' }] } }, 'b'],
  ['s3:RequestObjectTagKeys', 'PutObject', { headers: { 'x-amz-tagging': 'c=d&e=f' } }, ['c', 'e']],
  ['s3:RequestObjectTagKeys', 'PutObject', {}, undefined],
  ['s3:locationconstraint', 'CreateBucket', { subject: { locationConstraint: 'eu-west-1' } }, 'eu-west-1'],
  ['aws:RequestTag/A', 'CreateBucket', { subject: { requestTags: [{ key: 'a', value: 'b' }] } }, 'b'],
  ['aws:TagKeys', 'CreateBucket', { subject: { requestTags: [{ key: 'a', value: 'b' }] } }, ['a']],
  ['s3:ResourceAccount', 'GetObject', {}, '111111111111'],
  ['aws:ResourceAccount', 'GetObject', {}, '111111111111'],
  ['s3:TlsVersion', 'GetObject', { facts: { tlsVersion: 'TLSv1.3' } }, '1.3'],
  ['s3:TlsVersion', 'GetObject', {}, undefined],
  ['aws:SecureTransport', 'GetObject', { facts: { isSecure: true } }, 'true'],
  ['aws:SecureTransport', 'GetObject', {}, 'false'],
  ['s3:authType', 'GetObject', {}, 'REST-HEADER'],
  ['s3:authType', 'GetObject', { facts: { signature: presignedV2 } }, 'REST-QUERY-STRING'],
  ['s3:authType', 'GetObject', { facts: { signature: undefined } }, undefined],
  ['s3:signatureversion', 'GetObject', {}, 'AWS4-HMAC-SHA256'],
  ['s3:signatureversion', 'GetObject', { facts: { signature: presignedV2 } }, 'AWS'],
  ['s3:signatureAge', 'GetObject', {}, '5000'],
  ['s3:signatureAge', 'GetObject', { facts: { signature: presignedV2 } }, undefined],
  ['aws:SourceIp', 'GetObject', {}, '198.51.100.7'],
  ['aws:CurrentTime', 'GetObject', {}, '2026-01-02T03:04:05.000Z'],
  ['aws:EpochTime', 'GetObject', {}, '1767323045'],
  ['aws:UserAgent', 'GetObject', { headers: { 'user-agent': 'me' } }, 'me'],
  ['aws:Referer', 'GetObject', { headers: { referer: 'https://a.example/' } }, 'https://a.example/'],
  ['aws:RequestedRegion', 'GetObject', {}, 'eu-west-1'],
  ['aws:ViaAWSService', 'GetObject', {}, 'false'],
  ['aws:SourceVpc', 'GetObject', {}, undefined],
];

describe('a key', () => {
  test.for(cases)('%s of %s %j → %j', ([key, action, given, value]) => {
    expect(ask(key, action, given)).toEqual(value);
  });
});

const callers: readonly (readonly [key: string, ofUser: unknown, ofRole: unknown, ofNobody: unknown])[] = [
  ['aws:PrincipalArn', user.arn, role.roleArn, undefined],
  ['aws:PrincipalAccount', '123456789012', '123456789012', undefined],
  ['aws:PrincipalType', 'User', 'AssumedRole', 'Anonymous'],
  ['aws:PrincipalTag/team', 'blue', 'blue', undefined],
  ['aws:userid', 'AIDAX', 'AROAX:s', 'anonymous'],
  ['aws:username', 'ann', undefined, undefined],
  ['aws:TokenIssueTime', undefined, '1970-01-01T00:00:00.000Z', undefined],
  ['aws:MultiFactorAuthPresent', undefined, 'false', undefined],
  ['aws:SourceIdentity', undefined, 'ann', undefined],
];
test.for(callers)('%s of a user → %j, of a session → %j, of nobody → %j', ([key, ofUser, ofRole, ofNobody]) => {
  const values = [user, role, anonymous].map((identity) => ask(key, 'GetObject', { facts: { identity } }));
  expect(values).toEqual([ofUser, ofRole, ofNobody]);
});
