/**
 * The arithmetic of stripes: what lies where, in bytes, and nothing else. FORMAT.md has the picture.
 *
 * On each of a segment's shard files a stripe is a header, one unit of data and one unit of directory. The stripe's data is
 * cut into as many units as the scheme has data shards, one after another; so is its directory; the other shards hold the
 * parity of both.
 */
import assert from 'node:assert';
import { DIRECTORY_ENTRY_BYTES } from './directory.ts';
import { ALL_SCHEMES, type Scheme } from './scheme.ts';
import type { ByteRange, Extent } from './types.ts';

/** Bytes of a shard's header. */
export const HEADER_BYTES = 128;
/** Unit of checksum and of verified read inside a data unit. */
export const BLOCK_BYTES = 64 * 1024;
/** Largest data unit; full stripes have it. */
export const UNIT_BYTES_MAX = 256 * 1024;
/** What is written past the system's cache is whole pages. */
export const PAGE_BYTES = 4096;
export const BLOCKS_PER_UNIT_MAX = UNIT_BYTES_MAX / BLOCK_BYTES;
/** Data bytes of the largest stripe of any scheme: 1.5 MiB. */
export const STRIPE_BYTES_MAX = Math.max(...ALL_SCHEMES.map(stripeBytesMax));

const ALIGNMENT_BYTES = 16;

/** What the arithmetic depends on. */
type Shape = Pick<Scheme, 'dataShards'>;

/** Data bytes of a full stripe. */
export function stripeBytesMax({ dataShards }: Shape): number {
  return dataShards * UNIT_BYTES_MAX;
}

/** Size of each of the units that together hold `length` bytes, one on each data shard. */
export function unitFor({ dataShards }: Shape, length: number): number {
  return Math.ceil(length / dataShards / ALIGNMENT_BYTES) * ALIGNMENT_BYTES;
}

/**
 * Directory unit of every stripe that another stripe of the same blob follows. Its directory is one entry without a label, so
 * the distance between the two is constant.
 */
export function continuedDirectoryUnit(scheme: Shape): number {
  return unitFor(scheme, DIRECTORY_ENTRY_BYTES);
}

/** From one full stripe of a blob to the next, in each shard file. */
export function fullStripeStride(scheme: Shape): number {
  return HEADER_BYTES + UNIT_BYTES_MAX + continuedDirectoryUnit(scheme);
}

/** Bytes that a stripe takes in each shard file. */
export function stripeShardBytes({ unit, directoryUnit }: { unit: number; directoryUnit: number }): number {
  return HEADER_BYTES + unit + directoryUnit;
}

export function blockCount(unit: number): number {
  return Math.ceil(unit / BLOCK_BYTES);
}

/** Where in its page of a shard file the data unit of a stripe begins. */
export function unitShift(stripeOffset: number): number {
  return (stripeOffset + HEADER_BYTES) % PAGE_BYTES;
}

/** The last beginning of a page at or before a position. */
export function pageStart(position: number): number {
  return position - (position % PAGE_BYTES);
}

/** The first beginning of a page at or after a position. */
export function pageEnd(position: number): number {
  return pageStart(position + PAGE_BYTES - 1);
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
export function* stripeParts(scheme: Shape, extent: Extent, range: ByteRange): Generator<StripePart> {
  assert(range.start >= 0 && range.start <= range.end && range.end <= extent.length, 'the range lies in the extent');
  const { offset, unit, start, length } = extent;
  const runEnd = start + length;
  if (runEnd <= scheme.dataShards * unit) {
    if (range.start < range.end) yield { offset, unit, from: start + range.start, to: start + range.end };
    return;
  }
  assert(unit === UNIT_BYTES_MAX, 'only full stripes have a successor');
  const [stripeMax, stride] = [stripeBytesMax(scheme), fullStripeStride(scheme)];
  let position = start + range.start;
  const end = start + range.end;
  while (position < end) {
    const index = Math.floor(position / stripeMax);
    const base = index * stripeMax;
    const stripeBytes = Math.min(stripeMax, runEnd - base);
    const to = Math.min(end - base, stripeBytes);
    yield { offset: offset + index * stride, unit: unitFor(scheme, stripeBytes), from: position - base, to };
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
