/** What a sealed segment holds, found from its shard files alone, whatever is damaged in them. */
import { readFile, rm, truncate } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import {
  type SegmentFiles,
  SegmentWalk,
  type WalkedGap,
  type WalkedStripe,
} from '../../src/blob/maintenance/segment-walk.ts';
import type { StripeListing } from '../../src/blob/maintenance/types.ts';
import { SCHEMES } from '../../src/blob/scheme.ts';
import type { ErasureBlobStore } from '../../src/blob/store.ts';
import { PAGE_BYTES, STRIPE_BYTES_MAX } from '../../src/blob/stripe.ts';
import { BlobDisks, flipBit, inPieces, label, overwrite, placeStripe, sampleBytes } from '../support/blob-disks.ts';

interface Packed {
  readonly disks: BlobDisks;
  readonly store: ErasureBlobStore;
  readonly segment: string;
  /** Shard files, by shard. */
  readonly files: string[];
  /** Offsets of the stripes. */
  readonly offsets: number[];
}

/** A sealed segment of packed stripes, one of each size. */
async function packed(sizes: readonly number[], place = placeStripe): Promise<Packed> {
  const disks = await BlobDisks.create();
  const writer = await disks.open();
  const offsets: number[] = [];
  let segment = '';
  for (const [i, size] of sizes.entries()) {
    const [first] = await place(writer, sampleBytes(size, i), `label ${i}`);
    segment = first?.ref.extents[0]?.segment ?? '';
    offsets.push(first?.ref.extents[0]?.offset ?? -1);
  }
  await writer.close();
  return { disks, store: await disks.open(), segment, files: await disks.shardFiles(segment), offsets };
}

/** A packed stripe of one blob. */
const placeWhole: typeof placeStripe = async (store, bytes, text) => {
  const ref = store.place(bytes, Buffer.from(text));
  await store.flush();
  return [{ ref, bytes }];
};

async function gather<T>(items: AsyncIterable<T>): Promise<T[]> {
  const gathered: T[] = [];
  for await (const item of items) gathered.push(item);
  return gathered;
}

async function listed(store: ErasureBlobStore, segment: string): Promise<StripeListing[]> {
  return gather(store.listings(segment));
}

async function labels(store: ErasureBlobStore, segment: string): Promise<(string | undefined)[]> {
  return (await listed(store, segment)).map(
    ({ entries }) => entries && Buffer.from(entries[0]?.label ?? []).toString(),
  );
}

async function regionsOf({ segment, files }: Packed): Promise<(WalkedStripe | WalkedGap)[]> {
  const copies = files.map((path, shard) => ({ shard, path }));
  const segmentFiles: SegmentFiles = { segment, scheme: SCHEMES['6+3'], copies };
  await using walk = new SegmentWalk(segmentFiles, { depth: 'everything' });
  await walk.open();
  return gather(walk.regions());
}

const SIZES = [5, 4096, 500_000, 100, 1_000_000];
/** Blobs of which each begins a page. */
const LARGE_SIZES = [300_000, 1_000_000, 262_144];

describe('a whole segment', () => {
  it('of packed stripes → every stripe in order, with its label', async () => {
    const { store, segment, offsets } = await packed(SIZES);
    const listings = await listed(store, segment);
    expect(listings.map(({ offset }) => offset)).toEqual(offsets);
    expect(await labels(store, segment)).toEqual(SIZES.map((_, i) => `label ${i}`));
    const dataBytes = SIZES.reduce((sum, size) => sum + size, 0);
    expect(await store.measure(segment)).toEqual({ dataBytes, stripes: SIZES.length });
  });

  it('of packed stripes of large blobs, with what fills up pages between them → the same', async () => {
    const { store, segment, offsets } = await packed(LARGE_SIZES, placeWhole);
    expect(offsets.map((offset) => offset % PAGE_BYTES)).toEqual(LARGE_SIZES.map(() => 0));
    expect((await listed(store, segment)).map(({ offset }) => offset)).toEqual(offsets);
    expect(await labels(store, segment)).toEqual(LARGE_SIZES.map((_, i) => `label ${i}`));
  });

  it('of one large blob → the label is with the last stripe', async () => {
    const disks = await BlobDisks.create();
    const writer = await disks.open();
    const size = 2 * STRIPE_BYTES_MAX + 5;
    const segment = (await writer.write(inPieces(sampleBytes(size, 1)), label('large'))).extents[0]?.segment ?? '';
    await writer.close();
    const store = await disks.open();
    const entries = (await listed(store, segment)).map((listing) => listing.entries?.[0]);
    expect(entries.map((entry) => [entry?.blobOffset, entry?.length, entry?.isLast])).toEqual([
      [0, STRIPE_BYTES_MAX, false],
      [STRIPE_BYTES_MAX, STRIPE_BYTES_MAX, false],
      [2 * STRIPE_BYTES_MAX, 5, true],
    ]);
    expect(await store.measure(segment)).toEqual({ dataBytes: size, stripes: 3 });
  });

  it('that is open, or is none → nothing', async () => {
    const disks = await BlobDisks.create();
    const store = await disks.open();
    const ref = store.place(sampleBytes(5, 1), Buffer.from('x'));
    await store.flush();
    const segment = ref.extents[0]?.segment ?? '';
    expect(await store.measure(segment)).toBeUndefined();
    expect(await listed(store, segment)).toEqual([]);
    expect(await store.measure('00'.repeat(16))).toBeUndefined();
  });
});

