/** Groups of disks: where shards of a group lie when disks come, go and fail, and what is refused. */
import { readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readIdentity } from '../../src/blob/disk-identity.ts';
import type { ErasureBlobStore } from '../../src/blob/store.ts';
import type { BlobRef, DiskState } from '../../src/blob/types.ts';
import { BlobDisks, inPieces, label, readAll, sampleBytes } from '../support/blob-disks.ts';
import { FakeClock } from '../support/fake-maintenance.ts';
import { mendAll, scrubAll } from '../support/maintenance.ts';

const bytes = sampleBytes(50_000, 1);

/** Nine disks of the default group, and three in each zone of `slow`. */
function zonesOf(disks: BlobDisks) {
  return disks.registeredZones.map((zone) => {
    const slow = [1, 2, 3].map((n) => ({ path: join(zone.path, `slow-${n}`), group: 'slow' }));
    return { ...zone, disks: [...zone.disks, ...slow] };
  });
}

async function write(store: ErasureBlobStore, group: string, count: number): Promise<BlobRef[]> {
  const refs: BlobRef[] = [];
  for (let i = 0; i < count; i++) {
    const ref = await store.write(inPieces(bytes), label('x'), { group });
    store.release(ref);
    store.maintenance.retireOpen();
    refs.push(ref);
  }
  return refs;
}

/** The groups of the disks that have files of the segments of blobs. */
async function groupsOf(store: ErasureBlobStore, refs: readonly BlobRef[]): Promise<string[]> {
  const segments = new Set(refs.flatMap(({ extents }) => extents.map(({ segment }) => segment)));
  const found = new Set<string>();
  for (const { path, group } of store.disks().filter(({ state }) => state !== 'missing')) {
    const names = await readdir(join(path, 'segments'));
    if (names.some((name) => segments.has(name.split('.')[0] ?? ''))) found.add(group);
  }
  return [...found].sort();
}

async function expectIn(store: ErasureBlobStore, group: string, refs: readonly BlobRef[]): Promise<void> {
  expect(await groupsOf(store, refs)).toEqual([group]);
  for (const ref of refs) expect((await readAll(store, ref)).equals(bytes)).toBe(true);
}

const diskIn = (store: ErasureBlobStore, group: string): DiskState => {
  const found = store.disks().find((disk) => disk.group === group && disk.state === 'healthy');
  if (!found) throw new Error(`no disk of ${group} is healthy`);
  return found;
};

it('disks added, drained and replaced in a group → its shards move among its disks alone, also after a restart', async () => {
  const disks = await BlobDisks.create();
  const zones = zonesOf(disks);
  const store = await disks.open({ zones });
  const fast = await write(store, 'default', 6);
  const slow = await write(store, 'slow', 6);
  const expectAll = async (now: ErasureBlobStore): Promise<void> => {
    await scrubAll(now);
    await mendAll(now);
    await expectIn(now, 'default', fast);
    await expectIn(now, 'slow', slow);
  };
  const added = { zone: 'zone-0', path: join(disks.root, 'zone-0', 'slow-4'), group: 'slow' };
  expect(await store.addDisk(added)).toMatchObject({ group: 'slow', state: 'healthy' });
  await expectAll(store);
  expect(await readdir(join(added.path, 'segments'))).not.toEqual([]);
  const drained = store.disks().find(({ path }) => path.endsWith(join('zone-0', 'slow-1')))?.path ?? '';
  await store.drainDisk(drained);
  await expectAll(store);
  await store.removeDisk(drained);
  const replaced = diskIn(store, 'slow');
  const place = join(disks.root, 'in-its-place');
  expect(await store.replaceDisk({ id: replaced.id, path: place })).toMatchObject({ group: 'slow' });
  await expectAll(store);
  expect(await readIdentity(place)).toMatchObject({ identity: { group: 'slow' } });
  await store.close();
  const again = await disks.open({ zones });
  const count = (group: string): number => again.disks().filter((disk) => disk.group === group).length;
  // The one that was replaced is there until it is removed.
  expect([count('default'), count('slow')]).toEqual([9, 10]);
  await expectAll(again);
  await write(again, 'slow', 3);
});

