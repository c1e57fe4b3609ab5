import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeDirectory, encodeDirectory } from './directory.ts';
import { decodeShardHeader, encodeShardHeader, type ShardHeader } from './shard-header.ts';
import {
  blockCount,
  blockRange,
  FULL_STRIPE_STRIDE_BYTES,
  HEADER_BYTES,
  STRIPE_BYTES_MAX,
  stripeParts,
  UNIT_BYTES_MAX,
  unitFor,
  unitParts,
} from './stripe.ts';

const hex16 = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => Buffer.from(bytes).toString('hex'));
const uint32 = fc.integer({ min: 0, max: 0xffffffff });
const units = fc.integer({ min: 0, max: UNIT_BYTES_MAX / 16 }).map((n) => n * 16);

const headers: fc.Arbitrary<ShardHeader> = units.chain((unit) =>
  fc.record({
    shard: fc.integer({ min: 0, max: 8 }),
    segment: hex16,
    offset: fc.maxSafeNat(),
    unit: fc.constant(unit),
    dataLength: fc.integer({ min: 0, max: 6 * unit }),
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
    const length = 2 * STRIPE_BYTES_MAX + 100;
    const extent = { segment: '', offset: 4096, unit: UNIT_BYTES_MAX, start: 0, length };
    const range = { start: STRIPE_BYTES_MAX - 1, end: length };
    expect([...stripeParts(extent, range)]).toEqual([
      { offset: 4096, unit: UNIT_BYTES_MAX, from: STRIPE_BYTES_MAX - 1, to: STRIPE_BYTES_MAX },
      { offset: 4096 + FULL_STRIPE_STRIDE_BYTES, unit: UNIT_BYTES_MAX, from: 0, to: STRIPE_BYTES_MAX },
      { offset: 4096 + 2 * FULL_STRIPE_STRIDE_BYTES, unit: 32, from: 0, to: 100 },
    ]);
  });

  it('asks for whole blocks that cover the part, each shard once, in order', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: STRIPE_BYTES_MAX }), fc.nat(), fc.nat(), (length, a, b) => {
        const unit = unitFor(length);
        const from = Math.min(a % length, b % length);
        const to = Math.max(a % length, b % length) + 1;
        const parts = unitParts({ offset: 0, unit, from, to });
        const starts = parts.map((part) => part.shard * unit + blockRange({ unit, block: part.firstBlock }).start);
        const ends = parts.map((part) => part.shard * unit + blockRange({ unit, block: part.endBlock - 1 }).end);
        expect(starts[0]).toBeLessThanOrEqual(from);
        expect(ends.at(-1)).toBeGreaterThanOrEqual(to);
        expect(starts.slice(1)).toEqual(ends.slice(0, -1));
        expect(new Set(parts.map(({ shard }) => shard)).size).toBe(parts.length);
      }),
    );
  });
});
