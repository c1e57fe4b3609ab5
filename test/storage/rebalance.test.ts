/** More disks than a segment needs: shards move to a new disk, away from one that goes, and back in order when it returns. */
import { createHash } from 'node:crypto';
import { rename } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { createDisk } from '../../src/blob/disk-identity.ts';
import type { BlobRef } from '../../src/blob/types.ts';
import { rebalance } from '../../src/jobs/rebalance.ts';
import { BlobDisks, CLUSTER_ID, flipBit, readAll, sampleBytes } from '../support/blob-disks.ts';
import { FakeClock } from '../support/fake-maintenance.ts';
import { allShardFiles, finish, mendAll } from '../support/maintenance.ts';

const delayMs = 600_000;

interface Kept {
  readonly ref: BlobRef;
  readonly bytes: Buffer;
}

/** Segments of one small blob each. */
async function fill(disks: BlobDisks, segments: number): Promise<Kept[]> {
  const kept: Kept[] = [];
  for (let i = 0; i < segments; i++) {
    const store = await disks.open();
    const bytes = sampleBytes(3000 + i, i);
    const ref = store.place(bytes, Buffer.from(`label ${i}`));
    await store.flush();
    await store.close();
    kept.push({ ref: structuredClone(ref), bytes });
  }
  return kept;
}

async function addDisk(disks: BlobDisks, zone: number): Promise<string> {
  const path = join(disks.root, `zone-${zone}`, `disk-${disks.zones[zone]?.disks.length}`);
  await createDisk(path, { clusterId: CLUSTER_ID, zone: `zone-${zone}` });
  disks.zones[zone]?.disks.push(path);
  return path;
}

/** Content of every shard by its name, and the disk it lies on; no name twice. */
async function shards(disks: BlobDisks): Promise<Map<string, { disk: string; digest: string }>> {
  const found = new Map<string, { disk: string; digest: string }>();
  for (const [path, bytes] of await allShardFiles(disks)) {
    expect(found.has(basename(path))).toBe(false);
    const digest = createHash('sha256').update(bytes).digest('hex');
    found.set(basename(path), { disk: join(disks.root, dirname(dirname(path))), digest });
  }
  return found;
}

function digests(found: Map<string, { digest: string }>): string[] {
  return Array.from(found, ([name, { digest }]) => `${name} ${digest}`).sort();
}

it('a tenth disk → it gets its share, nothing else moves, and every file is the same', async () => {
  const disks = await BlobDisks.create();
  const kept = await fill(disks, 12);
  const before = await shards(disks);
  const added = await addDisk(disks, 1);
  const store = await disks.open();
  const misplaced = store.maintenance.health().reduce((sum, health) => sum + health.misplaced.length, 0);
  expect(store.maintenance.health().every(({ missing }) => missing.length === 0)).toBe(true);
  await mendAll(store);
  const after = await shards(disks);
  expect(digests(after)).toEqual(digests(before));
  const moved = [...after].filter(([name, { disk }]) => before.get(name)?.disk !== disk);
  expect(moved).toHaveLength(misplaced);
  expect(moved.every(([, { disk }]) => disk === added)).toBe(true);
  // Of twelve segments three shards each lie in that zone, now on four disks.
  expect(moved.length).toBeGreaterThan(2);
  expect(moved.length).toBeLessThanOrEqual(12);
  for (const { ref, bytes } of kept) expect((await readAll(store, ref)).equals(bytes)).toBe(true);
});

