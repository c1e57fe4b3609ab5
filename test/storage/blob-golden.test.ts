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
import { SCHEMES } from '../../src/blob/scheme.ts';
import { StripeBuffers, stripeMemoryBytes } from '../../src/blob/stripe-buffers.ts';
import { StripeEncoder } from '../../src/blob/stripe-encoder.ts';
import type { BlobRef } from '../../src/blob/types.ts';
import { BlobDisks, readAll } from '../support/blob-disks.ts';
import { goldenBytes } from './golden/content.ts';

const GOLDEN = join(import.meta.dirname, 'golden', 'version-1');

/** Puts shard n of each golden segment on disk n. */
async function unpack(disks: BlobDisks): Promise<BlobRef[]> {
  await (await disks.open()).close();
  for (const name of await readdir(GOLDEN)) {
    const shard = /\.(\d)\.shard\.gz$/.exec(name)?.[1];
    if (shard === undefined) continue;
    const bytes = gunzipSync(await readFile(join(GOLDEN, name)));
    await writeFile(join(disks.path(Number(shard)), 'segments', name.slice(0, -3)), bytes);
  }
  return JSON.parse(await readFile(join(GOLDEN, 'refs.json'), 'utf8'));
}

describe('golden files of version 1', () => {
  it.each([[[]], [[0, 1, 2]], [[3, 6, 8]]])('read right with disks %j gone', async (gone: number[]) => {
    const disks = await BlobDisks.create();
    const refs = await unpack(disks);
    const store = await disks.open();
    await disks.moveAway(gone);
    await store.checkDisks();
    expect(refs.map(({ size }) => size)).toEqual([5, 4096, 500_000, 2 * 1024 * 1024]);
    for (const ref of refs) {
      expect((await readAll(store, ref)).equals(goldenBytes(ref.size))).toBe(true);
      expect(await store.isIntact(ref)).toBe(true);
    }
  });

  it('name their blobs', async () => {
    const disks = await BlobDisks.create();
    const refs = await unpack(disks);
    const files = await Promise.all(refs.map((ref) => disks.shardFiles(ref.extents[0]?.segment ?? '')));
    const labels = (await readStripeDirectory(files[0] ?? [], 0))?.map((entry) => Buffer.from(entry.label).toString());
    expect(labels).toEqual(['small 5', 'small 4096', 'small 500000']);
    const offsets = [];
    for await (const region of inspectShardFile(files[3]?.[7] ?? '')) offsets.push(region.offset);
    expect(offsets).toEqual([0, 262_288]);
    expect((await readStripeDirectory(files[3] ?? [], 262_288))?.[0]?.label.toString()).toBe('large');
  });

  it('are what would be written today', async () => {
    const disks = await BlobDisks.create();
    const refs = await unpack(disks);
    const coder = createCoder(createCoderMemory(stripeMemoryBytes(1)));
    const encoder = new StripeEncoder(coder, new StripeBuffers(coder.memory, 1), new EncoderPool(coder, 0, silentLog));
    const packed = Buffer.concat(refs.slice(0, 3).map(({ size }) => goldenBytes(size)));
    const segment = refs[0]?.extents[0]?.segment ?? '';
    const files = await disks.shardFiles(segment);
    const directory = encodeDirectory((await readStripeDirectory(files, 0)) ?? []);
    const plan = {
      scheme: SCHEMES['6+3'],
      segment,
      offset: 0,
      dataLength: packed.length,
      directory,
      directoryUnit: 32,
    };
    for (const [shard, pieces] of encoder.encodeCopy(plan, packed).entries()) {
      expect(Buffer.concat(pieces).equals(await readFile(files[shard] ?? ''))).toBe(true);
    }
  });
});
