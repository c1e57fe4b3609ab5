import { expect, test } from 'vitest';
import { memoryIdentities } from '../../test/support/memory-identities.ts';
import { openIam } from './iam.ts';
import { saveKeyUses } from './key-uses.ts';

const id = '111111111111';
const minute = 60_000;

test('uses are written down once, and again when a quarter of an hour has passed', async () => {
  const clock = { nowMs: () => 0 };
  const declared = [{ id, displayName: 'one' }];
  const iam = await openIam({ identities: memoryIdentities(), declared, serverKey: Buffer.alloc(32), clock });
  await iam.directory.change(id, ({ accessKeys }) => {
    for (const key of ['a', 'b']) accessKeys.put(key, { id: key, status: 'Active', createdMs: 0, secret: '' });
  });
  const use = (key: string, atMs: number) => iam.callers.noteUse(key, { atMs, region: 'r', service: 's3' });
  const kept = () => iam.directory.accessKey('a')?.record.lastUse?.atMs;

  use('a', 20 * minute);
  use('unknown', 20 * minute);
  expect(await saveKeyUses(iam)).toBe(1);
  expect(kept()).toBe(20 * minute);
  const { revision } = iam.directory;
  expect(await saveKeyUses(iam)).toBe(0);
  use('a', 30 * minute);
  expect(await saveKeyUses(iam)).toBe(0);
  expect(iam.directory.revision).toBe(revision);
  expect(iam.callers.lastUse('a')?.atMs).toBe(30 * minute);
  use('a', 35 * minute);
  expect(await saveKeyUses(iam)).toBe(1);
  expect(kept()).toBe(35 * minute);
});
