/** Damage of every kind is found by scrub, mended by repair, and the shard files are then what they were, byte by byte. */
import { copyFile, readFile, rename, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Coder, createCoder, createCoderMemory } from '../../src/blob/coding/coder.ts';
import { DiskGate } from '../../src/blob/disk-gate.ts';
import { createDisk } from '../../src/blob/disk-identity.ts';
import { rewriteShards } from '../../src/blob/maintenance/rewrite-segment.ts';
import { SCHEMES } from '../../src/blob/scheme.ts';
import type { ErasureBlobStore } from '../../src/blob/store.ts';
import { HEADER_BYTES, STRIPE_BYTES_MAX } from '../../src/blob/stripe.ts';
import { StripeBuffers, stripeMemoryBytes } from '../../src/blob/stripe-buffers.ts';
import type { BlobRef } from '../../src/blob/types.ts';
import {
  BlobDisks,
  CLUSTER_ID,
  flipBit,
  inPieces,
  label,
  overwrite,
  placeStripe,
  readAll,
  sampleBytes,
} from '../support/blob-disks.ts';
import { eventually } from '../support/eventually.ts';
import { FaultyFiles } from '../support/faulty-files.ts';
import { allShardFiles, expectSame, finish, mendAll, scrubAll } from '../support/maintenance.ts';

interface Kept {
  readonly ref: BlobRef;
  readonly bytes: Buffer;
}

interface Scene {
  readonly disks: BlobDisks;
  readonly kept: readonly Kept[];
  /** Segment of the small blobs, and its shard files, by shard. */
  readonly segment: string;
  readonly files: string[];
  /** Offsets of its stripes. */
  readonly offsets: readonly number[];
  readonly saved: Map<string, Buffer>;
}

const STRIPE_SIZES = [1, 4096, 700_000, 90];

/** A segment of packed stripes and one of a large blob, sealed as the store that wrote them is closed. */
async function scene(): Promise<Scene> {
  const disks = await BlobDisks.create();
  const store = await disks.open();
  const kept: Kept[] = [];
  for (const [i, size] of STRIPE_SIZES.entries()) {
    kept.push(...(await placeStripe(store, sampleBytes(size, i), `label ${i}`)));
  }
  const segment = kept[0]?.ref.extents[0]?.segment ?? '';
  const offsets = [...new Set(kept.map(({ ref }) => ref.extents[0]?.offset ?? 0))];
  const large = sampleBytes(STRIPE_BYTES_MAX + 200_000, 9);
  kept.push({ ref: await store.write(inPieces(large), label('large')), bytes: large });
  await store.close();
  return { disks, kept, segment, files: await disks.shardFiles(segment), offsets, saved: await allShardFiles(disks) };
}

async function expectRight(store: ErasureBlobStore, kept: readonly Kept[]): Promise<void> {
  for (const { ref, bytes } of kept) expect((await readAll(store, ref)).equals(bytes)).toBe(true);
}

/** Opens the store on what was done to the files, has it found and mended, and compares. */
async function expectMended({ disks, kept, saved }: Scene): Promise<void> {
  const store = await disks.open();
  await scrubAll(store);
  await mendAll(store);
  expectSame(await allShardFiles(disks), saved);
  await expectRight(store, kept);
  expect(store.maintenance.health().every(({ sparesLeft }) => sparesLeft === 3)).toBe(true);
  await store.close();
}

