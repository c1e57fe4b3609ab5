/** Segments of 1+2, three full copies of which each zone has one, alone and beside those of 6+3. */
import { readdir, readFile, rm, truncate } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { ALL_SCHEMES, SCHEMES, type Scheme, type SchemeName } from '../../src/blob/scheme.ts';
import type { ErasureBlobStore } from '../../src/blob/store.ts';
import { BLOCK_BYTES, HEADER_BYTES, stripeBytesMax, UNIT_BYTES_MAX } from '../../src/blob/stripe.ts';
import type { BlobRef } from '../../src/blob/types.ts';
import { BlobDisks, flipBit, inPieces, label, overwrite, readAll, sampleBytes } from '../support/blob-disks.ts';
import { failNext } from '../support/failing-calls.ts';
import { allShardFiles, expectSame, mendAll, scrubAll } from '../support/maintenance.ts';

const KIB = 1024;
const COPIES = { scheme: '1+2' } as const;
const LOST = { name: 'BlobError', code: 'WriteQuorumLost' };
const UNREADABLE = { name: 'BlobError', code: 'Unreadable' };

interface Kept {
  readonly ref: BlobRef;
  readonly bytes: Buffer;
}

/** Sizes at which something begins: an alignment, a block, a unit, a stripe, the next of each. */
function sizesOf({ dataShards }: Scheme): number[] {
  const turns = [16, BLOCK_BYTES, UNIT_BYTES_MAX].flatMap((bytes) => [bytes, bytes * dataShards]);
  const around = [...turns, 2 * dataShards * UNIT_BYTES_MAX].flatMap((at) => [at - 1, at, at + 1]);
  return [...new Set([1, ...around, 3 * dataShards * UNIT_BYTES_MAX + 70_001])].sort((a, b) => a - b);
}

/** A small blob, a packed one and a streamed one of three stripes. */
async function keepSome(store: ErasureBlobStore, scheme: SchemeName, seed = 1): Promise<Kept[]> {
  const small = sampleBytes(3000, seed);
  const packed = sampleBytes(200 * KIB, seed + 1);
  const kept = [small, packed].map((bytes) => ({ ref: store.place(bytes, Buffer.from('x'), { scheme }), bytes }));
  const large = sampleBytes(2 * stripeBytesMax(SCHEMES[scheme]) + 99, seed + 2);
  const written = store.write(inPieces(large), label('large'), { scheme });
  await store.flush();
  return [...kept, { ref: await written, bytes: large }];
}

async function expectRight(store: ErasureBlobStore, kept: readonly Kept[]): Promise<void> {
  for (const { ref, bytes } of kept) {
    expect((await readAll(store, ref)).equals(bytes)).toBe(true);
    expect(await store.isIntact(ref)).toBe(true);
  }
}

function segmentsOf(kept: readonly Kept[]): string[] {
  return [...new Set(kept.flatMap(({ ref }) => ref.extents.map(({ segment }) => segment)))];
}

/** Indexes of the disks that hold a segment, by shard. */
async function disksOf(disks: BlobDisks, segment: string): Promise<number[]> {
  const files = await disks.shardFiles(segment);
  return files.map((file) => disks.paths.indexOf(dirname(dirname(file))));
}

async function away(
  lost: readonly number[],
  { disks, store }: { disks: BlobDisks; store: ErasureBlobStore },
  run: () => Promise<void>,
): Promise<void> {
  await disks.moveAway(lost);
  await store.checkDisks();
  await run();
  await disks.moveBack(lost);
  await store.checkDisks();
}

const zoneDisks = (zone: number): number[] => [3 * zone, 3 * zone + 1, 3 * zone + 2];

