import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeDirectory, encodeDirectory } from './directory.ts';
import { ALL_SCHEMES, SCHEMES } from './scheme.ts';
import { decodeShardHeader, encodeShardHeader, type ShardHeader } from './shard-header.ts';
import {
  BLOCK_BYTES,
  blockCount,
  blockRange,
  continuedDirectoryUnit,
  fullStripeStride,
  HEADER_BYTES,
  stripeBytesMax,
  stripeParts,
  stripeShardBytes,
  UNIT_BYTES_MAX,
  unitFor,
  unitParts,
} from './stripe.ts';

const hex16 = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => Buffer.from(bytes).toString('hex'));
const uint32 = fc.integer({ min: 0, max: 0xffffffff });
const units = fc.integer({ min: 0, max: UNIT_BYTES_MAX / 16 }).map((n) => n * 16);

const schemes = fc.constantFrom(...ALL_SCHEMES);

const headers: fc.Arbitrary<ShardHeader> = fc.tuple(schemes, units).chain(([scheme, unit]) =>
  fc.record({
    scheme: fc.constant(scheme.name),
    shard: fc.integer({ min: 0, max: scheme.shards - 1 }),
    segment: hex16,
    offset: fc.maxSafeNat(),
    unit: fc.constant(unit),
    dataLength: fc.integer({ min: 0, max: scheme.dataShards * unit }),
    directoryLength: fc.constant(0),
    directoryUnit: units,
    blockCrcs: fc.array(uint32, { minLength: blockCount(unit), maxLength: blockCount(unit) }),
    directoryCrc: uint32,
  }),
);

describe('shard header', () => {
  it('decodes to what was encoded', () => {
    fc.assert(
      fc.property(headers, (header) => {
        const bytes = Buffer.alloc(HEADER_BYTES);
        encodeShardHeader(header, bytes);
        expect(decodeShardHeader(bytes)).toEqual({ ok: true, header });
      }),
    );
  });

  it('refuses every flip of a single bit', () => {
    const [header] = fc.sample(headers, { numRuns: 1, seed: 9 });
    if (!header) return;
    const bytes = Buffer.alloc(HEADER_BYTES);
    encodeShardHeader(header, bytes);
    for (let bit = 0; bit < HEADER_BYTES * 8; bit++) {
      const flipped = Buffer.from(bytes);
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(decodeShardHeader(flipped).ok).toBe(false);
    }
  });

  it.each([
    { scheme: '6+3', refused: { dataShards: 7, parityShards: 3 } },
    { scheme: '6+3', refused: { dataShards: 1, parityShards: 3 } },
    { scheme: '1+2', refused: { dataShards: 0, parityShards: 3 } },
    { scheme: '1+2', shard: 3 },
    { scheme: '6+3', shard: 9 },
    { scheme: '1+2', dataLength: 17 },
    { scheme: '6+3', dataLength: 97 },
    { scheme: '1+2', directoryLength: 33 },
  ] as const)('refuses what no scheme has, though its checksum is right: %j', ({ scheme, refused, ...fields }) => {
    const { shards } = SCHEMES[scheme];
    const lengths = { unit: 16, dataLength: 16, directoryUnit: 32, directoryLength: 20 };
    const names = { segment: '0f'.repeat(16), offset: 0, blockCrcs: [7], directoryCrc: 8 };
    const bytes = Buffer.alloc(HEADER_BYTES);
    encodeShardHeader({ scheme, shard: shards - 1, ...names, ...lengths }, bytes);
    expect(decodeShardHeader(bytes).ok).toBe(true);
    encodeShardHeader({ scheme, shard: shards - 1, ...names, ...lengths, ...fields }, bytes);
    if (refused) bytes.set([refused.dataShards, refused.parityShards], 10);
    bytes.writeUInt32LE(crc32(bytes.subarray(0, 124)), 124);
    expect(decodeShardHeader(bytes).ok).toBe(false);
  });

  it('refuses any bytes that are no header, and never throws', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => !decodeShardHeader(Buffer.from(bytes)).ok));
  });
});

describe('directory', () => {
  const entries = fc.array(
    fc.record({
      start: uint32,
      length: uint32,
      blobOffset: fc.maxSafeNat(),
      writeId: hex16,
      isLast: fc.constant(true),
      label: fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes)),
    }),
    { maxLength: 20 },
  );

  it('decodes to what was encoded', () => {
    fc.assert(
      fc.property(entries, (list) => {
        expect(decodeDirectory(encodeDirectory(list))).toEqual(list);
      }),
    );
  });

  it('answers undefined, and never throws, for a directory that is cut off', () => {
    fc.assert(
      fc.property(entries, fc.nat(), (list, cut) => {
        const bytes = encodeDirectory(list);
        const short = decodeDirectory(bytes.subarray(0, cut % (bytes.length + 1)));
        expect(short === undefined || short.length <= list.length).toBe(true);
      }),
    );
  });
});

