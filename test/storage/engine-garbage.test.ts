/** What nobody names any more goes, and nothing else: condition → result. */
import { rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Bucket } from '../../src/engine/types.ts';
import { collectGarbage } from '../../src/jobs/collect-garbage.ts';
import { asListed, bodyOf, EngineStore, owner, plain } from '../support/engine-store.ts';
import { SeededRandom } from '../support/seeded-random.ts';

const random = new SeededRandom(4);
const graceMs = 60_000;

/** A bucket whose manifest lies in a segment that gets nothing else. */
async function bucketApart(store: EngineStore): Promise<Bucket> {
  const bucket = await store.newBucket();
  await store.reopen();
  return bucket;
}

/** Runs the collector until the grace period of all that is garbage now has passed. */
async function collect(store: EngineStore): Promise<void> {
  const job = collectGarbage({ garbage: store.engine.garbage, clock: store.clock, graceMs });
  await job.step();
  store.nowMs += graceMs;
  while ((await job.step()) === 'busy');
}

test('everything deleted and the store reopened → no shard file and no segment in the index is left', async () => {
  await using store = await EngineStore.open({ partSizeMinBytes: 1000 });
  const bucket = await store.newBucket();
  await store.put(bucket, 'small', random.bytes(1000));
  await store.put(bucket, 'large', random.bytes(3 * store.blobs.placeLimitBytes));
  const source = await store.put(bucket, 'source', random.bytes(5000));
  await store.engine.objects.copy({ source, bucket, key: 'copy', attributes: plain });
  const upload = await store.engine.uploads.create({ bucket, key: 'parts', attributes: plain });
  const part = await store.engine.uploads.putPart({ bucket, upload, partNumber: 1, source: bodyOf('a part') });
  await store.engine.uploads.complete({ bucket, key: 'parts', uploadId: upload.uploadId, parts: [asListed(part)] });
  const aborted = await store.engine.uploads.create({ bucket, key: 'aborted', attributes: plain });
  const large = bodyOf(random.bytes(2 * store.blobs.placeLimitBytes));
  await store.engine.uploads.putPart({ bucket, upload: aborted, partNumber: 1, source: large });
  await store.reopen();
  expect((await store.shardFiles()).length).toBeGreaterThanOrEqual(18);
  for (const key of ['small', 'large', 'source', 'copy', 'parts']) {
    await store.engine.objects.delete({ bucket, key, owner });
  }
  await store.engine.uploads.abort(bucket, 'aborted', aborted.uploadId);
  await store.engine.buckets.delete(bucket);
  await collect(store);
  expect(store.blobs.segments()).toEqual([]);
  expect(await store.index.listSegments()).toEqual([]);
  expect(await store.shardFiles()).toEqual([]);
  const next = await store.newBucket();
  await store.put(next, 'small', 'and on it goes');
  expect((await store.get(next, 'small')).toString()).toBe('and on it goes');
});

test('a copy is left of what was deleted → its segment stays', async () => {
  await using store = await EngineStore.open();
  const bucket = await store.newBucket();
  const content = random.bytes(2 * store.blobs.placeLimitBytes);
  const source = await store.put(bucket, 'source', content);
  await store.engine.objects.copy({ source, bucket, key: 'copy', attributes: plain });
  await store.engine.objects.delete({ bucket, key: 'source', owner });
  await store.reopen();
  await collect(store);
  expect((await store.get(bucket, 'copy')).equals(content)).toBe(true);
});

test('a segment still written to → no candidate', async () => {
  await using store = await EngineStore.open();
  const bucket = await store.newBucket();
  await store.put(bucket, 'k', random.bytes(1000));
  await store.engine.objects.delete({ bucket, key: 'k', owner });
  expect(await store.engine.garbage.listCandidates()).toEqual([]);
});

test('a large body refused at its end → its segment goes after a reopen, though the index never named it', async () => {
  await using store = await EngineStore.open();
  const bucket = await store.newBucket();
  await store.put(bucket, 'kept', 'kept');
  const source = bodyOf(random.bytes(3 * store.blobs.placeLimitBytes), {
    verify: () => {
      throw new Error('BadDigest');
    },
  });
  await expect(store.engine.objects.put({ bucket, key: 'k', source, attributes: plain })).rejects.toThrow('BadDigest');
  await store.reopen();
  await collect(store);
  const named = (await store.index.listSegments()).map(({ segment }) => segment);
  expect(store.blobs.segments().map(({ segment }) => segment)).toEqual(named);
  expect((await store.get(bucket, 'kept')).toString()).toBe('kept');
});