describe('a damaged shard file', () => {
  it('a bit flipped in every field of a header, one after another → what it was', async () => {
    const all = await scene();
    const fields = [0, 8, 10, 11, 12, 13, 14, 16, 32, 40, 44, 48, 52, 56, 60, 72, 76, 124];
    for (const [i, field] of fields.entries()) {
      const shard = i % 9;
      await flipBit(all.files[shard] ?? '', (all.offsets[i % all.offsets.length] ?? 0) + field, i % 8);
      await expectMended(all);
    }
  });

  it('bits flipped in several blocks and directories of three shards → what it was, each file written once', async () => {
    const all = await scene();
    const stripe = all.offsets[2] ?? 0;
    const unit = 116_672;
    for (const shard of [0, 4, 8]) {
      await flipBit(all.files[shard] ?? '', stripe + HEADER_BYTES + 70_000);
      await flipBit(all.files[shard] ?? '', stripe + HEADER_BYTES + unit + 3);
      await flipBit(all.files[shard] ?? '', (all.offsets[1] ?? 0) + HEADER_BYTES);
    }
    const files = FaultyFiles.install();
    await expectMended(all);
    expect(files.calls.filter(({ operation, path }) => operation === 'open' && path.endsWith('.new'))).toHaveLength(3);
  });

  it('a different block bad in every shard → what it was', async () => {
    const all = await scene();
    for (const [shard, file] of all.files.entries()) {
      await flipBit(file, (all.offsets[2] ?? 0) + HEADER_BYTES + (shard % 2) * 65_536 + 1);
      if (shard < 3) await flipBit(file, (all.offsets[0] ?? 0) + 20);
      else if (shard < 6) await flipBit(file, (all.offsets[1] ?? 0) + 20);
      else await flipBit(file, (all.offsets[3] ?? 0) + 20);
    }
    // Of each block of the large stripe four or five shards are bad: nothing gives it back, and all else is mended.
    const store = await all.disks.open();
    await scrubAll(store);
    await mendAll(store);
    const found = store.maintenance.health().find(({ segment }) => segment === all.segment);
    expect(found?.unreadableStripes).toBe(1);
    await expectRight(
      store,
      all.kept.filter(({ ref: { extents } }) => extents[0]?.offset !== all.offsets[2]),
    );
    await store.close();
    for (const [shard, file] of all.files.entries()) {
      await flipBit(file, (all.offsets[2] ?? 0) + HEADER_BYTES + (shard % 2) * 65_536 + 1);
    }
    expectSame(await allShardFiles(all.disks), all.saved);
  });

  it('cut off at every boundary of a stripe, and emptied → what it was', async () => {
    const all = await scene();
    const [, second = 0] = all.offsets;
    const last = all.offsets.at(-1) ?? 0;
    const cuts = [0, 1, HEADER_BYTES, second - 1, second, second + 64, last + HEADER_BYTES, last + HEADER_BYTES + 16];
    for (const [i, cut] of cuts.entries()) {
      await truncate(all.files[i % 9] ?? '', cut);
      await expectMended(all);
    }
  });

  it('a stripe written over with another one, and twice → what it was', async () => {
    const all = await scene();
    const [first = 0, second = 0, third = 0] = all.offsets;
    const file = all.files[3] ?? '';
    const bytes = await readFile(file);
    await overwrite(file, first, bytes.subarray(second, third));
    await overwrite(all.files[5] ?? '', second, bytes.subarray(second, third));
    await expectMended(all);
  });

  it('files of two segments, and of two shards, swapped → what they were', async () => {
    const all = await scene();
    const other = await all.disks.shardFiles(all.kept.at(-1)?.ref.extents[0]?.segment ?? '');
    const swap = async (a: string, b: string): Promise<void> => {
      await rename(a, `${a}.x`);
      await rename(b, a);
      await rename(`${a}.x`, b);
    };
    await swap(all.files[2] ?? '', other[6] ?? '');
    await swap(all.files[0] ?? '', all.files[1] ?? '');
    await expectMended(all);
  });

  it('an older state of a file put back → what it was, found by its length alone', async () => {
    const all = await scene();
    const file = all.files[7] ?? '';
    await writeFile(file, (await readFile(file)).subarray(0, all.offsets[2]));
    const store = await all.disks.open();
    await mendAll(store);
    expectSame(await allShardFiles(all.disks), all.saved);
  });

  it('three files removed → rebuilt', async () => {
    const all = await scene();
    for (const shard of [1, 5, 6]) await rm(all.files[shard] ?? '');
    await expectMended(all);
  });
});

describe('stripes that were never committed', () => {
  it('of fewer shards than hold data → the rest is mended, and they stay what they are', async () => {
    const all = await scene();
    const last = all.offsets.at(-1) ?? 0;
    for (const file of all.files.slice(0, 4)) await truncate(file, last);
    await rm(all.files[8] ?? '');
    await flipBit(all.files[5] ?? '', 200);
    const store = await all.disks.open();
    await scrubAll(store);
    await mendAll(store);
    const found = await allShardFiles(all.disks);
    for (const [shard, file] of all.files.entries()) {
      const path = file.slice(all.disks.root.length + 1);
      const whole = all.saved.get(path) ?? Buffer.of();
      const expected = shard < 4 || shard === 8 ? whole.subarray(0, last) : whole;
      expect(found.get(path)?.equals(expected)).toBe(true);
    }
    const health = store.maintenance.health().find(({ segment }) => segment === all.segment);
    expect(health).toMatchObject({ missing: [], damaged: [], unreadableStripes: 1, repairable: 0 });
    const isLast = ({ ref: { extents } }: Kept): boolean =>
      extents[0]?.segment === all.segment && extents[0].offset === last;
    for (const { ref } of all.kept.filter(isLast)) expect(await store.isIntact(ref)).toBe(false);
    await expectRight(
      store,
      all.kept.filter((blob) => !isLast(blob)),
    );
  });
});

