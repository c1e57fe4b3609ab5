import { expect, test } from 'vitest';
import { contextOf } from './context.ts';
import { decide } from './decide.ts';
import { permissionsOf } from './permissions.ts';

const document = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}';
const allow = { name: 'allow', document };
const ask = (permissions: ReturnType<typeof permissionsOf>) =>
  decide({
    principal: { kind: 'user', accountId: '1', canonicalId: 'c', arn: 'arn:aws:iam::1:user/a' },
    permissions,
    action: 's3:GetObject',
    resource: 'arn:aws:s3:::b/k',
    resourceAccountId: '1',
    context: contextOf({}),
  }).outcome;

test('the same texts → the same compiled policies', () => {
  const texts = { identity: [allow] };
  expect(permissionsOf(texts)).toBe(permissionsOf(texts));
  expect(ask(permissionsOf(texts))).toBe('allow');
});

test('boundary and session → taken over, also when empty', () => {
  expect(ask(permissionsOf({ identity: [allow], boundary: [allow], session: [allow] }))).toBe('allow');
  expect(ask(permissionsOf({ identity: [allow], boundary: [] }))).toBe('implicit-deny');
  expect(ask(permissionsOf({ identity: [allow], session: [] }))).toBe('implicit-deny');
  expect(ask(permissionsOf({ identity: [] }))).toBe('implicit-deny');
  expect(ask(permissionsOf({}))).toBe('allow');
  expect(ask(permissionsOf({ session: [] }))).toBe('implicit-deny');
});

test('a document that cannot be read → denies', () => {
  expect(ask(permissionsOf({ identity: [allow, { name: 'damaged', document: 'damaged' }] }))).toBe('explicit-deny');
});
