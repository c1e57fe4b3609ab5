/** Reads that nobody waits for any more, and that happen after all: what was given out is the caller's alone. */
import { expect, test } from 'vitest';
import type { ErasureBlobStore } from '../../src/blob/store.ts';
import { HEADER_BYTES } from '../../src/blob/stripe.ts';
import type { BlobRef } from '../../src/blob/types.ts';
import { BlobDisks, flipBit } from '../support/blob-disks.ts';
import { eventually } from '../support/eventually.ts';
import { FaultyFiles } from '../support/faulty-files.ts';
import { keep, SMALL, stateOf } from '../support/kept-blobs.ts';

/** As they are given out, not copied. */
async function readPieces(store: ErasureBlobStore, ref: BlobRef): Promise<Uint8Array[]> {
  const pieces: Uint8Array[] = [];
  for await (const piece of store.read(ref, { start: 0, end: ref.size })) pieces.push(piece);
  return pieces;
}

test('a read that is late brings wrong bytes in the end → what was given out is not touched', async () => {
  const disks = await BlobDisks.create();
  const files = FaultyFiles.install();
  const store = await disks.open({ diskTimeoutMs: 30_000 });
  const { small } = await keep(store);
  const [file = ''] = await disks.shardFiles(small.extents[0]?.segment ?? '');
  await flipBit(file, HEADER_BYTES + 5);
  const hang = files.hang({ operation: 'readv', path: file });
  const read = await readPieces(store, small);
  expect(hang.met).toBe(1);
  hang.release();
  await files.settled();
  expect(Buffer.concat(read).equals(SMALL)).toBe(true);
});

test('a read that was given up with its disk brings wrong bytes in the end → what was given out is not touched', async () => {
  // Disks of data are given up 50 ms before those of parity. A machine that pauses for longer gives all of them up at
  // once, and shows nothing.
  const read = await eventually(readWithoutTwoDisks);
  expect(read.equals(SMALL)).toBe(true);
});

/** Reads while two disks of data hang, one with wrong bytes, which then come after all. Rejects if parity was given up too. */
async function readWithoutTwoDisks(): Promise<Buffer> {
  const disks = await BlobDisks.create();
  const files = FaultyFiles.install();
  const store = await disks.open({ diskTimeoutMs: 3000 });
  const { small } = await keep(store);
  const shards = await disks.shardFiles(small.extents[0]?.segment ?? '');
  const hangOn = (shard: number) => files.hang({ operation: 'readv', path: shards[shard] ?? '' });
  const diskOf = (shard: number) => disks.paths.findIndex((path) => shards[shard]?.startsWith(path));
  await flipBit(shards[0] ?? '', HEADER_BYTES + 5);
  const [first, second, ...parity] = [0, 1, 6, 8].map(hangOn);
  const reading = readPieces(store, small);
  // Parity is asked later than data, and so its disks are given up later.
  await eventually(() => {
    expect([0, 1, 6, 8].map((shard) => stateOf(store, diskOf(shard)).state)).toContain('suspect');
  });
  for (const hang of parity) hang.release();
  const [read] = await Promise.allSettled([reading]);
  for (const hang of [first, second]) hang?.release();
  await files.settled();
  // Not before all that is late has come: it must not have changed what was given out.
  if (read.status === 'rejected') throw read.reason;
  return Buffer.concat(read.value);
}