describe.each(ALL_SCHEMES)('$name', (scheme) => {
  it('blobs of every size around a boundary, placed and written → read back, whole and in part, also after a restart', async () => {
    const disks = await BlobDisks.create();
    const store = await disks.open();
    const kept: Kept[] = [];
    const options = { scheme: scheme.name };
    for (const size of sizesOf(scheme)) {
      const bytes = sampleBytes(size, size);
      kept.push({ ref: await store.write(inPieces(bytes, 50_001), label('written'), options), bytes });
      if (size > store.placeLimitBytesOf(scheme.name)) continue;
      kept.push({ ref: store.place(bytes, Buffer.from('placed'), options), bytes });
    }
    await store.flush();
    await expectRight(store, kept);
    for (const { ref, bytes } of kept) {
      const turns = [0, BLOCK_BYTES, UNIT_BYTES_MAX, stripeBytesMax(scheme), bytes.length];
      for (const at of turns.filter((turn) => turn <= bytes.length)) {
        const range = { start: Math.max(0, at - 2), end: Math.min(bytes.length, at + 2) };
        expect((await readAll(store, ref, range)).equals(bytes.subarray(range.start, range.end))).toBe(true);
      }
    }
    const stored: Kept[] = kept.map(({ ref, bytes }) => ({ ref: JSON.parse(JSON.stringify(ref)), bytes }));
    await store.close();
    await expectRight(await disks.open(), stored);
  });

  it('a blob of the largest placed size fits in a stripe; one byte more is refused', async () => {
    const store = await (await BlobDisks.create()).open();
    const limit = store.placeLimitBytesOf(scheme.name);
    const bytes = sampleBytes(limit + 1, 1);
    expect(() => store.place(bytes, Buffer.of(), { scheme: scheme.name })).toThrow('small');
    const kept = [0, 1].map(() => bytes.subarray(0, limit));
    const refs = kept.map((part) => store.place(part, Buffer.alloc(64 * KIB, 1), { scheme: scheme.name }));
    await store.flush();
    for (const ref of refs) expect((await readAll(store, ref)).equals(bytes.subarray(0, limit))).toBe(true);
  });

  it('a blob that is too long for its segment → goes on in another of its scheme', async () => {
    const disks = await BlobDisks.create();
    const store = await disks.open({ segmentSizeMaxBytes: 600_000 });
    const bytes = sampleBytes(5 * stripeBytesMax(scheme), 4);
    const ref = await store.write(inPieces(bytes), label('long'), { scheme: scheme.name });
    expect(ref.extents).toHaveLength(3);
    for (const { segment } of ref.extents) expect(await disks.shardFiles(segment)).toHaveLength(scheme.shards);
    await expectRight(store, [{ ref, bytes }]);
  });
});

describe('both schemes in one store', () => {
  it('placed in one tick → each packed with its own, in nine files and in three, of which each zone has one', async () => {
    const disks = await BlobDisks.create();
    const store = await disks.open();
    const kept: Kept[] = [];
    for (let i = 0; i < 20; i++) {
      const bytes = sampleBytes(500 + i, i);
      kept.push({ ref: store.place(bytes, Buffer.of(), i % 2 === 0 ? COPIES : {}), bytes });
    }
    await store.flush();
    await expectRight(store, kept);
    const segments = segmentsOf(kept);
    expect(segments).toHaveLength(2);
    const [copies = '', wide = ''] = segments;
    expect(await disksOf(disks, wide)).toHaveLength(9);
    const zones = (await disksOf(disks, copies)).map((disk) => Math.floor(disk / 3));
    expect(zones.sort()).toEqual([0, 1, 2]);
    const names = (await Promise.all(disks.paths.map((path) => readdir(join(path, 'segments'))))).flat();
    expect(names.filter((name) => name.startsWith(copies)).sort()).toEqual(
      [0, 1, 2].map((shard) => `${copies}.${shard}.1+2.shard`),
    );
    expect(names.filter((name) => name.startsWith(wide)).sort()).toEqual(
      [0, 1, 2, 3, 4, 5, 6, 7, 8].map((shard) => `${wide}.${shard}.shard`),
    );
  });

  it('written at once → read at once; dropped → no file of either is left', async () => {
    const disks = await BlobDisks.create();
    const before = await disks.open({ encoderThreadCount: 2 });
    const kept = (await Promise.all(ALL_SCHEMES.map(({ name }, i) => keepSome(before, name, 10 * i)))).flat();
    await Promise.all(kept.map((one) => expectRight(before, [one])));
    const segments = segmentsOf(kept);
    await before.close();
    const store = await disks.open();
    await Promise.all(kept.map((one) => expectRight(store, [one])));
    expect(store.segments().every(({ shardBytes }) => shardBytes > 0)).toBe(true);
    for (const segment of segments) expect(await store.drop(segment)).toBe(true);
    for (const path of disks.paths) expect(await readdir(join(path, 'segments'))).toEqual([]);
  });
});

