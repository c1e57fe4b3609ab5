/**
 * Ways to lose shards, with blobs of every size at which the arithmetic turns: one to three lost are never noticed by a
 * reader; with four lost a read that needs one of them is an error before its first byte. The slow ring tries every way,
 * the quick ring some.
 */
import { describe, expect, it } from 'vitest';
import { SCHEMES } from '../../src/blob/scheme.ts';
import type { ErasureBlobStore } from '../../src/blob/store.ts';
import { BLOCK_BYTES, STRIPE_BYTES_MAX, UNIT_BYTES_MAX, unitFor } from '../../src/blob/stripe.ts';
import type { BlobRef, ByteRange } from '../../src/blob/types.ts';
import { BlobDisks, inPieces, label, readAll, sampleBytes } from '../support/blob-disks.ts';
import { drawn, isSlowRing } from '../support/ring.ts';

const seed = 20_261_127;

const dataShards = 6;
/** The size of a stripe whose units are one block: from there on a unit has a second block. */
const oneBlockStripeBytes = dataShards * BLOCK_BYTES;
const boundaries = [BLOCK_BYTES, UNIT_BYTES_MAX, oneBlockStripeBytes, STRIPE_BYTES_MAX];
const sizes = [
  ...[0, 1, 15, 16, 17, 95, 96, 97],
  ...boundaries.flatMap((size) => [size - 1, size, size + 1]),
  3 * STRIPE_BYTES_MAX + 70_001,
];

interface Kept {
  readonly ref: BlobRef;
  readonly bytes: Buffer;
}

/** A blob of each size, alone in its stripes: packed if it is small, streamed if it is not or is of one block or less. */
async function keepAll(store: ErasureBlobStore): Promise<Kept[]> {
  const kept: Kept[] = [];
  for (const size of sizes) {
    const bytes = sampleBytes(size, size + 1);
    const isPacked = size <= store.placeLimitBytes;
    if (isPacked) kept.push({ ref: store.place(bytes, Buffer.from('packed')), bytes });
    await store.flush();
    if (isPacked && size > BLOCK_BYTES) continue;
    kept.push({ ref: await store.write(inPieces(bytes), label('streamed')), bytes });
  }
  return kept;
}

/** The whole blob, its ends, and a few bytes on both sides of each boundary inside it. */
function rangesOf(size: number): ByteRange[] {
  const turns = [...boundaries, BLOCK_BYTES * 2, 2 * STRIPE_BYTES_MAX, size].filter((at) => at <= size);
  const around = [0, ...turns].map((at) => ({ start: Math.max(0, at - 3), end: Math.min(size, at + 3) }));
  return [{ start: 0, end: size }, ...around];
}

/** Every choice of so many of nine. */
function choices(count: number): number[][] {
  return Array.from({ length: 1 << 9 }, (_, mask) => [0, 1, 2, 3, 4, 5, 6, 7, 8].filter((i) => mask & (1 << i))).filter(
    ({ length }) => length === count,
  );
}

/** Runs with some disks away, and with the store knowing it. */
async function without(
  lost: readonly number[],
  { disks, store }: { readonly disks: BlobDisks; readonly store: ErasureBlobStore },
  run: () => Promise<void>,
): Promise<void> {
  await disks.moveAway(lost);
  await store.checkDisks();
  expect(store.disks().filter(({ state }) => state === 'missing')).toHaveLength(lost.length);
  await run();
  await disks.moveBack(lost);
  await store.checkDisks();
}

/** Shards whose data the first stripe of a range takes its bytes from. */
function firstShardsNeeded(size: number, range: ByteRange): number[] {
  const stripe = Math.floor(range.start / STRIPE_BYTES_MAX) * STRIPE_BYTES_MAX;
  const unit = unitFor(SCHEMES['6+3'], Math.min(STRIPE_BYTES_MAX, size - stripe));
  const end = Math.min(range.end - stripe, STRIPE_BYTES_MAX);
  const shards = Array.from({ length: dataShards }, (_, shard) => shard);
  return shards.filter((shard) => shard * unit < end && range.start - stripe < (shard + 1) * unit);
}

