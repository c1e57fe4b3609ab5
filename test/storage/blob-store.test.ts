/** What the blob store promises while nothing is broken. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inspectShardFile, readStripeDirectory } from '../../src/blob/inspect.ts';
import { STRIPE_BYTES_MAX } from '../../src/blob/stripe.ts';
import { BlobDisks, inPieces, label, readAll, sampleBytes } from '../support/blob-disks.ts';

const MIB = 1024 * 1024;

describe('place and flush', () => {
  it('packs the blobs of one tick into one stripe and reads each back', async () => {
    const store = await (await BlobDisks.create()).open();
    const blobs = Array.from({ length: 40 }, (_, i) => sampleBytes(1 + i * 977, i));
    const refs = blobs.map((bytes) => store.place(bytes, Buffer.from('label')));
    await store.flush();
    expect(new Set(refs.map((ref) => ref.extents[0]?.offset)).size).toBe(1);
    for (const [i, ref] of refs.entries())
      expect((await readAll(store, ref)).equals(blobs[i] ?? Buffer.alloc(0))).toBe(true);
  });

  it('settles where a blob lies when its extents are read, before the flush', async () => {
    const store = await (await BlobDisks.create()).open();
    const first = store.place(Buffer.from('first'), Buffer.of());
    const together = store.place(Buffer.from('together'), Buffer.of());
    const stored: typeof first = JSON.parse(JSON.stringify(first));
    const { writeId } = together;
    const extents = [{ ...stored.extents[0], start: 5, length: 8 }];
    expect(structuredClone(together)).toEqual({ size: 8, extents, writeId });
    expect(writeId).toMatch(/^[0-9a-f]{32}$/);
    const later = store.place(Buffer.from('later'), Buffer.of());
    await store.flush();
    expect(later.extents[0]?.offset).toBeGreaterThan(first.extents[0]?.offset ?? Number.POSITIVE_INFINITY);
    expect(JSON.parse(JSON.stringify(first))).toEqual(stored);
    expect((await readAll(store, stored)).toString()).toBe('first');
    expect((await readAll(store, later)).toString()).toBe('later');
  });

  it('never lets a blob straddle stripes', async () => {
    const store = await (await BlobDisks.create()).open();
    const blobs = Array.from({ length: 5 }, (_, i) => sampleBytes(MIB - i, i));
    const refs = blobs.map((bytes) => store.place(bytes, Buffer.of()));
    await store.flush();
    expect(refs.every(({ extents }) => extents.length === 1)).toBe(true);
    for (const [i, ref] of refs.entries())
      expect((await readAll(store, ref)).equals(blobs[i] ?? Buffer.alloc(0))).toBe(true);
  });

  it('answers overlapping flushes each for its own blobs, and one with nothing to do', async () => {
    const store = await (await BlobDisks.create()).open();
    const a = store.place(Buffer.from('a'), Buffer.of());
    const flushes = [store.flush()];
    const b = store.place(Buffer.from('b'), Buffer.of());
    flushes.push(store.flush(), store.flush());
    await Promise.all(flushes);
    expect(Buffer.concat([await readAll(store, a), await readAll(store, b)]).toString()).toBe('ab');
  });

  it('stores an empty blob as no extents at all', async () => {
    const store = await (await BlobDisks.create()).open();
    expect(store.place(Buffer.of(), Buffer.of())).toEqual({ size: 0, extents: [] });
    const written = await store.write(inPieces(Buffer.of()), label('x'));
    expect(written).toEqual({ size: 0, extents: [] });
    expect(await readAll(store, written)).toHaveLength(0);
    expect(await store.isIntact(written)).toBe(true);
  });
});

describe('write and read', () => {
  it('gives any range of blobs of any size, as a plain buffer does', async () => {
    const store = await (await BlobDisks.create()).open({ segmentSizeMaxBytes: 700_000 });
    const sizes = fc.oneof(
      fc.integer({ min: 1, max: 5000 }),
      fc.integer({ min: 1, max: 5 * MIB }),
      fc.constantFrom(STRIPE_BYTES_MAX - 1, STRIPE_BYTES_MAX, STRIPE_BYTES_MAX + 1, 3 * STRIPE_BYTES_MAX),
    );
    const ranges = fc.array(fc.tuple(fc.nat(), fc.nat()), { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(sizes, ranges, fc.integer({ min: 1, max: 400_000 }), async (size, cuts, pieceBytes) => {
        const bytes = sampleBytes(size, size);
        const ref = await store.write(inPieces(bytes, pieceBytes), label('x'));
        expect(ref.size).toBe(size);
        for (const [a, b] of [...cuts, [0, size] as const]) {
          const start = Math.min(a % (size + 1), b % (size + 1));
          const end = Math.max(a % (size + 1), b % (size + 1));
          expect((await readAll(store, ref, { start, end })).equals(bytes.subarray(start, end))).toBe(true);
        }
        store.release(ref);
      }),
      { numRuns: 25 },
    );
  });

  it('continues a blob that is too long for a segment in the next', async () => {
    const store = await (await BlobDisks.create()).open({ segmentSizeMaxBytes: 600_000 });
    const bytes = sampleBytes(8 * MIB, 4);
    const ref = await store.write(inPieces(bytes), label('long'));
    expect(ref.extents.map(({ length }) => length)).toEqual([2 * STRIPE_BYTES_MAX, 2 * STRIPE_BYTES_MAX, 2 * MIB]);
    expect((await readAll(store, ref)).equals(bytes)).toBe(true);
    const sealed = store.segments().filter((segment) => segment.sealed);
    expect(sealed).toHaveLength(2);
    expect(store.segments().every(({ holds }) => holds === 1)).toBe(true);
  });

  it('pads the last stripe with zeros, not with what its buffer held before', async () => {
    const disks = await BlobDisks.create();
    const store = await disks.open({ stripeBufferCount: 1 });
    await store.write(inPieces(Buffer.alloc(STRIPE_BYTES_MAX, 255)), label('before'));
    const ref = await store.write(inPieces(Buffer.alloc(100, 255)), label('x'));
    const { offset = 0, segment = '', unit = 0 } = ref.extents[0] ?? {};
    const files = await disks.shardFiles(segment);
    const units = await Promise.all(
      files.slice(0, 6).map(async (path) => (await readFile(path)).subarray(offset + 128, offset + 128 + unit)),
    );
    expect(Buffer.concat(units)).toEqual(Buffer.concat([Buffer.alloc(100, 255), Buffer.alloc(6 * unit - 100)]));
  });

  it('encodes on threads what it encodes inline', async () => {
    const disks = await BlobDisks.create();
    const store = await disks.open({ encoderThreadCount: 2 });
    const bytes = sampleBytes(7 * MIB, 5);
    const refs = await Promise.all([1, 2].map(() => store.write(inPieces(bytes), label('threads'))));
    await disks.moveAway([1, 4, 7]);
    await store.checkDisks();
    for (const ref of refs) expect((await readAll(store, ref)).equals(bytes)).toBe(true);
  });

  it('lets more writers in than there are stripe buffers, and all end', async () => {
    const store = await (await BlobDisks.create()).open({ stripeBufferCount: 2 });
    const bytes = sampleBytes(2 * MIB, 6);
    const refs = await Promise.all(Array.from({ length: 12 }, () => store.write(inPieces(bytes), label('many'))));
    for (const ref of refs) expect((await readAll(store, ref)).equals(bytes)).toBe(true);
  });

  it('keeps its promises to many readers at once that stop whenever they like', async () => {
    const store = await (await BlobDisks.create()).open();
    const bytes = sampleBytes(6 * MIB, 7);
    const ref = await store.write(inPieces(bytes), label('x'));
    store.release(ref);
    await Promise.all(
      Array.from({ length: 30 }, async (_, i) => {
        let at = 0;
        for await (const piece of store.read(ref, { start: 0, end: ref.size })) {
          expect(bytes.subarray(at, at + piece.length).equals(piece)).toBe(true);
          at += piece.length;
          if (i % 3 === 0) break;
        }
      }),
    );
    expect(store.segments().map(({ holds }) => holds)).toEqual([0]);
  });
});

describe('segments', () => {
  it('are dropped only when sealed and held by nobody', async () => {
    const disks = await BlobDisks.create();
    const before = await disks.open();
    const ref = await before.write(inPieces(sampleBytes(100_000, 1)), label('x'));
    const segment = ref.extents[0]?.segment ?? '';
    expect(await before.drop(segment)).toBe(false);
    await before.close();

    const store = await disks.open();
    const bytes = 9 * (before.segments()[0]?.shardBytes ?? 0);
    expect(store.segments()).toEqual([
      {
        segment,
        scheme: '6+3',
        group: 'default',
        sealed: true,
        holds: 0,
        shardBytes: expect.any(Number),
        files: 9,
        fileBytes: bytes,
      },
    ]);
    expect(store.segments()[0]?.shardBytes).toBe(before.segments()[0]?.shardBytes);
    const reading = store.read(ref, { start: 0, end: 10 });
    expect(await store.drop(segment)).toBe(false);
    await reading.return?.();
    expect(await store.drop(segment)).toBe(true);
    for (const path of disks.paths) expect(await readdir(join(path, 'segments'))).toEqual([]);
    await expect(readAll(store, ref)).rejects.toMatchObject({ code: 'SegmentGone' });
    expect(await store.drop(segment)).toBe(false);
  });

  it('are held from place and write until release', async () => {
    const store = await (await BlobDisks.create()).open();
    const placed = store.place(Buffer.from('x'), Buffer.of());
    await store.flush();
    const written = await store.write(inPieces(sampleBytes(10, 1)), label('x'));
    expect(store.segments().map(({ holds }) => holds)).toEqual([1, 1]);
    store.release(placed);
    store.release(written);
    expect(store.segments().map(({ holds }) => holds)).toEqual([0, 0]);
    expect(() => store.release(placed)).toThrow();
  });

  it('carry directories that name every blob with its label', async () => {
    const disks = await BlobDisks.create();
    const store = await disks.open();
    const first = store.place(Buffer.from('one'), Buffer.from('label one'));
    store.place(Buffer.from('three'), Buffer.from('label three'));
    await store.flush();
    const large = await store.write(inPieces(sampleBytes(STRIPE_BYTES_MAX + 5, 1)), label('large'));
    const packedFiles = await disks.shardFiles(first.extents[0]?.segment ?? '');
    expect(await readStripeDirectory(packedFiles, 0)).toMatchObject([
      { start: 0, length: 3, isLast: true, label: Buffer.from('label one') },
      { start: 3, length: 5, isLast: true, label: Buffer.from('label three') },
    ]);
    const bulkFiles = await disks.shardFiles(large.extents[0]?.segment ?? '');
    const entries = [];
    for await (const region of inspectShardFile(bulkFiles[8] ?? '')) {
      expect(region).toMatchObject({ kind: 'stripe', badBlocks: [], directoryGood: true });
      entries.push(...((await readStripeDirectory(bulkFiles, region.offset)) ?? []));
    }
    expect(entries).toMatchObject([
      { length: STRIPE_BYTES_MAX, blobOffset: 0, isLast: false, label: Buffer.of() },
      { length: 5, blobOffset: STRIPE_BYTES_MAX, isLast: true, label: Buffer.from('large') },
    ]);
    expect(entries[0]?.writeId).toBe(entries[1]?.writeId);
  });
});

describe('labels', () => {
  it('are read back, with the write id, whichever three shards are gone', async () => {
    const disks = await BlobDisks.create();
    const store = await disks.open();
    const writeId = 'd1'.repeat(16);
    const placed = ['one', 'two', 'three'].map((text) => store.place(Buffer.from(text), Buffer.from(`label ${text}`)));
    const named = store.place(Buffer.from('moved'), Buffer.from('label moved'), { writeId });
    await store.flush();
    const small = await store.write(inPieces(sampleBytes(1000, 1)), label('small'));
    const large = await store.write(inPieces(sampleBytes(2 * STRIPE_BYTES_MAX + 5, 2)), label('large'), { writeId });
    expect([named.writeId, large.writeId]).toEqual([writeId, writeId]);
    const refs = [...placed, named, small, large];
    const texts = ['label one', 'label two', 'label three', 'label moved', 'small', 'large'];
    for (const gone of [[], [0, 1, 2], [0, 4, 8], [6, 7, 8], [1, 3, 5]]) {
      await disks.moveAway(gone);
      await store.checkDisks();
      const read = await Promise.all(refs.map((ref) => store.labelOf(ref)));
      expect(read.map(({ label }) => Buffer.from(label).toString())).toEqual(texts);
      expect(read.map(({ writeId: id }) => id)).toEqual(refs.map((ref) => ref.writeId));
      await disks.moveBack(gone);
      await store.checkDisks();
    }
    await disks.moveAway([0, 1, 2, 3]);
    await store.checkDisks();
    await expect(store.labelOf(large)).rejects.toMatchObject({ code: 'Unreadable' });
    await disks.moveBack([0, 1, 2, 3]);
  });
});