describe('copies lost', () => {
  it('any one or two of three → every blob reads right; all three → Unreadable, and nobody can say it never was whole', async () => {
    const disks = await BlobDisks.create();
    const store = await disks.open();
    const kept = await keepSome(store, '1+2');
    for (const one of kept) {
      const holders = await disksOf(disks, one.ref.extents[0]?.segment ?? '');
      for (let mask = 1; mask < 7; mask++) {
        const lost = holders.filter((_, shard) => mask & (1 << shard));
        await away(lost, { disks, store }, () => expectRight(store, [one]));
      }
      await away(holders, { disks, store }, async () => {
        await expect(readAll(store, one.ref)).rejects.toMatchObject(UNREADABLE);
        await expect(store.isIntact(one.ref)).rejects.toMatchObject(UNREADABLE);
      });
    }
    await expectRight(store, kept);
  });

  it('before the start: two of three → found by the third; all three → Unreadable, not gone', async () => {
    const disks = await BlobDisks.create();
    // All segments may lie on the same three disks: then only the registry knows that these are not new.
    const open = () => disks.open({ zones: disks.registeredZones });
    const before = await open();
    const [one] = await keepSome(before, '1+2');
    if (!one) return;
    const holders = await disksOf(disks, one.ref.extents[0]?.segment ?? '');
    await before.close();
    await disks.moveAway(holders.slice(1));
    const store = await open();
    await expectRight(store, [one]);
    await store.close();
    await disks.moveAway(holders.slice(0, 1));
    const without = await open();
    await expect(readAll(without, one.ref)).rejects.toMatchObject(UNREADABLE);
    await expect(without.isIntact(one.ref)).rejects.toMatchObject(UNREADABLE);
    await disks.moveBack(holders);
    await without.checkDisks();
    await expectRight(without, [one]);
  });

  it('none there to be seen, with disks of two zones away → of 6+3 it never was whole, of 1+2 nobody can say', async () => {
    const disks = await BlobDisks.create();
    const store = await disks.open();
    const gone = { segment: '0f'.repeat(16) };
    const refs = [{}, COPIES].map((options): BlobRef => {
      const ref: BlobRef = JSON.parse(JSON.stringify(store.place(Buffer.from('x'), Buffer.of(), options)));
      return { ...ref, extents: ref.extents.map((extent) => ({ ...extent, ...gone })) };
    });
    const [wide, copied] = refs;
    if (!wide || !copied) return;
    const verdicts = () => Promise.allSettled([store.isIntact(wide), store.isIntact(copied)]);
    const isFalse = { status: 'fulfilled', value: false };
    expect(await verdicts()).toEqual([isFalse, isFalse]);
    await away([0, 1, 2], { disks, store }, async () => expect(await verdicts()).toEqual([isFalse, isFalse]));
    await away([2, 5], { disks, store }, async () => {
      expect(await verdicts()).toMatchObject([isFalse, { status: 'rejected', reason: UNREADABLE }]);
    });
  });

  it('a block bad in two of three, another in the other two → each read from the copy that has it', async () => {
    const disks = await BlobDisks.create();
    const store = await disks.open();
    const bytes = sampleBytes(stripeBytesMax(SCHEMES['1+2']), 2);
    const ref = await store.write(inPieces(bytes), label('x'), COPIES);
    const files = await disks.shardFiles(ref.extents[0]?.segment ?? '');
    const spoil = (shard: number, block: number) => flipBit(files[shard] ?? '', HEADER_BYTES + block * BLOCK_BYTES + 7);
    for (const [shard, block] of [
      [0, 0],
      [1, 0],
      [0, 1],
      [2, 1],
      [1, 3],
      [2, 3],
    ] as const)
      await spoil(shard, block);
    await expectRight(store, [{ ref, bytes }]);
    await spoil(2, 0);
    expect(await store.isIntact(ref)).toBe(false);
    await expect(readAll(store, ref)).rejects.toMatchObject(UNREADABLE);
    const range = { start: BLOCK_BYTES, end: bytes.length };
    expect((await readAll(store, ref, range)).equals(bytes.subarray(BLOCK_BYTES))).toBe(true);
  });

  it('any bit of a copy flipped, header and directory too → read from the others', async () => {
    const disks = await BlobDisks.create();
    const store = await disks.open();
    const bytes = sampleBytes(100, 1);
    const ref = store.place(bytes, Buffer.from('label'), COPIES);
    await store.flush();
    const [copy = ''] = await disks.shardFiles(ref.extents[0]?.segment ?? '');
    for (let at = 0; at < HEADER_BYTES + 112; at++) {
      const putRight = await flipBit(copy, at, at % 8);
      expect((await readAll(store, ref)).equals(bytes)).toBe(true);
      await putRight();
    }
  });
});

describe('headers that say another scheme', () => {
  it('whole in themselves → not believed', async () => {
    const disks = await BlobDisks.create();
    const store = await disks.open();
    const bytes = sampleBytes(1000, 1);
    const ref = store.place(bytes, Buffer.from('label'), COPIES);
    await store.flush();
    for (const [shard, path] of (await disks.shardFiles(ref.extents[0]?.segment ?? '')).entries()) {
      const header = (await readFile(path)).subarray(0, HEADER_BYTES);
      header.set([6, 3], 10);
      header.writeUInt32LE(crc32(header.subarray(0, 124)), 124);
      await overwrite(path, 0, header);
      if (shard < 2) await expectRight(store, [{ ref, bytes }]);
    }
    expect(await store.isIntact(ref)).toBe(false);
    await expect(readAll(store, ref)).rejects.toMatchObject(UNREADABLE);
  });
});

