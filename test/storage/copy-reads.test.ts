/** Reads of full copies are spread over the disks that have them, and keep away from those that are busy or damaged. */
import { expect, onTestFinished, test, vi } from 'vitest';
import { Lateness } from '../../src/blob/lateness.ts';
import type { ErasureBlobStore } from '../../src/blob/store.ts';
import type { BlobRef } from '../../src/blob/types.ts';
import { BlobDisks, readAll, sampleBytes } from '../support/blob-disks.ts';
import { eventually } from '../support/eventually.ts';
import { FaultyFiles } from '../support/faulty-files.ts';

const SIZE = 3000;
const TIMEOUT_MS = 60_000;

async function scene(count: number) {
  const disks = await BlobDisks.create();
  const files = FaultyFiles.install();
  const store = await disks.open({ diskTimeoutMs: TIMEOUT_MS });
  // On a busy machine reads are late now and then, and others are asked as well: here only what is asked first counts.
  const lateness = vi.spyOn(Lateness.prototype, 'limitMs', 'get').mockReturnValue(TIMEOUT_MS);
  onTestFinished(() => lateness.mockRestore());
  const refs: BlobRef[] = [];
  for (let seed = 0; seed < count; seed++) {
    refs.push(store.place(sampleBytes(SIZE, seed), Buffer.of(), { scheme: '1+2' }));
    await store.flush();
  }
  const segment = refs[0]?.extents[0]?.segment ?? '';
  const copies = await disks.shardFiles(segment);
  const reads = () => copies.map((path) => files.calls.filter((call) => isRead(call) && call.path === path).length);
  return { files, store, refs, segment, copies, reads };
}

function isRead({ operation }: { operation: string }): boolean {
  return operation === 'read' || operation === 'readv';
}

async function expectRight(store: ErasureBlobStore, refs: readonly BlobRef[]): Promise<void> {
  for (const [seed, ref] of refs.entries()) {
    expect((await readAll(store, ref)).equals(sampleBytes(SIZE, seed))).toBe(true);
  }
}

test('blobs at many places, read one after another → each copy is asked for a good part of them, and once for each', async () => {
  const { store, refs, reads } = await scene(60);
  await expectRight(store, refs);
  const counts = reads();
  expect(counts.reduce((sum, count) => sum + count)).toBe(60);
  expect(Math.min(...counts)).toBeGreaterThanOrEqual(10);
});

test('one blob, read many times at once → each copy is asked as often', async () => {
  const { store, refs, reads } = await scene(1);
  const [ref] = refs;
  if (ref) await Promise.all(Array.from({ length: 30 }, () => readAll(store, ref)));
  expect(reads()).toEqual([10, 10, 10]);
});

test('a disk has not answered yet → the reads that come after ask others', async () => {
  const { files, store, refs, copies, reads } = await scene(30);
  const hang = files.hang({ operation: ['read', 'readv'], path: copies[1] ?? '' });
  const waiting: Promise<Buffer>[] = [];
  for (const ref of refs) {
    waiting.push(readAll(store, ref));
    await eventually(() => expect(reads().reduce((sum, count) => sum + count)).toBe(waiting.length));
    if (hang.met > 0) break;
  }
  expect(hang.met).toBe(1);
  await expectRight(store, refs);
  expect(hang.met).toBe(1);
  hang.release();
  await Promise.all(waiting);
});

test('a copy is known to be damaged → it is not asked while there are others', async () => {
  const { store, refs, segment, reads } = await scene(30);
  store.maintenance.markDamaged(segment, { shards: [0], isContradicted: false });
  await expectRight(store, refs);
  const [damaged, ...others] = reads();
  expect(damaged).toBe(0);
  expect(Math.min(...others)).toBeGreaterThan(0);
});
