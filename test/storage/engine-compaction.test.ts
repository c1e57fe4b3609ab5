/** What is dead gives its space back, and nothing that lives is harmed: condition → result. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { PoolName } from '../../src/blob/pool.ts';
import { createCompaction } from '../../src/engine/compaction.ts';
import { asListed, bodyOf, EngineStore, owner, plain, storeWith } from '../support/engine-store.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { settle, spaceJobs } from '../support/space-jobs.ts';

const mebibyte = 1024 * 1024;
const smallSegments = { segmentSizeMaxBytes: 2 * mebibyte };

async function diskBytes(store: EngineStore): Promise<number> {
  const names = (await readdir(store.folder, { recursive: true })).filter((name) => name.endsWith('.shard'));
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(store.folder, name))).size));
  return sizes.reduce((total, size) => total + size, 0);
}

/** What the shard files of all that is live would take if nothing else were in them. */
async function liveBytes(store: EngineStore): Promise<number> {
  const uses = await store.index.listSegments();
  return uses.reduce((total, use) => total + use.liveBytes, 0) * (9 / 6);
}

/** The store's bucket, filled: small, large, copied and multipart objects, some of which share blobs. */
async function fill(store: EngineStore, random: SeededRandom): Promise<Map<string, Buffer>> {
  const bucket = await store.newBucket();
  const contents = new Map<string, Buffer>();
  const put = async (key: string, size: number) => {
    const content = random.bytes(size);
    await store.put(bucket, key, content);
    contents.set(key, content);
  };
  await Promise.all(Array.from({ length: 150 }, (_, i) => put(`small/${i}`, 4096 + random.below(40_000))));
  for (let i = 0; i < 10; i++) await put(`lone/${i}`, 8192 + random.below(9000));
  for (let i = 0; i < 16; i++) await put(`large/${i}`, mebibyte + 1 + random.below(3 * mebibyte));
  const sources = [...contents.keys()];
  for (let i = 0; i < 20; i++) {
    const key = sources[random.below(sources.length)] ?? '';
    const source = await store.engine.objects.find(bucket, key);
    await store.engine.objects.copy({ source, bucket, key: `copy/${i}`, attributes: plain });
    contents.set(`copy/${i}`, contents.get(key) ?? Buffer.alloc(0));
  }
  for (let i = 0; i < 6; i++) contents.set(`parts/${i}`, await putParts(store, `parts/${i}`, random));
  return contents;
}

/** An object of a part of its own and one that is a range of a large object. */
async function putParts(store: EngineStore, key: string, random: SeededRandom): Promise<Buffer> {
  const bucket = await store.engine.buckets.get('bucket');
  const { uploads, objects } = store.engine;
  const upload = await uploads.create({ bucket, key, attributes: plain });
  const own = random.bytes(5000 + random.below(2 * mebibyte));
  const source = await objects.find(bucket, `large/${random.below(16)}`);
  const range = { start: 1000, end: 500_000 };
  const parts = [
    await uploads.putPart({ bucket, upload, partNumber: 1, source: bodyOf(own) }),
    await uploads.copyPart({ bucket, upload, partNumber: 2, source, range }),
  ];
  await uploads.complete({ bucket, key, uploadId: upload.uploadId, parts: parts.map(asListed) });
  return Buffer.concat([own, await store.read(source, range)]);
}

async function deleteHalf(store: EngineStore, contents: Map<string, Buffer>, random: SeededRandom): Promise<void> {
  const bucket = await store.engine.buckets.get('bucket');
  for (const key of [...contents.keys()].filter(() => random.below(2) === 0)) {
    await store.engine.objects.delete({ bucket, key, owner });
    contents.delete(key);
  }
}

async function expectAll(store: EngineStore, contents: ReadonlyMap<string, Buffer>): Promise<void> {
  const bucket = await store.engine.buckets.get('bucket');
  for (const [key, content] of contents) {
    if (!(await store.get(bucket, key)).equals(content)) throw new Error(`${key} has other bytes`);
  }
}

const seed = Number(process.env['NINEFOLD_SEED'] ?? 41);