describe('a damaged segment', () => {
  it('three shard files gone, in every stripe another header bad → the same listings', async () => {
    const { store, segment, files, offsets } = await packed(SIZES);
    await Promise.all([0, 4, 8].map((shard) => rm(files[shard] ?? '')));
    expect(await labels(store, segment)).toEqual(SIZES.map((_, i) => `label ${i}`));
    // With five left no directory can be read, but where the stripes lie is still known.
    for (const offset of offsets) await flipBit(files[1] ?? '', offset + 40);
    expect((await listed(store, segment)).map(({ offset, entries }) => [offset, entries])).toEqual(
      offsets.map((offset) => [offset, undefined]),
    );
    const dataBytes = SIZES.reduce((sum, size) => sum + size, 0);
    expect(await store.measure(segment)).toEqual({ dataBytes, stripes: SIZES.length });
  });

  it('all nine headers of a stripe bad → a gap there, and every stripe before and after it', async () => {
    for (const lost of [0, 2, 4]) {
      const segment = await packed(SIZES);
      for (const file of segment.files) await flipBit(file, (segment.offsets[lost] ?? 0) + 3);
      const regions = await regionsOf(segment);
      expect(regions.map(({ kind, offset }) => [kind, offset])).toEqual(
        segment.offsets.map((offset, i) => [i === lost ? 'gap' : 'stripe', offset]),
      );
      const end = regions.at(-1);
      expect((end?.offset ?? 0) + (end?.length ?? 0)).toBe((await readFile(segment.files[0] ?? '')).length);
    }
  });

  it('a block, a directory, a header, an end bad → told of that shard and no other', async () => {
    const segment = await packed([1_000_000]);
    const unit = 166_672;
    await flipBit(segment.files[1] ?? '', 128 + 65_536);
    await flipBit(segment.files[2] ?? '', 128 + unit);
    await flipBit(segment.files[3] ?? '', 12);
    await truncate(segment.files[4] ?? '', 128 + 65_536);
    await truncate(segment.files[5] ?? '', 0);
    const [stripe] = await regionsOf(segment);
    if (stripe?.kind !== 'stripe') throw new Error('a stripe is there');
    const states = stripe.parts.map(({ header, blocks, directory }) => [header !== undefined, blocks, !!directory]);
    const whole = [true, [true, true, true], true];
    expect(states).toEqual([
      whole,
      [true, [true, false, true], true],
      [true, [true, true, true], false],
      [false, [], false],
      [true, [true, false, false], false],
      [false, [], false],
      whole,
      whole,
      whole,
    ]);
  });

  it('a shard that has the stripe of another place → bad there; no stripe is found at what only looks like one', async () => {
    const segment = await packed([5, 6, 7]);
    const [first = 0, second = 0, third = 0] = segment.offsets;
    const bytes = (await readFile(segment.files[0] ?? '')).subarray(second, third);
    await overwrite(segment.files[0] ?? '', first, bytes);
    const regions = await regionsOf(segment);
    expect(regions.map(({ kind, offset }) => [kind, offset])).toEqual(segment.offsets.map((at) => ['stripe', at]));
    expect(regions.map((region) => region.kind === 'stripe' && region.parts.map(({ header }) => !!header))).toEqual([
      [false, ...new Array(8).fill(true)],
      new Array(9).fill(true),
      new Array(9).fill(true),
    ]);
  });
});