describe('stripe arithmetic', () => {
  it('cuts a run into full stripes at a constant distance and a last one whose unit follows from the rest', () => {
    const wide = SCHEMES['6+3'];
    const full = 6 * UNIT_BYTES_MAX;
    const length = 2 * full + 100;
    const extent = { segment: '', offset: 4096, unit: UNIT_BYTES_MAX, start: 0, length };
    expect([...stripeParts(wide, extent, { start: full - 1, end: length })]).toEqual([
      { offset: 4096, unit: UNIT_BYTES_MAX, from: full - 1, to: full },
      { offset: 4096 + 262_288, unit: UNIT_BYTES_MAX, from: 0, to: full },
      { offset: 4096 + 2 * 262_288, unit: 32, from: 0, to: 100 },
    ]);
    const copied = { ...extent, length: UNIT_BYTES_MAX + 100 };
    expect([...stripeParts(SCHEMES['1+2'], copied, { start: 0, end: copied.length })]).toEqual([
      { offset: 4096, unit: UNIT_BYTES_MAX, from: 0, to: UNIT_BYTES_MAX },
      { offset: 4096 + 262_320, unit: 112, from: 0, to: 100 },
    ]);
  });

  /** The arithmetic goes by the data shards alone and holds for schemes that do not exist. */
  const shapes = fc.record({ dataShards: fc.integer({ min: 1, max: 20 }) });

  it('of any scheme: units of 16 hold what they are for, and no unit is longer than need be', () => {
    fc.assert(
      fc.property(shapes, fc.integer({ min: 1, max: 2 ** 32 }), (shape, length) => {
        const unit = unitFor(shape, length);
        expect(unit % 16).toBe(0);
        expect(unit * shape.dataShards).toBeGreaterThanOrEqual(length);
        expect((unit - 16) * shape.dataShards).toBeLessThan(length);
      }),
    );
  });

  it('of any scheme: full stripes have the largest unit and lie one behind the other, directory and all', () => {
    fc.assert(
      fc.property(shapes, (shape) => {
        expect(unitFor(shape, stripeBytesMax(shape))).toBe(UNIT_BYTES_MAX);
        const entry = { start: 0, length: stripeBytesMax(shape), blobOffset: 2 ** 40, writeId: '0f'.repeat(16) };
        const directory = encodeDirectory([{ ...entry, isLast: false, label: Buffer.of() }]);
        const directoryUnit = unitFor(shape, directory.length);
        expect(directoryUnit).toBe(continuedDirectoryUnit(shape));
        expect(fullStripeStride(shape)).toBe(stripeShardBytes({ unit: UNIT_BYTES_MAX, directoryUnit }));
      }),
    );
  });

  it('of any scheme: the parts of a range are the range, each within its stripe, whatever the run', () => {
    const runs = shapes.chain((shape) =>
      fc.record({
        shape: fc.constant(shape),
        length: fc.integer({ min: 1, max: 4 * stripeBytesMax(shape) }),
        cuts: fc.tuple(fc.nat(), fc.nat()),
      }),
    );
    fc.assert(
      fc.property(runs, ({ shape, length, cuts: [a, b] }) => {
        const full = stripeBytesMax(shape);
        const unit = unitFor(shape, Math.min(length, full));
        const extent = { segment: '', offset: 512, unit, start: 0, length };
        const start = Math.min(a % (length + 1), b % (length + 1));
        const end = Math.max(a % (length + 1), b % (length + 1));
        let position = start;
        for (const part of stripeParts(shape, extent, { start, end })) {
          const index = (part.offset - 512) / fullStripeStride(shape);
          expect(index * full + part.from).toBe(position);
          expect(part.unit).toBe(unitFor(shape, Math.min(full, length - index * full)));
          expect(part.to).toBeLessThanOrEqual(shape.dataShards * part.unit);
          position += part.to - part.from;
        }
        expect(position).toBe(end);
      }),
    );
  });

  it('of any scheme: whole blocks are asked for that cover the part, each shard once, in order', () => {
    fc.assert(
      fc.property(shapes, fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(), fc.nat(), (shape, share, a, b) => {
        const length = Math.max(1, Math.floor(share * stripeBytesMax(shape)));
        const unit = unitFor(shape, length);
        const from = Math.min(a % length, b % length);
        const to = Math.max(a % length, b % length) + 1;
        const parts = unitParts({ offset: 0, unit, from, to });
        const starts = parts.map((part) => part.shard * unit + blockRange({ unit, block: part.firstBlock }).start);
        const ends = parts.map((part) => part.shard * unit + blockRange({ unit, block: part.endBlock - 1 }).end);
        expect(starts[0]).toBeLessThanOrEqual(from);
        expect(from - (starts[0] ?? 0)).toBeLessThan(BLOCK_BYTES);
        expect(ends.at(-1)).toBeGreaterThanOrEqual(to);
        expect(starts.slice(1)).toEqual(ends.slice(0, -1));
        expect(new Set(parts.map(({ shard }) => shard)).size).toBe(parts.length);
        expect(parts.every(({ shard }) => shard < shape.dataShards)).toBe(true);
      }),
    );
  });
});