describe('zones lost', () => {
  it.each([0, 1, 2])(
    'zone %i → copies are read and written, 6+3 is read; with a second zone copies are read',
    async (zone) => {
      const disks = await BlobDisks.create();
      const store = await disks.open();
      const kept = [...(await keepSome(store, '1+2')), ...(await keepSome(store, '6+3', 20))];
      const during: Kept[] = [];
      await away(zoneDisks(zone), { disks, store }, async () => {
        await expectRight(store, kept);
        during.push(...(await keepSome(store, '1+2', 40)));
        await expectRight(store, during);
        expect(() => store.place(Buffer.from('x'), Buffer.of())).toThrow(expect.objectContaining(LOST));
        await away(zoneDisks((zone + 1) % 3), { disks, store }, async () => {
          await expectRight(store, kept.slice(0, 3));
          expect(() => store.place(Buffer.from('x'), Buffer.of(), COPIES)).toThrow(expect.objectContaining(LOST));
          await expect(store.write(inPieces(Buffer.from('x')), label('x'), COPIES)).rejects.toMatchObject(LOST);
        });
      });
      // What was written on two copies stands the loss of either.
      await away(zoneDisks((zone + 1) % 3), { disks, store }, () => expectRight(store, during));
      await expectRight(store, [...kept, ...during, ...(await keepSome(store, '1+2', 60))]);
    },
  );
});

describe('failing disks', () => {
  it.each(['datasync', 'writev'] as const)('%s fails on one copy → durable; on two → refused', async (method) => {
    const disks = await BlobDisks.create();
    const store = await disks.open();
    await failNext(disks.root, { method, count: 1 });
    const bytes = sampleBytes(3000, 1);
    const ref = store.place(bytes, Buffer.of(), COPIES);
    await store.flush();
    await expectRight(store, [{ ref, bytes }]);
    expect(store.disks().filter(({ state }) => state === 'failed')).toHaveLength(1);
    await store.close();

    const again = await disks.open();
    await failNext(disks.root, { method, count: 2 });
    again.place(bytes, Buffer.of(), COPIES);
    await expect(again.flush()).rejects.toMatchObject(LOST);
  });
});

describe('sealed segments of both schemes', () => {
  it('two copies lost → the third still names its blobs, and tells how much it holds', async () => {
    const disks = await BlobDisks.create();
    const before = await disks.open();
    const kept = await keepSome(before, '1+2');
    const segments = segmentsOf(kept);
    await before.close();
    const expected = [
      ['x', 'x'],
      ['', '', 'large'],
    ];
    for (const spared of [0, 1, 2]) {
      for (const [i, segment] of segments.entries()) {
        const holders = await disksOf(disks, segment);
        await disks.moveAway(holders.filter((_, shard) => shard !== spared));
        const store = await disks.open();
        const labels = [];
        for await (const { entries } of store.listings(segment)) {
          labels.push(...(entries ?? []).map((entry) => Buffer.from(entry.label).toString()));
        }
        expect(labels).toEqual(expected[i]);
        const own = kept.filter(({ ref }) => ref.extents[0]?.segment === segment);
        const dataBytes = own.reduce((sum, { bytes }) => sum + bytes.length, 0);
        expect(await store.measure(segment)).toEqual({ dataBytes, stripes: i === 0 ? 1 : 3 });
        for (const { ref } of own) {
          expect(await store.labelOf(ref)).toEqual({
            writeId: ref.writeId,
            label: Buffer.from(i === 0 ? 'x' : 'large'),
          });
        }
        await store.close();
        await disks.moveBack(holders.filter((_, shard) => shard !== spared));
      }
    }
  });

  it('copies removed, cut off and flipped, of each segment as many as it survives → found and mended, byte by byte', async () => {
    const disks = await BlobDisks.create();
    const before = await disks.open();
    const kept = [...(await keepSome(before, '1+2')), ...(await keepSome(before, '6+3', 20))];
    await before.close();
    const saved = await allShardFiles(disks);
    const ways = [
      (path: string) => rm(path),
      (path: string) => truncate(path, 1000),
      (path: string) => flipBit(path, HEADER_BYTES + 50),
      (path: string) => flipBit(path, 11),
    ];
    for (const [i, spoil] of ways.entries()) {
      for (const segment of segmentsOf(kept)) {
        const files = await disks.shardFiles(segment);
        const count = files.length === 3 ? 2 : 3;
        for (let lost = 0; lost < count; lost++) await spoil(files[(i + lost) % files.length] ?? '');
      }
      const store = await disks.open();
      await scrubAll(store);
      await mendAll(store);
      expectSame(await allShardFiles(disks), saved);
      await expectRight(store, kept);
      expect(new Set(store.maintenance.health().map(({ scheme, sparesLeft }) => `${scheme} ${sparesLeft}`))).toEqual(
        new Set(['1+2 2', '6+3 3']),
      );
      await store.close();
    }
  });
});