interface Reading {
  readonly bytes: Buffer;
  /** Code of the error that ended it. */
  readonly code: unknown;
}

async function readUntilError(store: ErasureBlobStore, ref: BlobRef, range: ByteRange): Promise<Reading> {
  const pieces: Uint8Array[] = [];
  try {
    for await (const piece of store.read(ref, range)) pieces.push(piece);
    return { bytes: Buffer.concat(pieces), code: undefined };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : error;
    return { bytes: Buffer.concat(pieces), code };
  }
}

/** What was read, if anything was, must be right, and no read may end early without an error. */
function expectRefusedOrRight({ bytes, code }: Reading, expected: Buffer, mustFail: boolean): void {
  if (mustFail) expect({ length: bytes.length, code }).toEqual({ length: 0, code: 'Unreadable' });
  else if (code === undefined) expect(bytes.equals(expected)).toBe(true);
  else
    expect({ code, isRight: bytes.equals(expected.subarray(0, bytes.length)) }).toEqual({
      code: 'Unreadable',
      isRight: true,
    });
}

describe('blobs of every size around a boundary', () => {
  it('one, two or three shards lost, in all 129 ways or some of them → every range is as it was written', async () => {
    const disks = await BlobDisks.create();
    const store = await disks.open();
    const kept = await keepAll(store);
    const sets = [1, 2, 3].flatMap((count) => drawn(choices(count), 8, seed));
    expect(sets).toHaveLength(isSlowRing ? 129 : 24);
    for (const lost of sets) {
      await without(lost, { disks, store }, async () => {
        const reads = kept.flatMap(({ ref, bytes }) => rangesOf(bytes.length).map((range) => ({ ref, bytes, range })));
        await Promise.all(
          reads.map(async ({ ref, bytes, range }) => {
            const isRight = (await readAll(store, ref, range)).equals(bytes.subarray(range.start, range.end));
            if (!isRight) expect.fail(`${lost} lost, ${bytes.length} bytes, ${range.start} to ${range.end}: wrong`);
          }),
        );
      });
    }
    expect(store.disks().every(({ state }) => state === 'healthy')).toBe(true);
  });

  it('four shards lost, in all 126 ways or some of them → a range that needs one of them is an error and no byte', async () => {
    const disks = await BlobDisks.create();
    const store = await disks.open();
    const kept = await keepAll(store);
    const shardOf = new Map<string, number[]>();
    for (const { ref } of kept) {
      for (const { segment } of ref.extents) {
        const files = await disks.shardFiles(segment);
        shardOf.set(
          segment,
          disks.paths.map((path) => files.findIndex((file) => file.startsWith(`${path}/`))),
        );
      }
    }
    const sets = drawn(choices(4), 16, seed);
    expect(sets).toHaveLength(isSlowRing ? 126 : 16);
    let refused = 0;
    for (const lost of sets) {
      await without(lost, { disks, store }, async () => {
        for (const { ref, bytes } of kept) {
          const shards = shardOf.get(ref.extents[0]?.segment ?? '') ?? [];
          const isLost = (shard: number): boolean => lost.some((disk) => shards[disk] === shard);
          for (const range of rangesOf(bytes.length)) {
            const mustFail = firstShardsNeeded(bytes.length, range).some(isLost);
            const reading = await readUntilError(store, ref, range);
            expectRefusedOrRight(reading, bytes.subarray(range.start, range.end), mustFail);
            refused += Number(mustFail);
          }
        }
      });
    }
    expect(refused).toBeGreaterThan(sets.length * 10);
    for (const { ref, bytes } of kept) expect((await readAll(store, ref)).equals(bytes)).toBe(true);
  });
});
