/**
 * Shards that are sealed as they should be and are not what the others say, as a fault of the program or of the machine
 * would write them: scrub finds them, and repair mends them where it can be told which is wrong.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { SegmentHealth } from '../../src/blob/maintenance/types.ts';
import type { SchemeName } from '../../src/blob/scheme.ts';
import { blockChecksums, decodeShardHeader, encodeShardHeader } from '../../src/blob/shard-header.ts';
import type { ErasureBlobStore } from '../../src/blob/store.ts';
import { BLOCK_BYTES, HEADER_BYTES } from '../../src/blob/stripe.ts';
import { BlobDisks, readAll, sampleBytes } from '../support/blob-disks.ts';
import { allShardFiles, expectSame, finish, mendAll, scrubAll } from '../support/maintenance.ts';

const SIZES = [4096, 900_000, 90];

async function scene(scheme: SchemeName) {
  const disks = await BlobDisks.create();
  const store = await disks.open();
  const sizes = scheme === '1+2' ? [4096, 150_000, 90] : SIZES;
  const kept = [];
  for (const [i, size] of sizes.entries()) {
    const bytes = sampleBytes(size, i);
    kept.push({ ref: store.place(bytes, Buffer.from(`label ${i}`), { scheme }), bytes });
    await store.flush();
  }
  await store.close();
  const segment = kept[0]?.ref.extents[0]?.segment ?? '';
  const files = await disks.shardFiles(segment);
  const offsets = kept.map(({ ref }) => ref.extents[0]?.offset ?? 0);
  return { disks, kept, segment, files, offsets, saved: await allShardFiles(disks) };
}
type Scene = Awaited<ReturnType<typeof scene>>;

/** Changes a byte of a shard's part of a stripe, and seals it as if it were right. */
async function spoil(
  path: string,
  { offset, at, by = 1 }: { offset: number; at: number | 'directory'; by?: number },
): Promise<void> {
  const bytes = await readFile(path);
  const decoded = decodeShardHeader(bytes.subarray(offset, offset + HEADER_BYTES));
  if (!decoded.ok) throw new Error(decoded.reason);
  const { header } = decoded;
  const start = offset + HEADER_BYTES;
  const spot = start + (at === 'directory' ? header.unit + 3 : at);
  bytes[spot] = (bytes[spot] ?? 0) ^ by;
  const directory = bytes.subarray(start + header.unit, start + header.unit + header.directoryUnit);
  const blockCrcs = blockChecksums(bytes.subarray(start, start + header.unit), BLOCK_BYTES);
  encodeShardHeader(
    { ...header, blockCrcs, directoryCrc: crc32(directory) },
    bytes.subarray(offset, offset + HEADER_BYTES),
  );
  await writeFile(path, bytes);
}

function healthOf(store: ErasureBlobStore, { segment }: Scene): SegmentHealth {
  const found = store.maintenance.health().find((health) => health.segment === segment);
  if (!found) throw new Error('the segment is gone');
  return found;
}

describe.each([
  ['6+3', [0, 5, 6, 8]],
  ['1+2', [0, 1, 2]],
] as const)('%s', (scheme, shards) => {
  it.each(shards)('shard %i is validly sealed and wrong → found, and mended to what it was', async (shard) => {
    const all = await scene(scheme);
    const file = all.files[shard] ?? '';
    await spoil(file, { offset: all.offsets[1] ?? 0, at: 140_000 });
    await spoil(file, { offset: all.offsets[1] ?? 0, at: 7 });
    await spoil(file, { offset: all.offsets[2] ?? 0, at: 'directory' });
    const store = await all.disks.open();
    await scrubAll(store);
    expect(healthOf(store, all)).toMatchObject({ damaged: [shard], isContradicted: true, undecidedStripes: [] });
    await mendAll(store);
    expectSame(await allShardFiles(all.disks), all.saved);
    expect(healthOf(store, all)).toMatchObject({ damaged: [], isContradicted: false });
    for (const { ref, bytes } of all.kept) expect((await readAll(store, ref)).equals(bytes)).toBe(true);
  });

  it('nothing is wrong → nothing is found', async () => {
    const all = await scene(scheme);
    const store = await all.disks.open();
    await scrubAll(store);
    expect(healthOf(store, all)).toMatchObject({ damaged: [], isContradicted: false, undecidedStripes: [] });
  });

  it('two are wrong in one stripe → it is said where, and nothing is written', async () => {
    const all = await scene(scheme);
    const offset = all.offsets[1] ?? 0;
    await spoil(all.files[0] ?? '', { offset, at: 7 });
    await spoil(all.files[2] ?? '', { offset, at: 9, by: 2 });
    const before = await allShardFiles(all.disks);
    const store = await all.disks.open();
    await scrubAll(store);
    expect(healthOf(store, all)).toMatchObject({ damaged: [], undecidedStripes: [offset] });
    await mendAll(store);
    expectSame(await allShardFiles(all.disks), before);
    // Put right, it is forgotten at the next scrub.
    for (const [path, bytes] of all.saved) await writeFile(`${all.disks.root}/${path}`, bytes);
    await finish(store.maintenance.scrub(all.segment));
    expect(healthOf(store, all).undecidedStripes).toEqual([]);
  });
});

it('too few shards are there to tell which is wrong → said, and mended once the others are back', async () => {
  const all = await scene('6+3');
  const offset = all.offsets[1] ?? 0;
  await spoil(all.files[3] ?? '', { offset, at: 7 });
  const away = [0, 1].map((shard) => all.disks.paths.findIndex((path) => all.files[shard]?.startsWith(path)));
  const store = await all.disks.open();
  await all.disks.moveAway(away);
  await store.checkDisks();
  await scrubAll(store);
  expect(healthOf(store, all)).toMatchObject({ damaged: [], undecidedStripes: [offset] });
  await all.disks.moveBack(away);
  await store.checkDisks();
  await scrubAll(store);
  expect(healthOf(store, all)).toMatchObject({ damaged: [3], undecidedStripes: [] });
  await mendAll(store);
  expectSame(await allShardFiles(all.disks), all.saved);
});

it('a shard that is wrong by what others say, and known from before a restart → mended without another scrub', async () => {
  const all = await scene('6+3');
  await spoil(all.files[7] ?? '', { offset: all.offsets[0] ?? 0, at: 7 });
  const store = await all.disks.open();
  store.maintenance.markDamaged(all.segment, { shards: [7], isContradicted: true });
  await mendAll(store);
  expectSame(await allShardFiles(all.disks), all.saved);
});