test('a reader holds a segment that became garbage → it is read to the end, then the segment goes', async () => {
  await using store = await EngineStore.open();
  const bucket = await store.newBucket();
  const content = random.bytes(4 * store.blobs.placeLimitBytes);
  await store.put(bucket, 'k', content);
  await store.put(bucket, 'kept', 'kept');
  await store.reopen();
  const found = await store.engine.objects.find(bucket, 'k');
  const reading = await store.engine.objects.read(found, { start: 0, end: found.size });
  const chunks = [(await reading.next()).value ?? Buffer.alloc(0)];
  await store.engine.objects.delete({ bucket, key: 'k', owner });
  await collect(store);
  for await (const chunk of reading) chunks.push(chunk);
  expect(Buffer.concat(chunks).equals(content)).toBe(true);
  const before = store.blobs.segments().length;
  await collect(store);
  expect(store.blobs.segments().length).toBe(before - 1);
});

test('a reader that stops early or never starts → holds nothing', async () => {
  await using store = await EngineStore.open();
  const bucket = await store.newBucket();
  const version = await store.put(bucket, 'k', random.bytes(4 * store.blobs.placeLimitBytes));
  const holds = () => store.blobs.segments().reduce((total, segment) => total + segment.holds, 0);
  const never = await store.engine.objects.read(version, { start: 0, end: version.size });
  expect(holds()).toBe(1);
  await never.return?.();
  const early = await store.engine.objects.read(version, { start: 0, end: version.size });
  await early.next();
  await early.return?.();
  expect(holds()).toBe(0);
});

test('files gone, the index still lists the segment without live bytes → it is dropped from the index', async () => {
  await using store = await EngineStore.open();
  const bucket = await bucketApart(store);
  await store.put(bucket, 'k', random.bytes(1000));
  await store.engine.objects.delete({ bucket, key: 'k', owner });
  await store.reopen();
  // The collector died between the files and the index.
  const candidates = await store.engine.garbage.listCandidates();
  for (const { segment } of candidates) expect(await store.blobs.drop(segment)).toBe(true);
  const listed = async () => (await store.index.listSegments()).map(({ segment }) => segment);
  expect(await listed()).toContain(candidates[0]?.segment);
  await collect(store);
  expect(await listed()).not.toContain(candidates[0]?.segment);
});

test('many segments without a live byte → their lines in the index go in one wave, and all files are removed', async () => {
  await using store = await EngineStore.open();
  const bucket = await bucketApart(store);
  for (let i = 0; i < 12; i++) {
    await store.put(bucket, 'overwritten', random.bytes(1000));
    await store.reopen();
  }
  const candidates = (await store.engine.garbage.listCandidates()).map(({ segment }) => segment);
  expect(candidates.length).toBe(11);
  const before = store.index.state().sequence;
  expect(await store.engine.garbage.drop(candidates)).toEqual(candidates);
  // One batch may have begun with the first of them.
  expect(store.index.state().sequence - before).toBeLessThanOrEqual(2);
  expect(store.blobs.segments().filter(({ segment }) => candidates.includes(segment))).toEqual([]);
});

test('an index that never saw a version beside a store with segments → nothing is collected', async () => {
  await using store = await EngineStore.open();
  const ref = store.blobs.place(Buffer.from('of a lost index'), Buffer.from('{}'));
  await store.blobs.flush();
  store.blobs.release(ref);
  await store.reopen();
  expect(store.blobs.segments().length).toBe(1);
  await collect(store);
  expect(store.blobs.segments().length).toBe(1);
});

test('the end of a segment cannot be recorded → its files stay, as the last record may be judged by them', async () => {
  await using store = await EngineStore.open();
  const bucket = await bucketApart(store);
  await store.put(bucket, 'k', random.bytes(1000));
  await store.engine.objects.delete({ bucket, key: 'k', owner });
  await store.reopen();
  const [candidate] = await store.engine.garbage.listCandidates();
  const files = await store.shardFiles();
  await store.index.close();
  await expect(store.engine.garbage.drop([candidate?.segment ?? ''])).rejects.toThrow('closed');
  expect(await store.shardFiles()).toEqual(files);
});

test('a shard file of a segment cannot even be looked at → its length is that of another, and the segment is found', async () => {
  await using store = await EngineStore.open();
  const bucket = await bucketApart(store);
  await store.put(bucket, 'k', random.bytes(1000));
  await store.engine.objects.delete({ bucket, key: 'k', owner });
  const files = await store.shardFiles();
  const first = join(store.folder, files.find((path) => path.endsWith('.0.shard')) ?? '');
  await store.reopen();
  rmSync(first);
  symlinkSync(first, first);
  const [candidate] = await store.engine.garbage.listCandidates();
  expect(candidate?.shardBytes).toBeGreaterThan(0);
});