it('a disk away for longer than the delay → rebuilt on the other one; back again → no file twice, whatever is damaged', async () => {
  const disks = await BlobDisks.create();
  await addDisk(disks, 0);
  const kept = await fill(disks, 8);
  const clock = new FakeClock();
  const store = await disks.open({ clock, repairDelayMs: delayMs });
  await mendAll(store);
  const before = await shards(disks);
  const onFirst = [...before].filter(([, { disk }]) => disk === disks.path(0)).map(([name]) => name);
  expect(onFirst.length).toBeGreaterThan(0);

  await disks.moveAway([0]);
  await store.checkDisks();
  clock.ms += delayMs - 1;
  expect(store.maintenance.health().filter(({ repairable }) => repairable > 0)).toEqual([]);
  expect(store.maintenance.health().filter(({ missing }) => missing.length > 0)).toHaveLength(onFirst.length);
  clock.ms += 1;
  await rename(`${disks.path(0)}.away`, join(disks.root, 'elsewhere'));
  disks.zones[0]?.disks.shift();
  await mendAll(store);
  expect(digests(await shards(disks))).toEqual(digests(before));
  expect(store.maintenance.health().every(({ sparesLeft }) => sparesLeft === 3)).toBe(true);

  // One of the copies made meanwhile goes bad; then the disk is back with those that it had.
  const [name = ''] = onFirst;
  const copy = [...(await allShardFiles(disks)).keys()].find((path) => path.endsWith(name)) ?? '';
  await flipBit(join(disks.root, copy), 200);
  disks.zones[0]?.disks.unshift(join(disks.root, 'zone-0', 'disk-0'));
  await rename(join(disks.root, 'elsewhere'), disks.path(0));
  await store.checkDisks();
  await mendAll(store);
  const after = await shards(disks);
  expect(digests(after)).toEqual(digests(before));
  for (const { ref, bytes } of kept) expect((await readAll(store, ref)).equals(bytes)).toBe(true);
  expect(
    store.maintenance.health().every(({ misplaced, surplusCopies }) => misplaced.length + surplusCopies === 0),
  ).toBe(true);
});

it('nine disks, one away for good → nothing can be rebuilt, and nothing moves', async () => {
  const disks = await BlobDisks.create();
  await fill(disks, 3);
  const clock = new FakeClock();
  const store = await disks.open({ clock, repairDelayMs: delayMs });
  await disks.moveAway([4]);
  await store.checkDisks();
  clock.ms += 2 * delayMs;
  expect(
    store.maintenance.health().map(({ repairable, movable, sparesLeft }) => [repairable, movable, sparesLeft]),
  ).toEqual([
    [0, 0, 2],
    [0, 0, 2],
    [0, 0, 2],
  ]);
});

it('a move that is left in the middle → the shard stays where it was, and moves the next time', async () => {
  const disks = await BlobDisks.create();
  await fill(disks, 6);
  const before = await shards(disks);
  await addDisk(disks, 2);
  const store = await disks.open();
  const [first] = store.maintenance.health().filter(({ movable }) => movable > 0);
  if (!first) throw new Error('none of the segments is to move');
  const work = store.maintenance.move(first.segment);
  await work.next();
  await work.return();
  expect(await shards(disks)).toEqual(before);
  expect(await finish(store.maintenance.move(first.segment))).toBeGreaterThan(0);
  expect(digests(await shards(disks))).toEqual(digests(before));
  expect(await shards(disks)).not.toEqual(before);
});

it('a disk drained by the job, and read from all the while → it ends empty, every file is the same elsewhere', async () => {
  const disks = await BlobDisks.create();
  const kept = await fill(disks, 8);
  const clock = new FakeClock();
  const store = await disks.open({ zones: disks.registeredZones, clock });
  const added = join(disks.root, 'zone-0', 'disk-new');
  await store.addDisk({ zone: 'zone-0', path: added });
  disks.zones[0]?.disks.push(added);
  await mendAll(store);
  const before = await shards(disks);
  await store.drainDisk(disks.path(1));
  const job = rebalance({ maintenance: store.maintenance, clock, bytesPerSecond: 1_000_000 });
  const held = [...before.values()].filter(({ disk }) => disk === disks.path(1)).length;
  expect(job.status()).toMatchObject({ misplacedShards: held, movedSegments: 0 });
  let mostLeft = 0;
  for (let steps = 0; steps < 200; steps++) {
    const outcome = await job.step();
    mostLeft = Math.max(mostLeft, Number(job.status()['leftBytes']));
    for (const { ref, bytes } of kept) expect((await readAll(store, ref)).equals(bytes)).toBe(true);
    if (outcome === 'idle') break;
    if (typeof outcome === 'object') clock.ms = Math.max(clock.ms, outcome.notBeforeMs);
  }
  expect(mostLeft).toBeGreaterThan(0);
  expect(job.status()).toMatchObject({ misplacedShards: 0, movedSegments: held, leftBytes: 0 });
  const after = await shards(disks);
  expect(digests(after)).toEqual(digests(before));
  expect([...after.values()].filter(({ disk }) => disk === disks.path(1))).toEqual([]);
  expect(store.maintenance.health().every(({ damaged, sparesLeft }) => damaged.length === 0 && sparesLeft === 3)).toBe(
    true,
  );
  await store.removeDisk(disks.path(1));
});