it('a disk of a group dies → rebuilt on its group, whatever room others have', async () => {
  const disks = await BlobDisks.create();
  const clock = new FakeClock();
  const zones = zonesOf(disks).map(({ name, disks: there }) => ({
    name,
    disks: [...there, { path: join(disks.root, name, 'slow-4'), group: 'slow' }],
  }));
  const options = { zones, clock, repairDelayMs: 1000 };
  const store = await disks.open(options);
  const slow = await write(store, 'slow', 4);
  await store.close();
  const dead = diskIn(store, 'slow').path;
  await rename(dead, `${dead}.dead`);
  const again = await disks.open(options);
  expect(again.maintenance.health().some(({ missing }) => missing.length > 0)).toBe(true);
  clock.ms += 2000;
  await mendAll(again);
  expect(again.maintenance.health().every(({ missing }) => missing.length === 0)).toBe(true);
  await expectIn(again, 'slow', slow);
});

it('written while a disk of the group is away → its shard waits for it, and for no disk of another group', async () => {
  const disks = await BlobDisks.create();
  const store = await disks.open({ zones: zonesOf(disks) });
  const { path } = diskIn(store, 'slow');
  await rename(path, `${path}.away`);
  await store.checkDisks();
  const refs = await write(store, 'slow', 2);
  await rename(`${path}.away`, path);
  await store.checkDisks();
  const behind = store.disks().filter(({ reason }) => reason !== undefined);
  expect(behind.map((disk) => disk.path)).toEqual([path]);
  await mendAll(store);
  expect(await readdir(join(path, 'segments'))).toHaveLength(2);
  await expectIn(store, 'slow', refs);
});

it('a group that would keep too few disks → drain is refused; one in which nothing is or is to be → it is not', async () => {
  const disks = await BlobDisks.create();
  const zones = zonesOf(disks);
  const pools = [{ scheme: '1+2', group: 'slow', use: 'Objects of GLACIER' }] as const;
  const store = await disks.open({ zones, pools });
  const [first, second, third] = store.disks().filter(({ zone, group }) => zone === 'zone-0' && group === 'slow');
  await store.drainDisk(first?.id ?? '');
  await store.drainDisk(second?.id ?? '');
  await expect(store.drainDisk(third?.id ?? '')).rejects.toMatchObject({
    code: 'TooFewDisks',
    message: expect.stringContaining('the other disks of the group slow can hold 2 of the 3 shards of 1+2'),
  });
  await store.close();
  const unused = await disks.open({ zones });
  await unused.drainDisk(third?.id ?? '');
  await expect(unused.write(inPieces(bytes), label('x'), { group: 'slow' })).rejects.toMatchObject({
    code: 'WriteQuorumLost',
  });
});

it('a class on a group that has too few disks → does not open, and says what to do', async () => {
  const disks = await BlobDisks.create();
  const pools = [{ scheme: '6+3', group: 'slow', use: 'Objects of GLACIER' }] as const;
  await expect(disks.open({ zones: disks.registeredZones, pools })).rejects.toMatchObject({
    name: 'PoolError',
    message: expect.stringMatching(
      /^Objects of GLACIER are kept as 6\+3 .* the group slow has 0, in 0 zones\..*disk add/,
    ),
  });
  await disks.open({ zones: zonesOf(disks), pools });
});

it('the configuration has a disk in another group than it is in → does not open; the identity tells, too', async () => {
  const disks = await BlobDisks.create();
  const zones = zonesOf(disks);
  const store = await disks.open({ zones });
  await store.close();
  const other = zones.map((zone) => ({
    ...zone,
    disks: zone.disks.map((disk) => (typeof disk === 'string' ? { path: disk, group: 'slow' } : disk)),
  }));
  await expect(disks.open({ zones: other })).rejects.toThrow(
    /is one of the group default, and the configuration says slow/,
  );
  // Without the registry what the disks say of themselves counts.
  const unregistered = other.map(({ name, disks: paths }) => ({ name, disks: [...paths, ...slowTwins(disks, name)] }));
  const opened = await disks.open({ zones: unregistered });
  const reasons = opened.disks().flatMap(({ state, reason }) => (state === 'failed' ? [reason] : []));
  expect(new Set(reasons)).toEqual(new Set(['it belongs to the group default']));
});

/** Disks that would do for the default group. */
function slowTwins(disks: BlobDisks, zone: string): string[] {
  return [1, 2, 3].map((n) => join(disks.root, zone, `more-${n}`));
}
