/**
 * The arithmetic of stripes: what lies where, in bytes, and nothing else. FORMAT.md has the picture.
 *
 * On each of the nine shard files a stripe is a header, one unit of data and one unit of directory. The stripe's data is
 * cut into six units, one after another; so is its directory; shards 6–8 hold the parity of both.
 */
import assert from 'node:assert';
import { DATA_SHARDS } from './coding/reed-solomon.ts';
import type { ByteRange, Extent } from './types.ts';

/** Bytes of a shard's header. */
export const HEADER_BYTES = 128;
/** Unit of checksum and of verified read inside a data unit. */
export const BLOCK_BYTES = 64 * 1024;
/** Largest data unit; full stripes have it. */
export const UNIT_BYTES_MAX = 256 * 1024;
export const BLOCKS_PER_UNIT_MAX = UNIT_BYTES_MAX / BLOCK_BYTES;
/** Data bytes of a full stripe: 1.5 MiB. */
export const STRIPE_BYTES_MAX = DATA_SHARDS * UNIT_BYTES_MAX;
/** Directory unit of every stripe that another stripe of the same blob follows, so that their distance is constant. */
export const CONTINUED_DIRECTORY_UNIT_BYTES = 16;
/** From one full stripe of a blob to the next, in each shard file. */
export const FULL_STRIPE_STRIDE_BYTES = HEADER_BYTES + UNIT_BYTES_MAX + CONTINUED_DIRECTORY_UNIT_BYTES;

const ALIGNMENT_BYTES = 16;

/** Size of each of six units that together hold `length` bytes. */
export function unitFor(length: number): number {
  return Math.ceil(length / DATA_SHARDS / ALIGNMENT_BYTES) * ALIGNMENT_BYTES;
}

/** Bytes that a stripe takes in each shard file. */
export function stripeShardBytes({ unit, directoryUnit }: { unit: number; directoryUnit: number }): number {
  return HEADER_BYTES + unit + directoryUnit;
}

export function blockCount(unit: number): number {
  return Math.ceil(unit / BLOCK_BYTES);
}

/** Part of one stripe's data. */
export interface StripePart {
  /** Offset of the stripe in the shard files. */
  readonly offset: number;
  readonly unit: number;
  /** Half-open range in the stripe's data. */
  readonly from: number;
  readonly to: number;
}

/** The parts of an extent's stripes that hold bytes `start … end` of the extent, in order. */
export function* stripeParts(extent: Extent, range: ByteRange): Generator<StripePart> {
  assert(range.start >= 0 && range.start <= range.end && range.end <= extent.length, 'the range lies in the extent');
  const { offset, unit, start, length } = extent;
  const runEnd = start + length;
  if (runEnd <= DATA_SHARDS * unit) {
    if (range.start < range.end) yield { offset, unit, from: start + range.start, to: start + range.end };
    return;
  }
  assert(unit === UNIT_BYTES_MAX, 'only full stripes have a successor');
  let position = start + range.start;
  const end = start + range.end;
  while (position < end) {
    const index = Math.floor(position / STRIPE_BYTES_MAX);
    const base = index * STRIPE_BYTES_MAX;
    const stripeBytes = Math.min(STRIPE_BYTES_MAX, runEnd - base);
    const to = Math.min(end - base, stripeBytes);
    yield { offset: offset + index * FULL_STRIPE_STRIDE_BYTES, unit: unitFor(stripeBytes), from: position - base, to };
    position = base + to;
  }
}

/** Bytes of one shard's data unit, whole blocks of it. */
export interface UnitPart {
  readonly shard: number;
  readonly firstBlock: number;
  /** Excluded. */
  readonly endBlock: number;
}

/** The blocks of the data shards that cover a part of a stripe, in the order of the data. */
export function unitParts(part: StripePart): UnitPart[] {
  const { unit, from, to } = part;
  const parts: UnitPart[] = [];
  for (let shard = Math.floor(from / unit); shard * unit < to; shard++) {
    const begin = Math.max(from - shard * unit, 0);
    const end = Math.min(to - shard * unit, unit);
    parts.push({ shard, firstBlock: Math.floor(begin / BLOCK_BYTES), endBlock: Math.ceil(end / BLOCK_BYTES) });
  }
  return parts;
}

/** Byte range of a block inside its unit; the last one of a unit may be short. */
export function blockRange({ unit, block }: { unit: number; block: number }): ByteRange {
  return { start: block * BLOCK_BYTES, end: Math.min((block + 1) * BLOCK_BYTES, unit) };
}
