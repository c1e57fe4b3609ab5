/** Large reads past the system's page cache: which ones they are, and that they are right. */
import { truncate } from 'node:fs/promises';
import { expect, onTestFinished, test, vi } from 'vitest';
import { Lateness } from '../../src/blob/lateness.ts';
import { HEADER_BYTES } from '../../src/blob/stripe.ts';
import { BlobDisks, flipBit, inPieces, label, readAll, sampleBytes } from '../support/blob-disks.ts';
import { FaultyFiles } from '../support/faulty-files.ts';

/** The last of its stripes is short, and none but the first begins at a page. */
const BYTES = sampleBytes(4_000_001, 3);

async function scene() {
  const disks = await BlobDisks.create();
  const files = FaultyFiles.install();
  const store = await disks.open({ pageCacheBytesMax: 64 * 1024 * 1024 });
  // On a busy machine reads are late now and then, and others are asked as well: here only what is asked first counts.
  const lateness = vi.spyOn(Lateness.prototype, 'limitMs', 'get').mockReturnValue(60_000);
  onTestFinished(() => lateness.mockRestore());
  const ref = await store.write(inPieces(BYTES), label('large'));
  const shards = await disks.shardFiles(ref.extents[0]?.segment ?? '');
  /** Reads since the last call: whole pages past the cache are one `read` each, others of whole units one `readv`. */
  const reads = () => {
    const counts = { past: 0, through: 0 };
    for (const { operation } of files.calls.splice(0)) {
      if (operation === 'read') counts.past++;
      if (operation === 'readv') counts.through++;
    }
    return counts;
  };
  reads();
  return { disks, files, store, ref, shard: (index: number) => shards[index] ?? '', reads };
}

test('a large blob → read past the cache at first, and through it when it is read again', async () => {
  const { store, ref, reads } = await scene();
  expect((await readAll(store, ref)).equals(BYTES)).toBe(true);
  expect(reads()).toEqual({ past: 18, through: 0 });
  expect((await readAll(store, ref)).equals(BYTES)).toBe(true);
  expect(reads()).toEqual({ past: 0, through: 18 });
});

test('a blob that was packed just now, and so went through the cache → read through it', async () => {
  const { store, reads } = await scene();
  const blobs = [4, 5, 6, 7, 8].map((seed) => sampleBytes(250_000, seed));
  const refs = blobs.map((bytes) => store.place(bytes, Buffer.of()));
  await store.flush();
  reads();
  const [ref] = refs;
  // A whole unit, and a block of the next one.
  expect(ref && (await readAll(store, ref)).equals(blobs[0] ?? Buffer.of())).toBe(true);
  expect(reads()).toEqual({ past: 0, through: 2 });
});

test('a file system that refuses → read through the cache, and its disk is not asked again', async () => {
  const { files, store, ref, shard, reads } = await scene();
  const refusal = files.fail({ operation: 'read', path: shard(1), code: 'EINVAL' });
  expect((await readAll(store, ref)).equals(BYTES)).toBe(true);
  expect(refusal.met).toBeGreaterThan(0);
  const { met } = refusal;
  reads();
  const other = await store.write(inPieces(BYTES), label('other'));
  expect((await readAll(store, other)).equals(BYTES)).toBe(true);
  expect(refusal.met).toBe(met);
  expect(reads()).toEqual({ past: 15, through: 3 });
});

test('a block that is wrong, a file that ends early → rebuilt', async () => {
  const { store, ref, shard, reads } = await scene();
  await flipBit(shard(1), HEADER_BYTES + 70_000);
  await truncate(shard(4), HEADER_BYTES + 100_000);
  expect((await readAll(store, ref)).equals(BYTES)).toBe(true);
  expect(reads().past).toBeGreaterThan(18);
});
