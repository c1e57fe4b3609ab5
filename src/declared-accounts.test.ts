import { expect, test } from 'vitest';
import { configSchema } from './config-schema.ts';
import { declaredAccounts } from './declared-accounts.ts';

const rootKey = { accessKeyId: 'own-root', secretAccessKey: 'own-secret' };
const key = (accessKeyId: string) => ({ accessKeyId, secretAccessKey: 'some-secret' });

function declare(...accounts: object[]) {
  const config = { ...configSchema.parse({ accountId: '111111111111', accounts }), zones: [], buckets: [] };
  return declaredAccounts({ ...config, rootKey, keyMaterial: {}, placeOf: () => '' }, rootKey);
}

test('the own account comes first, by its setting or by the list, with the root key of the server', () => {
  expect(declare({ id: '222222222222' }).map(({ id }) => id)).toEqual(['111111111111', '222222222222']);
  const [own] = declare({ id: '222222222222' }, { id: '111111111111', displayName: 'mine' });
  expect(own).toMatchObject({ id: '111111111111', displayName: 'mine', rootKey });
});

const user = (...ids: string[]) => ({ name: 'ann', keys: ids.map(key) });
const twice: readonly (readonly [what: string, accounts: readonly object[], named: string])[] = [
  ['two users', [{ id: '222222222222', users: [user('a-key'), { ...user('a-key'), name: 'bob' }] }], 'a-key'],
  [
    'two accounts',
    [
      { id: '222222222222', users: [user('a-key')] },
      { id: '333333333333', rootKey: key('a-key') },
    ],
    'a-key',
  ],
  ['a user and the own root', [{ id: '222222222222', users: [user('own-root')] }], 'own-root'],
  ['two that differ by the case of letters', [{ id: '222222222222', users: [user('a-key', 'A-Key')] }], 'A-Key'],
];
test.for(twice)('one access key id for %s → refused', ([, accounts, named]) => {
  expect(() => declare(...accounts)).toThrow(`accounts: the access key id ${named} is there twice`);
});

test('an account that is there twice → refused', () => {
  expect(() => declare({ id: '222222222222' }, { id: '222222222222' })).toThrow('account 222222222222 is there twice');
});
