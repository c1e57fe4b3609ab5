/** Shard files as version 1 of the format was first written: today's code reads them, and writes the same bytes. */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { createCoder, createCoderMemory } from '../../src/blob/coding/coder.ts';
import { encodeDirectory } from '../../src/blob/directory.ts';
import { EncoderPool } from '../../src/blob/encoder-pool.ts';
import { inspectShardFile, readStripeDirectory } from '../../src/blob/inspect.ts';
import { silentLog } from '../../src/blob/options.ts';
import { SCHEMES, type Scheme } from '../../src/blob/scheme.ts';
import { stripeBytesMax, unitFor } from '../../src/blob/stripe.ts';
import { StripeBuffers, stripeMemoryBytes } from '../../src/blob/stripe-buffers.ts';
import { StripeEncoder } from '../../src/blob/stripe-encoder.ts';
import type { BlobRef } from '../../src/blob/types.ts';
import { BlobDisks, readAll } from '../support/blob-disks.ts';
import { goldenBytes, goldenSizes } from './golden/content.ts';

interface Golden {
  readonly scheme: Scheme;
  readonly folder: string;
  /** Disk of each shard. */
  readonly disks: readonly number[];
}

const wide: Golden = { scheme: SCHEMES['6+3'], folder: 'version-1', disks: [0, 1, 2, 3, 4, 5, 6, 7, 8] };
const copies: Golden = { scheme: SCHEMES['1+2'], folder: 'version-1-copies', disks: [0, 3, 6] };

/** Puts the shards of each golden segment on their disks. */
async function unpack(disks: BlobDisks, golden: Golden): Promise<BlobRef[]> {
  await (await disks.open()).close();
  const folder = join(import.meta.dirname, 'golden', golden.folder);
  for (const name of await readdir(folder)) {
    const shard = /^[0-9a-f]{32}\.(\d)\..*shard\.gz$/.exec(name)?.[1];
    if (shard === undefined) continue;
    const bytes = gunzipSync(await readFile(join(folder, name)));
    await writeFile(join(disks.path(golden.disks[Number(shard)] ?? 0), 'segments', name.slice(0, -3)), bytes);
  }
  return JSON.parse(await readFile(join(folder, 'refs.json'), 'utf8'));
}

function segmentOf(ref: BlobRef | undefined): string {
  return ref?.extents[0]?.segment ?? '';
}

describe('golden files of version 1', () => {
  it.each([
    { golden: wide, gone: [] },
    { golden: wide, gone: [0, 1, 2] },
    { golden: wide, gone: [3, 6, 8] },
    { golden: copies, gone: [] },
    { golden: copies, gone: [0, 3] },
    { golden: copies, gone: [3, 4, 5, 6] },
  ])('$golden.scheme.name: read right with disks $gone gone', async ({ golden, gone }) => {
    const disks = await BlobDisks.create();
    const refs = await unpack(disks, golden);
    const store = await disks.open();
    await disks.moveAway(gone);
    await store.checkDisks();
    const { packed, streamed } = goldenSizes[golden.scheme.name];
    expect(refs.map(({ size }) => size)).toEqual([...packed, streamed]);
    for (const ref of refs) {
      expect((await readAll(store, ref)).equals(goldenBytes(ref.size))).toBe(true);
      expect(await store.isIntact(ref)).toBe(true);
    }
  });

  it.each([
    { golden: wide, offsets: [0, 262_288] },
    { golden: copies, offsets: [0, 262_320, 524_640] },
  ])('$golden.scheme.name: name their blobs, in stripes at $offsets', async ({ golden, offsets }) => {
    const disks = await BlobDisks.create();
    const refs = await unpack(disks, golden);
    const packedFiles = await disks.shardFiles(segmentOf(refs[0]));
    const labels = (await readStripeDirectory(packedFiles, 0))?.map((entry) => Buffer.from(entry.label).toString());
    expect(labels).toEqual(goldenSizes[golden.scheme.name].packed.map((size) => `small ${size}`));
    const files = await disks.shardFiles(segmentOf(refs.at(-1)));
    const found = [];
    for await (const region of inspectShardFile(files.at(-1) ?? '')) {
      expect(region).toMatchObject({ kind: 'stripe', header: { scheme: golden.scheme.name }, badBlocks: [] });
      found.push(region.offset);
    }
    expect(found).toEqual(offsets);
    expect((await readStripeDirectory(files, offsets.at(-1) ?? 0))?.[0]?.label.toString()).toBe('large');
  });

  it.each([wide, copies])('$scheme.name: are what would be written today', async (golden) => {
    const disks = await BlobDisks.create();
    const refs = await unpack(disks, golden);
    const { scheme } = golden;
    const coder = createCoder(createCoderMemory(stripeMemoryBytes(1)));
    const encoder = new StripeEncoder(new StripeBuffers(coder, 1), new EncoderPool(0, silentLog));
    /** Encodes stripes with this data, directories taken from the golden ones, and compares them with the golden files. */
    const expectSame = async (segment: string, stripes: readonly Buffer[]) => {
      const files = await disks.shardFiles(segment);
      const written = files.map((): Buffer[] => []);
      let offset = 0;
      for (const data of stripes) {
        const directory = encodeDirectory((await readStripeDirectory(files, offset)) ?? []);
        const directoryUnit = unitFor(scheme, directory.length);
        const plan = { scheme, segment, offset, dataLength: data.length, directory, directoryUnit };
        const pieces = encoder.encodeCopy(plan, data);
        for (const [shard, shardPieces] of pieces.entries()) written[shard]?.push(...shardPieces);
        offset += Buffer.concat(pieces[0] ?? []).length;
      }
      expect(written).toHaveLength(scheme.shards);
      for (const [shard, path] of files.entries())
        expect(Buffer.concat(written[shard] ?? []).equals(await readFile(path))).toBe(true);
    };
    const { packed, streamed } = goldenSizes[scheme.name];
    await expectSame(segmentOf(refs[0]), [Buffer.concat(packed.map(goldenBytes))]);
    const full = stripeBytesMax(scheme);
    const starts = Array.from({ length: Math.ceil(streamed / full) }, (_, i) => i * full);
    const large = goldenBytes(streamed);
    await expectSame(
      segmentOf(refs.at(-1)),
      starts.map((start) => large.subarray(start, start + full)),
    );
  });
});
