import { describe, expect, test } from 'vitest';
import { memoryIdentities } from '../../test/support/memory-identities.ts';
import { Directory } from './directory.ts';
import { canonicalIdOf } from './names.ts';
import type { UserRecord } from './records.ts';

const account = { id: '111111111111', canonicalId: canonicalIdOf('111111111111'), displayName: 'one', createdMs: 0 };

const user = (name: string): UserRecord => ({
  name,
  path: '/',
  id: `AIDA${name}`,
  createdMs: 1,
  inline: {},
  attached: [],
  tags: [],
  groups: [],
});

const namesIn = (directory: Directory): readonly string[] =>
  directory
    .view(account.id)
    ?.users.all()
    .map(({ name }) => name) ?? [];

describe('a change', () => {
  test('sees what it has put and removed itself, in order of name', async () => {
    const directory = await Directory.open(memoryIdentities(), [account]);
    const seen = await directory.change(account.id, ({ users }) => {
      for (const name of ['b', 'C', 'a']) users.put(name, user(name));
      users.remove('B');
      return users.all().map(({ name }) => name);
    });
    expect(seen).toEqual(['a', 'C']);
    expect(namesIn(directory)).toEqual(['a', 'C']);
    expect(directory.view(account.id)?.users.get('c')).toEqual(user('C'));
  });

  test('that throws → nothing of it is there, in memory or in the index', async () => {
    const identities = memoryIdentities();
    const directory = await Directory.open(identities, [account]);
    const failing = directory.change(account.id, ({ users }) => {
      users.put('a', user('a'));
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(namesIn(directory)).toEqual([]);
    expect((await identities.read()).documents).toEqual([]);
  });

  test('many at once → each is decided on what the ones before have made', async () => {
    const directory = await Directory.open(memoryIdentities(), [account]);
    const counts = await Promise.all(
      ['a', 'b', 'c'].map((name) =>
        directory.change(account.id, ({ users }) => {
          users.put(name, user(name));
          return users.all().length;
        }),
      ),
    );
    expect(counts).toEqual([1, 2, 3]);
    expect(directory.revision).toBe(3);
  });

  test('of which nobody knows whether it was made → the next one is decided on what the index has', async () => {
    const identities = memoryIdentities();
    const directory = await Directory.open(identities, [account]);
    identities.fail = true;
    const put = (name: string) => directory.change(account.id, ({ users }) => users.put(name, user(name)));
    await expect(put('a')).rejects.toThrow('lost');
    await put('b');
    expect(namesIn(directory)).toEqual(['a', 'b']);
  });
});

test('a view that is only read takes no changes', async () => {
  const directory = await Directory.open(memoryIdentities(), [account]);
  expect(() => directory.view(account.id)?.users.put('a', user('a'))).toThrow('takes no changes');
});

test('opened again → accounts, names and keys are found as before', async () => {
  const identities = memoryIdentities();
  const other = { id: '222222222222', canonicalId: canonicalIdOf('222222222222'), displayName: 'two', createdMs: 5 };
  const first = await Directory.open(identities, [account]);
  await first.putAccount(other);
  const key = { id: 'AKIAkey', status: 'Active', createdMs: 1, secret: 'sealed' } as const;
  await first.change(other.id, ({ accessKeys }) => accessKeys.put(key.id, key));
  const second = await Directory.open(identities, [account]);
  expect(second.accounts().map(({ id }) => id)).toEqual([other.id, account.id]);
  expect(second.accountOfCanonicalId(other.canonicalId)).toEqual(other);
  expect(second.accessKey('AKIAkey')).toEqual({ accountId: other.id, record: key });
  expect(second.accessKey('akiaKEY'), 'keys differ by case').toBeUndefined();
  await second.change(other.id, ({ accessKeys }) => accessKeys.remove(key.id));
  expect(second.accessKey('AKIAkey')).toBeUndefined();
});
