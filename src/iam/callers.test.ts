import { beforeEach, describe, expect, test } from 'vitest';
import { memoryIdentities } from '../../test/support/memory-identities.ts';
import { type Iam, openIam } from './iam.ts';
import type { RoleRecord, UserRecord } from './records.ts';
import { type SessionClaims, writeToken } from './session-tokens.ts';

const id = '111111111111';
const rootKey = { accessKeyId: 'ROOT', secretAccessKey: 'root-secret' };
let nowMs = 0;
let iam: Iam;

const held = { path: '/', createdMs: 1, inline: {}, attached: [], tags: [] };
const alice: UserRecord = { ...held, name: 'Alice', path: '/team/', id: 'AIDA1', groups: [] };
const role: RoleRecord = { ...held, name: 'reader', id: 'AROA1', trust: '{}', maxSessionSeconds: 3600 };

async function open(serverKey = Buffer.alloc(32, 7), identities = memoryIdentities()): Promise<Iam> {
  const clock = { nowMs: () => nowMs };
  return await openIam({ identities, declared: [{ id, displayName: 'one', rootKey }], serverKey, clock });
}

beforeEach(async () => {
  nowMs = 1_000_000;
  iam = await open();
  await iam.directory.change(id, ({ users, roles, accessKeys }) => {
    users.put('alice', alice);
    roles.put('reader', role);
    const secret = iam.secrets.seal(Buffer.from('alices-secret')).toString('base64');
    accessKeys.put('AKIA1', { id: 'AKIA1', user: 'alice', status: 'Active', createdMs: 1, secret });
  });
});

describe('a key', () => {
  test('of the configuration → the root of its account', () => {
    expect(iam.callers.findKey('ROOT')).toMatchObject({
      secret: 'root-secret',
      identity: { kind: 'root', accountId: id, arn: `arn:aws:iam::${id}:root`, userId: id, displayName: 'one' },
    });
  });

  test('of a user → the user with its path, under the canonical id of the account', () => {
    const root = iam.callers.findKey('ROOT')?.identity;
    expect(iam.callers.findKey('AKIA1')).toMatchObject({
      secret: 'alices-secret',
      identity: { kind: 'user', arn: `arn:aws:iam::${id}:user/team/Alice`, userId: 'AIDA1', name: 'Alice' },
    });
    expect(iam.callers.findKey('AKIA1')?.identity.canonicalId).toBe(root?.canonicalId);
  });

  test('that was found, then made inactive, then removed → not found from that moment on', async () => {
    expect(iam.callers.findKey('AKIA1')).toBeDefined();
    await iam.directory.change(id, ({ accessKeys }) => {
      const key = accessKeys.get('AKIA1');
      if (key) accessKeys.put('AKIA1', { ...key, status: 'Inactive' });
    });
    expect(iam.callers.findKey('AKIA1')).toBeUndefined();
    await iam.directory.change(id, ({ accessKeys }) => accessKeys.remove('AKIA1'));
    expect(iam.callers.findKey('AKIA1')).toBeUndefined();
  });

  test('in another case of letters, or unknown → not found', () => {
    expect(iam.callers.findKey('akia1')).toBeUndefined();
    expect(iam.callers.findKey('AKIA2')).toBeUndefined();
  });

  test('sealed with another server key → not found, and the root goes on', async () => {
    const identities = memoryIdentities();
    const before = await open(Buffer.alloc(32, 1), identities);
    await before.directory.change(id, ({ accessKeys }) => {
      const secret = before.secrets.seal(Buffer.from('s')).toString('base64');
      accessKeys.put('AKIA9', { id: 'AKIA9', status: 'Active', createdMs: 1, secret });
    });
    expect(before.callers.findKey('AKIA9')?.identity.kind).toBe('root');
    const after = await open(Buffer.alloc(32, 2), identities);
    expect(after.callers.findKey('AKIA9')).toBeUndefined();
    expect(after.callers.findKey('ROOT')).toBeDefined();
  });
});

describe('a session', () => {
  const claims: SessionClaims = {
    accessKeyId: 'ASIA1',
    secretAccessKey: 'temporary',
    accountId: id,
    kind: 'role',
    principal: { name: 'reader', id: 'AROA1' },
    sessionName: 'me',
    session: { issuedMs: 1_000_000, expiresMs: 2_000_000, tags: [] },
  };
  const tokenOf = (more: Partial<SessionClaims> = {}): string => writeToken(iam.tokens, { ...claims, ...more });

  test('of a role → named by role and session; the token must come along', () => {
    const token = tokenOf();
    expect(iam.callers.findKey('ASIA1', token)).toMatchObject({
      secret: 'temporary',
      sessionToken: token,
      identity: { kind: 'role', arn: `arn:aws:sts::${id}:assumed-role/reader/me`, userId: 'AROA1:me' },
    });
    expect(iam.callers.findKey('ASIA1')).toBeUndefined();
  });

  test('with the key of another, a changed token, or a token of another server → not found', async () => {
    const token = tokenOf();
    expect(iam.callers.findKey('ASIA1', token)).toBeDefined();
    expect(iam.callers.findKey('ASIA2', token)).toBeUndefined();
    expect(iam.callers.findKey('AKIA1', token)).toBeUndefined();
    // A token begins with chance: with any letter, so also with the one that would replace it.
    expect(iam.callers.findKey('ASIA1', `${token.startsWith('A') ? 'B' : 'A'}${token.slice(1)}`)).toBeUndefined();
    expect(iam.callers.findKey('ASIA1', `${token}=`)).toBeUndefined();
    expect(iam.callers.findKey('ASIA1', 'nonsense')).toBeUndefined();
    const other = await open(Buffer.alloc(32, 8));
    expect(other.callers.findKey('ASIA1', token)).toBeUndefined();
  });

  test('over a restart → still found; past its end → expired, also where it was found before', () => {
    const token = tokenOf();
    expect(iam.callers.findKey('ASIA1', token)?.isExpired).toBeUndefined();
    nowMs = 2_000_000;
    expect(iam.callers.findKey('ASIA1', token)?.isExpired).toBe(true);
  });

  test('whose role was removed, or made anew under its name → not found', async () => {
    const token = tokenOf();
    await iam.directory.change(id, ({ roles }) => roles.remove('reader'));
    expect(iam.callers.findKey('ASIA1', token)).toBeUndefined();
    await iam.directory.change(id, ({ roles }) => roles.put('reader', { ...role, id: 'AROA2' }));
    expect(iam.callers.findKey('ASIA1', token)).toBeUndefined();
  });

  test('its tags → over those of the role, in any case of letters', async () => {
    const tags = [
      { key: 'Team', value: 'a' },
      { key: 'cost', value: '1' },
    ];
    await iam.directory.change(id, ({ roles }) => roles.put('reader', { ...role, tags }));
    const session = { ...claims.session, tags: [{ key: 'team', value: 'b' }] };
    const found = iam.callers.findKey('ASIA1', tokenOf({ session }));
    expect(found?.identity.tags).toEqual([
      { key: 'cost', value: '1' },
      { key: 'team', value: 'b' },
    ]);
  });
});
