/** Disks that are not what they should be: told by their identity files, and used for no more than they are good for. */
import { cp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { BlobDisks } from '../support/blob-disks.ts';
import { expectKept, keep, stateOf } from '../support/kept-blobs.ts';

it('swapped while serving → both failed, with what is there instead; put right → healthy', async () => {
  const disks = await BlobDisks.create();
  const store = await disks.open();
  const kept = await keep(store);
  const swap = async (): Promise<void> => {
    await disks.moveAway([0, 1]);
    await rename(`${disks.path(0)}.away`, disks.path(1));
    await rename(`${disks.path(1)}.away`, disks.path(0));
  };
  await swap();
  await store.checkDisks();
  expect(stateOf(store, 0)).toMatchObject({
    state: 'failed',
    reason: `the disk of ${disks.path(1)}, or a copy of it, is in its place`,
  });
  expect(stateOf(store, 1)).toMatchObject({
    state: 'failed',
    reason: `the disk of ${disks.path(0)}, or a copy of it, is in its place`,
  });
  await expectKept(store, kept);
  await swap();
  await store.checkDisks();
  expect(store.disks().every(({ state }) => state === 'healthy')).toBe(true);
});

it('a copy of another disk in its place → failed, whose copy it is', async () => {
  const disks = await BlobDisks.create();
  const before = await disks.open();
  const kept = await keep(before);
  await before.close();
  await rm(disks.path(1), { recursive: true });
  await cp(disks.path(0), disks.path(1), { recursive: true, preserveTimestamps: true });
  const store = await disks.open();
  const reasons = store.disks().filter(({ state }) => state === 'failed');
  expect(reasons).toHaveLength(1);
  expect(reasons[0]?.reason).toMatch(/^it is a copy of the disk at /);
  await expectKept(store, kept);
});

it.each(['while serving', 'before a start'])(
  'an older state of it put back %s → said so, read for what it has',
  async (when) => {
    const disks = await BlobDisks.create();
    const before = await disks.open();
    const first = await keep(before);
    await cp(disks.path(2), `${disks.path(2)}.old`, { recursive: true });
    const second = await keep(before);
    if (when === 'before a start') await before.close();
    await rm(disks.path(2), { recursive: true });
    if (when === 'while serving') await before.checkDisks();
    await rename(`${disks.path(2)}.old`, disks.path(2));
    const store = when === 'while serving' ? before : await disks.open();
    await store.checkDisks();
    const { state, reason } = stateOf(store, 2);
    expect(state).toBe('healthy');
    expect(reason).toMatch(/^it is behind: of its shard files \d+ are missing and \d+ too short/);
    await disks.moveAway([0, 1]);
    await store.checkDisks();
    for (const kept of [first, second]) await expectKept(store, kept);
    await disks.moveBack([0, 1]);
  },
);

it('an identity file that cannot be read as one → failed, and healthy when it is whole again', async () => {
  const disks = await BlobDisks.create();
  const store = await disks.open();
  const path = join(disks.path(4), 'ninefold-disk.json');
  const whole = await readFile(path);
  await writeFile(path, whole.subarray(0, 20));
  await store.checkDisks();
  expect(stateOf(store, 4)).toMatchObject({
    state: 'failed',
    reason: expect.stringContaining('not an identity file'),
  });
  await writeFile(path, whole);
  await store.checkDisks();
  expect(stateOf(store, 4).state).toBe('healthy');
});
