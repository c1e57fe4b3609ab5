/** Small reads that wait for no thread: when they are made, that they are right, and that no disk makes them wait for long. */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { ErasureBlobStore } from '../../src/blob/store.ts';
import { HEADER_BYTES } from '../../src/blob/stripe.ts';
import type { BlobRef } from '../../src/blob/types.ts';
import { BlobDisks, flipBit, inPieces, label, readAll, sampleBytes } from '../support/blob-disks.ts';
import { eventually } from '../support/eventually.ts';
import { FaultyFiles } from '../support/faulty-files.ts';

const BYTES = sampleBytes(4096, 7);

/** A store whose only blob was read once, so that its files are open, and what is asked of threads since. */
async function storeWithOne() {
  const clock = useClock();
  const disks = await BlobDisks.create();
  const files = FaultyFiles.install();
  const store = await disks.open({ pageCacheBytesMax: 16 * 1024 * 1024 });
  const ref = store.place(BYTES, Buffer.of());
  await store.flush();
  expect((await readAll(store, ref)).equals(BYTES)).toBe(true);
  const shards = await disks.shardFiles(ref.extents[0]?.segment ?? '');
  const shard = (index: number) => shards[index] ?? '';
  const readsOnThreads = () => files.calls.filter(({ operation }) => /^read/.test(operation)).length;
  return { clock, disks, files, store, ref, shard, readsOnThreads };
}

/** Whether a read, which must be right, was made on the spot. */
async function isReadOnTheSpot(
  { store, ref, readsOnThreads }: { store: ErasureBlobStore; ref: BlobRef; readsOnThreads: () => number },
  bytes = BYTES,
): Promise<boolean> {
  const before = readsOnThreads();
  expect((await readAll(store, ref)).equals(bytes)).toBe(true);
  return readsOnThreads() === before;
}

/** The next reads on the spot take so long, as those do that have to wait for a disk. */
function slowNextReads(clock: TestClock, count: number, ms: number): void {
  const { readSync } = fs;
  let left = count;
  const slow = (...args: Parameters<typeof readSync>): number => {
    if (left-- > 0) clock.letPass(ms);
    return readSync(...args);
  };
  vi.spyOn(fs, 'readSync').mockImplementation(slow as typeof readSync);
  syncBuiltinESMExports();
  onTestFinished(() => {
    vi.restoreAllMocks();
    syncBuiltinESMExports();
  });
}

interface TestClock {
  letPass(ms: number): void;
}

/** Time that passes only where the test makes it: on a busy machine every read may have waited. */
function useClock(): TestClock {
  let nowMs = performance.now();
  const spy = vi.spyOn(performance, 'now').mockImplementation(() => nowMs);
  onTestFinished(() => spy.mockRestore());
  return {
    letPass(ms) {
      nowMs += ms;
    },
  };
}

test('a blob that was written or read of late → read on the spot', async () => {
  const one = await storeWithOne();
  expect(await isReadOnTheSpot(one)).toBe(true);
});

test('not of late → in the other way, and then on the spot again', async () => {
  const { clock, ...one } = await storeWithOne();
  clock.letPass(3_600_000);
  expect(await isReadOnTheSpot(one)).toBe(false);
  expect(await isReadOnTheSpot(one)).toBe(true);
});

test('a disk keeps a read waiting → the next ones go in the other way, until it has been left alone for long enough', async () => {
  const { clock, ...one } = await storeWithOne();
  slowNextReads(clock, 1, 40);
  expect(await isReadOnTheSpot(one)).toBe(true);
  expect(await isReadOnTheSpot(one)).toBe(false);
  clock.letPass(500);
  expect(await isReadOnTheSpot(one)).toBe(false);
  clock.letPass(5000);
  expect(await isReadOnTheSpot(one)).toBe(true);
});

test('an operation of a disk takes long → nothing is read on the spot from it before that has ended', async () => {
  const { clock, files, ...one } = await storeWithOne();
  const hang = files.hang({ operation: 'writev', path: one.shard(2) });
  one.store.place(BYTES, Buffer.of());
  const flushed = one.store.flush();
  await eventually(() => expect(hang.met).toBe(1));
  expect(await isReadOnTheSpot(one)).toBe(true);
  clock.letPass(200);
  expect(await isReadOnTheSpot(one)).toBe(false);
  hang.release();
  await flushed;
  expect(await isReadOnTheSpot(one)).toBe(true);
});

test.each(['a block', 'a header'])('%s is damaged → found, and rebuilt in the other way', async (what) => {
  const one = await storeWithOne();
  await flipBit(one.shard(1), what === 'a block' ? HEADER_BYTES + 5 : 40);
  expect(await isReadOnTheSpot(one)).toBe(false);
  // Nothing is asked of that shard on the spot any more.
  expect(await isReadOnTheSpot(one)).toBe(false);
});

test('a file ends early → rebuilt in the other way', async () => {
  const one = await storeWithOne();
  await fs.promises.truncate(one.shard(1), HEADER_BYTES + 5);
  expect(await isReadOnTheSpot(one)).toBe(false);
});

test('a disk goes away → what it had is not read on the spot', async () => {
  const one = await storeWithOne();
  await one.disks.moveAway([0, 1, 2, 3]);
  await one.store.checkDisks();
  await expect(readAll(one.store, one.ref)).rejects.toMatchObject({ code: 'Unreadable' });
  await one.disks.moveBack([0, 1, 2, 3]);
  await one.store.checkDisks();
  expect((await readAll(one.store, one.ref)).equals(BYTES)).toBe(true);
});

test('parts of blobs over several units, blocks and stripes → right', async () => {
  const disks = await BlobDisks.create();
  const store = await disks.open({ pageCacheBytesMax: 64 * 1024 * 1024 });
  const blobs = [100, 5000, 70_000, 200_000, 3_000_001].map((size, i) => sampleBytes(size, i));
  for (const scheme of ['6+3', '1+2'] as const) {
    const refs = await Promise.all(
      blobs.map((bytes) =>
        bytes.length > 200_000
          ? store.write(inPieces(bytes), label('large'), { scheme })
          : store.place(bytes, Buffer.of(), { scheme }),
      ),
    );
    await store.flush();
    for (const [i, ref] of refs.entries()) {
      const bytes = blobs[i] ?? Buffer.of();
      const edges = [0, 1, 99, 4096, 65_535, 65_536, 131_073, 199_999, 2_000_000].filter((at) => at < ref.size);
      for (const start of edges) {
        for (const end of edges.map((at) => at + 1).filter((at) => at > start)) {
          // The second time all of it has been read of late.
          for (let times = 0; times < 2; times++) {
            const pieces: Uint8Array[] = [];
            for await (const piece of store.read(ref, { start, end })) pieces.push(piece);
            expect(Buffer.concat(pieces).equals(bytes.subarray(start, end))).toBe(true);
          }
        }
      }
    }
  }
});
