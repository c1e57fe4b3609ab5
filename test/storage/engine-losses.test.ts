/** Versions of which bytes can be had from nowhere any more: they are noted and told once, and nothing else is. */
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { BlobRef } from '../../src/blob/types.ts';
import { type EventRule, writeEventRules } from '../../src/engine/events/rules.ts';
import { createLosses, type Losses } from '../../src/engine/losses.ts';
import type { Bucket, ObjectEvent } from '../../src/engine/types.ts';
import { eventRecord } from '../../src/events/record.ts';
import { EngineStore, owner, plain } from '../support/engine-store.ts';
import { scrubAll } from '../support/maintenance.ts';

const target = 'arn:aws:sqs:us-east-1:000000000000:q';
const mebibyte = 1024 * 1024;

interface Scene {
  readonly store: EngineStore;
  readonly bucket: Bucket;
  /** Of the object `large`, which shares it with its copy. */
  readonly segment: string;
}

/** A small object, a large one in a segment of its own, and a copy of the large one. */
async function scene(store: EngineStore): Promise<Scene> {
  const { name } = await store.newVersionedBucket();
  const rule = (kind: 'queue' | 'bus', arn: string, event: string): EventRule => {
    return { kind, id: kind, target: arn, events: [event], filters: [], prefix: '', suffix: '' };
  };
  await writeEventRules(store.engine.buckets, await store.engine.buckets.get(name), [
    rule('queue', target, 's3:ReducedRedundancyLostObject'),
    rule('bus', `${target}-bus`, 's3:*'),
  ]);
  const bucket = await store.engine.buckets.get(name);
  await store.put(bucket, 'small', 'small');
  const source = await store.put(bucket, 'large', Buffer.alloc(2 * mebibyte, 'large'));
  await store.engine.objects.copy({ bucket, key: 'copy', source, attributes: plain });
  const [slice] = await store.index.getSlices(source, { start: 0, end: 1 });
  await store.reopen();
  return { store, bucket, segment: slice?.location.extents[0]?.segment ?? '' };
}

const diskNames = ['a', 'b', 'c'].flatMap((zone) =>
  ['1', '2', '3'].map((disk) => join(`zone-${zone}`, `disk-${disk}`)),
);

/** Removes so many shard files of a segment. */
async function remove({ store, segment }: Scene, count: number): Promise<void> {
  let left = count;
  for (const disk of diskNames) {
    const folder = join(store.folder, disk, 'segments');
    const files = (await readdir(folder)).filter((file) => file.includes(segment));
    for (const file of files) if (left-- > 0) await rm(join(folder, file));
  }
  expect(left).toBeLessThanOrEqual(0);
}

/** Takes four disks away, which is one more than parity makes good; what is returned brings them back. */
async function takeAway(store: EngineStore): Promise<() => Promise<void>> {
  const disks = [0, 2, 4, 6].map((at) => join(store.folder, diskNames[at] ?? ''));
  const away = join(store.folder, 'away');
  await mkdir(away);
  for (const [at, disk] of disks.entries()) await rename(disk, join(away, String(at)));
  return async () => {
    for (const [at, disk] of disks.entries()) await rename(join(away, String(at)), disk);
  };
}

const partsOf = ({ index, blobs, clock }: EngineStore) => ({ index, blobs, maintenance: blobs.maintenance, clock });
const lossesOf = (store: EngineStore) => createLosses(partsOf(store));

async function finish(losses: Losses): Promise<number> {
  while ((await losses.step()) === 'busy');
  return losses.noted();
}

async function told({ index }: EngineStore): Promise<readonly ObjectEvent[]> {
  expect((await index.countEvents()).map((size) => size.target)).not.toContain(`${target}-bus`);
  const entries = await index.listEvents({ target, after: 0, limit: 100 });
  return entries.map(({ event }) => event as ObjectEvent);
}

test('more shards gone than parity → scrub finds it; each version of the bytes is told once, also over a start, and read as lost', async () => {
  await using store = await EngineStore.open();
  const made = await scene(store);
  const losses = lossesOf(store);
  expect(await finish(losses)).toBe(0);
  await remove(made, 4);
  await scrubAll(store.blobs);
  const large = await store.engine.objects.find(made.bucket, 'large');
  await expect(store.read(large)).rejects.toMatchObject({ code: 'ServiceUnavailable' });
  expect(await finish(losses)).toBe(2);
  const events = await told(store);
  expect(events.map(({ event, key }) => [event, key])).toEqual([
    ['ReducedRedundancyLostObject', 'copy'],
    ['ReducedRedundancyLostObject', 'large'],
  ]);
  expect(events.map(eventRecord)[1]).toMatchObject({
    eventName: 'ReducedRedundancyLostObject',
    userIdentity: { principalId: 's3.amazonaws.com' },
    s3: { object: { key: 'large', size: 2 * mebibyte, eTag: large.etag, versionId: large.versionId } },
  });
  for (const key of ['large', 'copy']) {
    await expect(store.get(made.bucket, key)).rejects.toMatchObject({ code: 'ObjectLost' });
  }
  expect((await store.get(made.bucket, 'small')).toString()).toBe('small');

  await store.reopen();
  await scrubAll(store.blobs);
  expect(await finish(lossesOf(store))).toBe(0);
  expect(await told(store)).toHaveLength(2);
});

