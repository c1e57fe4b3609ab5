import { expect, test } from 'vitest';
import { viewAccount } from './account-view.ts';
import { emptyShelves } from './directory.ts';
import { missingPrincipal } from './known-principals.ts';
import { canonicalIdOf } from './names.ts';
import { iamPolicyFault } from './policy/policy-fault.ts';
import { readDocument } from './policy/read-document.ts';
import type { RoleRecord, UserRecord } from './records.ts';

const id = '111111111111';
const held = { id: 'x', createdMs: 0, inline: {}, attached: [], tags: [] };
const ann: UserRecord = { ...held, name: 'Ann', path: '/team/', groups: [] };
const reader: RoleRecord = { ...held, name: 'Reader', path: '/', trust: '{}', maxSessionSeconds: 3600 };
const view = viewAccount(
  { id, canonicalId: canonicalIdOf(id), displayName: 'x', createdMs: 0 },
  { ...emptyShelves(), user: new Map([['ann', ann]]), role: new Map([['reader', reader]]) },
);

function missing(Principal: unknown): string | undefined {
  const text = JSON.stringify({ Statement: { Effect: 'Allow', Principal, Action: '*', Resource: '*' } });
  return missingPrincipal(readDocument(text, iamPolicyFault), (accountId) => (accountId === id ? view : undefined));
}

const there = [
  '*',
  id,
  `arn:aws:iam::${id}:root`,
  `arn:aws:iam::${id}:user/team/Ann`,
  `arn:aws:iam::${id}:role/Reader`,
  `arn:aws:sts::${id}:assumed-role/Reader/any-session`,
  `arn:aws:sts::${id}:federated-user/anybody`,
  'arn:aws:iam::222222222222:user/who-knows',
  'arn:aws:iam::tenant:user/who-knows',
];
test.for(there)('%s → may be there', (name) => {
  expect(missing({ AWS: name })).toBeUndefined();
});

const absent = [
  `arn:aws:iam::${id}:user/Bob`,
  `arn:aws:iam::${id}:user/Ann`,
  `arn:aws:iam::${id}:user/team/ann`,
  `arn:aws:iam::${id}:role/team/Reader`,
  `arn:aws:iam::${id}:role/Writer`,
  `arn:aws:sts::${id}:assumed-role/Writer/any-session`,
];
test.for(absent)('%s → is not', (name) => {
  expect(missing({ AWS: name })).toBe(name);
  expect(missing({ AWS: [id, name] })).toBe(name);
});

test('everybody, and kinds other than AWS → are not asked about', () => {
  expect(missing('*')).toBeUndefined();
  expect(missing({ Service: 'logging.s3.amazonaws.com' })).toBeUndefined();
});
