import { expect, test } from 'vitest';
import type { Identity } from '../../iam/identity.ts';
import { causeOf } from './cause.ts';

const root: Identity = {
  ...{ kind: 'root', canonicalId: 'c', displayName: 'd', accountId: '111111111111', tags: [] },
  ...{ arn: 'arn:aws:iam::111111111111:root', userId: '111111111111' },
};
const ids = { requestId: 'R', hostId: 'H' };
const facts = (identity: Identity) => ({ identity, sourceIp: '192.0.2.1' });

test('a user → its principal id and its account; the root account → its number once; anonymous → that', () => {
  const user = { ...root, kind: 'user', userId: 'AIDAEXAMPLE' } as const;
  const common = { ...ids, sourceAddress: '192.0.2.1' };
  expect(causeOf(ids, facts(user))).toEqual({ ...common, requester: 'AWS:AIDAEXAMPLE', account: '111111111111' });
  expect(causeOf(ids, facts(root))).toEqual({ ...common, requester: 'AWS:111111111111' });
  expect(causeOf(ids, facts({ ...root, kind: 'anonymous' }))).toEqual({ ...common, requester: 'Anonymous' });
});