test.each(['at once', 'after a start'])(
  'the shards of what is lost are put back → it is read again, %s',
  async (when) => {
    await using store = await EngineStore.open();
    const made = await scene(store);
    const files = diskNames.map((disk) => join(store.folder, disk, 'segments'));
    const kept = join(store.folder, 'kept');
    await mkdir(kept);
    const taken: string[] = [];
    for (const [at, folder] of files.slice(0, 4).entries()) {
      for (const file of (await readdir(folder)).filter((name) => name.includes(made.segment))) {
        await rename(join(folder, file), join(kept, String(at)));
        taken.push(join(folder, file));
      }
    }
    await scrubAll(store.blobs);
    expect(await finish(lossesOf(store))).toBe(2);
    await expect(store.get(made.bucket, 'large')).rejects.toMatchObject({ code: 'ObjectLost' });
    for (const [at, path] of taken.entries()) await rename(join(kept, String(at)), path);
    if (when === 'after a start') await store.reopen();
    expect(await store.get(made.bucket, 'large')).toHaveLength(2 * mebibyte);
    expect(await store.get(made.bucket, 'copy')).toHaveLength(2 * mebibyte);
  },
);

test('a copy made of what is lost → told by the pass of an hour later', async () => {
  await using store = await EngineStore.open();
  const made = await scene(store);
  const losses = lossesOf(store);
  await remove(made, 4);
  await scrubAll(store.blobs);
  expect(await finish(losses)).toBe(2);
  const source = await store.engine.objects.find(made.bucket, 'large');
  await store.engine.objects.copy({ bucket: made.bucket, key: 'later', source, attributes: plain });
  expect(await finish(losses)).toBe(2);
  store.nowMs += 3_600_000;
  expect(await finish(losses)).toBe(3);
  expect((await told(store)).map(({ key }) => key)).toEqual(['copy', 'large', 'later']);
});

test('every file of a segment gone → told without a scrub, and not of what was deleted meanwhile', async () => {
  await using store = await EngineStore.open();
  const made = await scene(store);
  const { versionId } = await store.engine.objects.find(made.bucket, 'copy');
  await store.engine.objects.delete({ bucket: made.bucket, key: 'copy', versionId, owner });
  await remove(made, 9);
  await store.reopen();
  expect(await finish(lossesOf(store))).toBe(1);
  expect((await told(store)).map(({ key }) => key)).toEqual(['large']);
});

test('disks away that may have enough → nothing is lost, and all is read once they are back', async () => {
  await using store = await EngineStore.open();
  const made = await scene(store);
  const giveBack = await takeAway(store);
  await store.blobs.checkDisks();
  await scrubAll(store.blobs);
  const losses = lossesOf(store);
  expect(await finish(losses)).toBe(0);
  await giveBack();
  await store.blobs.checkDisks();
  expect(await finish(losses)).toBe(0);
  expect(await told(store)).toEqual([]);
  expect(await store.get(made.bucket, 'large')).toHaveLength(2 * mebibyte);
});

test('disks that go and are not noticed to be away → nothing is lost', async () => {
  await using store = await EngineStore.open();
  const made = await scene(store);
  const giveBack = await takeAway(store);
  await scrubAll(store.blobs);
  expect(await finish(lossesOf(store))).toBe(0);
  expect(await told(store)).toEqual([]);
  await giveBack();
  await store.blobs.checkDisks();
  expect(await store.get(made.bucket, 'large')).toHaveLength(2 * mebibyte);
});

test('a blob that lies elsewhere by the time its versions are found → nothing is lost', async () => {
  await using store = await EngineStore.open();
  const made = await scene(store);
  const seen = new Set<string | undefined>();
  const check = {
    async isLost({ writeId }: BlobRef) {
      const isFirst = !seen.has(writeId);
      seen.add(writeId);
      return isFirst;
    },
  };
  const blobs = { segments: () => [], checkLosses: () => check };
  const losses = createLosses({ ...partsOf(store), blobs });
  expect(await finish(losses)).toBe(0);
  expect(seen.size).toBeGreaterThan(0);
  expect(await told(store)).toEqual([]);
  expect(await store.get(made.bucket, 'large')).toHaveLength(2 * mebibyte);
});