describe('disks replaced by empty ones', () => {
  it('three of nine → every file is written again', async () => {
    const all = await scene();
    for (const disk of [0, 4, 8]) {
      await rm(all.disks.path(disk), { recursive: true });
      await createDisk(all.disks.path(disk), { clusterId: CLUSTER_ID, zone: `zone-${Math.floor(disk / 3)}` });
    }
    const store = await all.disks.open();
    expect(store.maintenance.health().map(({ sparesLeft }) => sparesLeft)).toEqual([0, 0]);
    await mendAll(store);
    expect(store.maintenance.health().map(({ sparesLeft }) => sparesLeft)).toEqual([3, 3]);
    await all.disks.moveAway([1, 2, 3]);
    await store.checkDisks();
    await expectRight(store, all.kept);
  });
});

describe('repair under way', () => {
  it('left in the middle → the old files stay, no other is left, and the next one starts anew', async () => {
    const all = await scene();
    await rm(all.files[1] ?? '');
    const before = await allShardFiles(all.disks);
    const store = await all.disks.open();
    const work = store.maintenance.repair(all.segment);
    expect((await work.next()).done).toBe(false);
    await work.return();
    expectSame(await allShardFiles(all.disks), before);
    await mendAll(store);
    expectSame(await allShardFiles(all.disks), all.saved);
  });

  it('a file that was being written when the process ended → removed at the start', async () => {
    const all = await scene();
    await copyFile(all.files[1] ?? '', `${all.files[1]}.new`);
    await all.disks.open();
    expectSame(await allShardFiles(all.disks), all.saved);
  });

  it('what was written does not read back → the file that was there stays', async () => {
    const all = await scene();
    const segment = all.kept.at(-1)?.ref.extents[0]?.segment ?? '';
    const [file = ''] = await all.disks.shardFiles(segment);
    await flipBit(file, 100);
    const before = await allShardFiles(all.disks);
    const store = await all.disks.open();
    store.maintenance.markDamaged(segment, { shards: [0], isContradicted: false });
    const work = store.maintenance.repair(segment);
    const written = async () => (await stat(`${file}.new`).catch(() => undefined))?.size ?? 0;
    while ((await written()) === 0) expect((await work.next()).done).toBe(false);
    await flipBit(`${file}.new`, 5000);
    await expect(finish(work)).rejects.toThrow('does not read back');
    expectSame(await allShardFiles(all.disks), before);
  });

  it('a processor that computes wrongly → nothing is written', async () => {
    const all = await scene();
    const coder = createCoder(createCoderMemory(stripeMemoryBytes(1)));
    let recoveries = 0;
    const broken: Coder = {
      ...coder,
      recover: (rows, span) => {
        coder.recover(rows, span);
        const at = span.output + span.length - 1;
        if (recoveries++ === 2) coder.bytes[at] = (coder.bytes[at] ?? 0) ^ 4;
      },
    };
    const tools = { coder: broken, scratch: new StripeBuffers(coder, 1).scratch };
    const copies = all.files.map((path, shard) => ({ shard, path })).slice(1);
    const place = { shard: 0, path: all.files[0] ?? '', gate: new DiskGate(60_000, () => {}) };
    const before = await allShardFiles(all.disks);
    const work = rewriteShards({ segment: all.segment, scheme: SCHEMES['6+3'], copies }, [place], tools);
    await expect(finish(work)).rejects.toThrow('computed wrongly');
    expectSame(await allShardFiles(all.disks), before);
  });

  it('readers that began before → go on with what they have', async () => {
    const all = await scene();
    const large = all.kept.at(-1);
    const segment = large?.ref.extents[0]?.segment ?? '';
    const files = await all.disks.shardFiles(segment);
    await flipBit(files[8] ?? '', 500);
    const store = await all.disks.open();
    if (!large) return;
    const reading = store.read(large.ref, { start: 0, end: large.ref.size });
    const pieces = [(await reading.next()).value];
    await scrubAll(store);
    await mendAll(store);
    for await (const piece of reading) pieces.push(piece);
    expect(Buffer.concat(pieces).equals(large.bytes)).toBe(true);
    expectSame(await allShardFiles(all.disks), all.saved);
  });

  it('its segment dropped meanwhile → it stays dropped', async () => {
    const all = await scene();
    await rm(all.files[1] ?? '');
    const store = await all.disks.open();
    const work = store.maintenance.repair(all.segment);
    await work.next();
    expect(await store.drop(all.segment)).toBe(true);
    await finish(work);
    const left = [...(await allShardFiles(all.disks)).keys()];
    expect(left.filter((path) => path.includes(all.segment))).toEqual([]);
  });
});