test.each([
  ['served on', async () => {}],
  ['reopened', (store: EngineStore) => store.reopen()],
])('half of all objects deleted at random, %s → at most 1.25 times what is live is on disk', async (_, between) => {
  await using store = await EngineStore.open({ partSizeMinBytes: 1000 }, smallSegments);
  const random = new SeededRandom(seed);
  const contents = await fill(store, random);
  await deleteHalf(store, contents, random);
  await between(store);
  const before = await diskBytes(store);
  const status = await settle(store);
  const [onDisk, live] = [await diskBytes(store), await liveBytes(store)];
  expect({ onDisk: onDisk / live, seed }).toEqual({
    onDisk: expect.toSatisfy((ratio: number) => ratio <= 1.25),
    seed,
  });
  expect(before / live).toBeGreaterThan(1.3);
  expect(Number(status['compactedSegments'])).toBeGreaterThan(3);
  // Of a segment that is emptied at least a fifth is dead, so no byte freed costs more than four.
  expect(Number(status['movedPerByteFreed'])).toBeLessThanOrEqual(4);
  expect(Number(status['movedBytes'])).toBeGreaterThan(0);
  await expectAll(store, contents);
  await store.reopen();
  await expectAll(store, contents);
});

test('nothing deleted, tiny objects with long labels → nothing is moved and nothing sealed, however often it is looked', async () => {
  await using store = await EngineStore.open({}, smallSegments);
  const bucket = await store.newBucket();
  for (let i = 0; i < 200; i++) await store.put(bucket, `tiny/${i}`, `${i}`);
  const state = store.blobs.segments();
  expect((state[0]?.shardBytes ?? 0) * 6).toBeGreaterThan(10 * 1000);
  await settle(store);
  expect(store.blobs.segments()).toEqual(state);
  await store.reopen();
  const sealed = store.blobs.segments();
  await settle(store);
  // They have been measured.
  expect(store.blobs.segments()).toMatchObject(sealed);
  expect(store.compaction.figures()).toEqual({ movedBytes: 0, writtenBytes: 0 });
});

test('reads, overwrites and deletes go on while segments are emptied → every answer is one that was right then', async () => {
  await using store = await EngineStore.open({ partSizeMinBytes: 1000 }, smallSegments);
  const random = new SeededRandom(seed + 1);
  const contents = await fill(store, random);
  await deleteHalf(store, contents, random);
  const bucket = await store.engine.buckets.get('bucket');
  let clients = 4;
  const client = async () => {
    for (let operations = 0; operations < 120; operations++) {
      const key = random.pick([...contents.keys()]);
      const content = contents.get(key);
      const act = random.below(8);
      if (act === 0) {
        contents.delete(key);
        await store.engine.objects.delete({ bucket, key, owner });
      } else if (act === 1) {
        // No other client picks the key meanwhile: what it would have to read is not decided yet.
        contents.delete(key);
        const replaced = random.bytes(random.below(4) > 0 ? 3000 : mebibyte + 100_000);
        await store.put(bucket, key, replaced);
        contents.set(key, replaced);
      } else {
        const read = await store.get(bucket, key).catch((error: unknown) => error);
        if (contents.get(key) !== content) continue;
        if (!(read instanceof Buffer) || !content?.equals(read)) throw new Error(`${key}: ${String(read)}`);
      }
    }
    clients--;
  };
  const running = Promise.all(Array.from({ length: clients }, client));
  const jobs = spaceJobs(store);
  while (clients > 0) {
    await Promise.race([running, jobs.round()]);
    // Jobs that find nothing to do wait for nothing, and would keep the clients from their turn.
    await new Promise((resolve) => setImmediate(resolve));
    store.nowMs += 1000;
  }
  await running;
  expect(store.compaction.figures().movedBytes).toBeGreaterThan(mebibyte);
  await settle(store);
  await expectAll(store, contents);
  expect((await diskBytes(store)) / (await liveBytes(store)), `seed ${seed}`).toBeLessThanOrEqual(1.25);
});

test('a blob is deleted between its reading and its move → the move is refused and the segment goes all the same', async () => {
  await using store = await EngineStore.open({}, smallSegments);
  const bucket = await store.newBucket();
  const random = new SeededRandom(seed);
  const kept = random.bytes(mebibyte + 1);
  await store.put(bucket, 'large', random.bytes(mebibyte + 7));
  await store.put(bucket, 'kept', kept);
  await store.put(bucket, 'dead', random.bytes(mebibyte + 7));
  await store.engine.objects.delete({ bucket, key: 'dead', owner });
  await store.reopen();
  const { blobs, index } = store;
  const write: typeof blobs.write = async (source, label, options) => {
    const written = await blobs.write(source, label, options);
    if (written.size === mebibyte + 7) await store.engine.objects.delete({ bucket, key: 'large', owner });
    return written;
  };
  const replaced = {
    ...storeWith(blobs, { write }),
    measure: (segment: string) => blobs.measure(segment),
    listings: (segment: string) => blobs.listings(segment),
    writtenBytes: () => blobs.writtenBytes(),
    hasRoomToMove: (bytes: number, pool: PoolName) => blobs.hasRoomToMove(bytes, pool),
  };
  const compaction = createCompaction({ index, blobs: replaced, maintenance: blobs.maintenance });
  const [candidate] = await compaction.listCandidates(0.2);
  const segment = candidate?.segment ?? '';
  while (!(await compaction.move(segment, mebibyte)).isDone);
  expect(await index.listSegmentBlobs(segment, { after: 0, limit: 1 })).toEqual([]);
  expect((await store.get(bucket, 'kept')).equals(kept)).toBe(true);
  await store.reopen();
  await settle(store);
  expect(store.blobs.segments().map((state) => state.segment)).not.toContain(segment);
  expect((await store.get(bucket, 'kept')).equals(kept)).toBe(true);
});

test('stopped in the middle of a large blob → what was written is garbage, the blob lies where it lay, and the next run moves it', async () => {
  await using store = await EngineStore.open();
  const bucket = await store.newBucket();
  const content = new SeededRandom(seed).bytes(8 * mebibyte);
  await store.put(bucket, 'dead', new SeededRandom(seed).bytes(8 * mebibyte));
  await store.put(bucket, 'large', content);
  await store.engine.objects.delete({ bucket, key: 'dead', owner });
  await store.reopen();
  const [candidate] = await store.compaction.listCandidates(0.2);
  const segment = candidate?.segment ?? '';
  const moved = await store.compaction.move(segment, mebibyte);
  expect(moved.isDone).toBe(false);
  expect(moved.bytes).toBeLessThan(content.length);
  expect((await store.get(bucket, 'large')).equals(content)).toBe(true);
  await store.reopen();
  expect((await store.index.listSegmentBlobs(segment, { after: 0, limit: 5 })).length).toBe(1);
  await settle(store);
  expect(store.blobs.segments().map((state) => state.segment)).not.toContain(segment);
  expect((await store.get(bucket, 'large')).equals(content)).toBe(true);
  expect((await diskBytes(store)) / (await liveBytes(store))).toBeLessThanOrEqual(1.25);
});

test('a moved blob → has its label and its write id, as the index says', async () => {
  await using store = await EngineStore.open();
  const bucket = await store.newBucket();
  const random = new SeededRandom(seed);
  for (const size of [1000, 2 * mebibyte]) {
    await store.put(bucket, `live/${size}`, random.bytes(size));
    await store.put(bucket, `dead/${size}`, random.bytes(size));
    await store.engine.objects.delete({ bucket, key: `dead/${size}`, owner });
  }
  await store.reopen();
  const locate = async () => {
    const versions = await Promise.all(
      [1000, 2 * mebibyte].map((size) => store.index.getVersion(bucket.id, `live/${size}`)),
    );
    const slices = await Promise.all(versions.map((v) => v && store.index.getSlices(v, { start: 0, end: v.size })));
    return slices.flatMap((found) => found?.map(({ location }) => location) ?? []);
  };
  const before = await locate();
  const labels = await Promise.all(before.map((location) => store.blobs.labelOf(location)));
  await settle(store);
  const after = await locate();
  expect(after.map(({ extents }) => extents)).not.toEqual(before.map(({ extents }) => extents));
  expect(after.map(({ writeId }) => writeId)).toEqual(before.map(({ writeId }) => writeId));
  expect(await Promise.all(after.map((location) => store.blobs.labelOf(location)))).toEqual(labels);
  expect(labels.map(({ writeId }) => writeId)).toEqual(before.map(({ writeId }) => writeId));
});