describe('damage that is met by a read', () => {
  it('a block of a data shard → the read is right, the segment is known to be damaged, and mended', async () => {
    const all = await scene();
    await flipBit(all.files[0] ?? '', (all.offsets[1] ?? 0) + HEADER_BYTES + 5);
    const store = await all.disks.open();
    await expectRight(store, all.kept);
    const health = () => store.maintenance.health().find(({ segment }) => segment === all.segment);
    // The shard may have been late: others were asked in its place then, and it comes all the same.
    const found = { damaged: [0], goodShards: 8, sparesLeft: 2, repairable: 1 };
    await eventually(() => expect(health()).toMatchObject(found));
    await finish(store.maintenance.repair(all.segment));
    expectSame(await allShardFiles(all.disks), all.saved);
  });
});

describe('a shard that lies on two disks', () => {
  it('one of them damaged → one copy goes', async () => {
    const all = await scene();
    const stray = join(all.disks.path(0), 'segments');
    const [own] = all.files.filter((file) => file.startsWith(stray));
    const other = all.files.find((file) => !file.startsWith(stray)) ?? '';
    expect(own).toBeDefined();
    const copy = join(stray, other.slice(other.lastIndexOf('/') + 1));
    await copyFile(other, copy);
    await flipBit(other, 300);
    const store = await all.disks.open();
    await mendAll(store);
    await scrubAll(store);
    await mendAll(store);
    await expectRight(store, all.kept);
    const names = [...(await allShardFiles(all.disks)).keys()].map((path) => path.slice(path.lastIndexOf('/')));
    expect(new Set(names).size).toBe(names.length);
    await scrubAll(store);
    expect(store.maintenance.health().every(({ sparesLeft }) => sparesLeft === 3)).toBe(true);
  });

  it('both damaged, and needed for what the other lacks → neither goes before the shard is whole', async () => {
    const all = await scene();
    const [first = '', second = '', third = '', fourth = ''] = all.files;
    for (const file of [second, third, fourth]) await rm(file);
    const copy = join(second, '..', basename(first));
    await copyFile(first, copy);
    await flipBit(first, (all.offsets[1] ?? 0) + HEADER_BYTES + 5);
    await flipBit(copy, (all.offsets[2] ?? 0) + HEADER_BYTES + 5);
    const store = await all.disks.open();
    await mendAll(store);
    await scrubAll(store);
    await mendAll(store);
    const byName = (files: Map<string, Buffer>) => new Map([...files].map(([path, bytes]) => [basename(path), bytes]));
    const found = await allShardFiles(all.disks);
    expect(byName(found).size).toBe(found.size);
    expectSame(byName(found), byName(all.saved));
  });
});

describe('a shard that is taken for damaged', () => {
  it('and is not → nothing is written, and it is not taken for damaged any more', async () => {
    const all = await scene();
    const store = await all.disks.open();
    const before = await stat(all.files[2] ?? '');
    store.maintenance.markDamaged(all.segment, { shards: [2], isContradicted: false });
    const degraded = () => store.maintenance.health().filter(({ damaged }) => damaged.length > 0);
    expect(degraded()).toHaveLength(1);
    // The file is read once, and that is all.
    expect(await finish(store.maintenance.repair(all.segment))).toBe(before.size);
    expect(degraded()).toEqual([]);
    expect((await stat(all.files[2] ?? '')).ino).toBe(before.ino);
  });

  it('while others are too, unknown as yet → it is rebuilt from those that are not', async () => {
    const all = await scene();
    for (const shard of [0, 1, 3]) await flipBit(all.files[shard] ?? '', (all.offsets[2] ?? 0) + HEADER_BYTES + 9);
    const store = await all.disks.open();
    store.maintenance.markDamaged(all.segment, { shards: [0], isContradicted: false });
    await finish(store.maintenance.repair(all.segment));
    const [file = ''] = all.files;
    expect((await readFile(file)).equals(all.saved.get(relative(all.disks.root, file)) ?? Buffer.of())).toBe(true);
  });

  it('a read of what cannot be read at all → nothing is taken for damaged', async () => {
    const all = await scene();
    const stripe = all.offsets[0] ?? 0;
    for (const file of all.files.slice(0, 4)) await flipBit(file, stripe + 30);
    const store = await all.disks.open();
    const ref = all.kept[0]?.ref;
    if (ref) await expect(readAll(store, ref)).rejects.toMatchObject({ code: 'Unreadable' });
    expect(store.maintenance.health().every(({ damaged }) => damaged.length === 0)).toBe(true);
  });
});
