/** Reads a shard file by itself, without an index or the other shards, and finds what is damaged in it. */
import { type FileHandle, open } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { readHeaderOrMend } from '../lib/inspection.ts';
import { type DirectoryEntry, decodeDirectory } from './directory.ts';
import { SCHEMES } from './scheme.ts';
import { blockChecksums, decodeShardHeader, HEADER_MAGIC, type ShardHeader } from './shard-header.ts';
import { BLOCK_BYTES, HEADER_BYTES, PAGE_BYTES, stripeShardBytes } from './stripe.ts';

/** A stripe as one shard file has it. */
export interface StripeRegion {
  readonly kind: 'stripe';
  readonly offset: number;
  readonly length: number;
  readonly header: ShardHeader;
  /** Set if one bit of the header is wrong, which the header given here has right: the byte that it is in. */
  readonly badHeaderByte?: number | undefined;
  /** Indexes of blocks whose checksum does not match. */
  readonly badBlocks: readonly number[];
  readonly directoryGood: boolean;
}

/** Bytes between stripes that are nobody's. */
export interface GarbageRegion {
  readonly kind: 'garbage';
  readonly offset: number;
  readonly length: number;
  /** Why no stripe begins here; undefined for a hole: zeros. */
  readonly reason: string | undefined;
}

export type ShardRegion = StripeRegion | GarbageRegion;

const ALIGNMENT_BYTES = 16;
const SEARCH_BYTES = 1024 * 1024;

/** Every region of a shard file, in order, but for the zeros that fill up pages. Rejects if the file cannot be read. */
export async function* inspectShardFile(path: string): AsyncGenerator<ShardRegion> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const shard = { file, size };
    let at = 0;
    while (at < size) {
      const stripe = (await readStripeAt(shard, at)) ?? (await readDamagedStripeAt(shard, at));
      const region = stripe ?? (await readGarbage(shard, at));
      at += region.length;
      if (!isFilling(region)) yield region;
    }
  } finally {
    await file.close();
  }
}

/**
 * The directory of a stripe from the files of its segment's data shards; undefined if one of them is damaged there.
 */
export async function readStripeDirectory(
  paths: readonly string[],
  offset: number,
): Promise<DirectoryEntry[] | undefined> {
  const units: Buffer[] = [];
  let length = 0;
  let dataShards = 1;
  for (let shard = 0; shard < dataShards; shard++) {
    const path = paths[shard];
    if (path === undefined) return undefined;
    const file = await open(path, 'r');
    try {
      const header = await readHeader(file, offset);
      if (!header) return undefined;
      dataShards = SCHEMES[header.scheme].dataShards;
      const unit = await readBytes(file, offset + HEADER_BYTES + header.unit, header.directoryUnit);
      if (crc32(unit) !== header.directoryCrc) return undefined;
      units.push(unit);
      length = header.directoryLength;
    } finally {
      await file.close();
    }
  }
  return decodeDirectory(Buffer.concat(units).subarray(0, length));
}

/** A hole up to the end of its page: what was written in whole pages ends so. */
function isFilling(region: ShardRegion): boolean {
  if (region.kind !== 'garbage' || region.reason !== undefined) return false;
  return region.length < PAGE_BYTES && (region.offset + region.length) % PAGE_BYTES === 0;
}

interface ShardFile {
  readonly file: FileHandle;
  readonly size: number;
}

async function readStripeAt(shard: ShardFile, offset: number): Promise<StripeRegion | undefined> {
  const header = await readHeader(shard.file, offset);
  return header?.offset === offset ? readStripe(shard, header) : undefined;
}

/** A stripe whose header has one bit wrong. */
async function readDamagedStripeAt(shard: ShardFile, offset: number): Promise<StripeRegion | undefined> {
  const bytes = await readBytes(shard.file, offset, HEADER_BYTES);
  if (bytes.length < HEADER_BYTES || isZero(bytes)) return undefined;
  const found = readHeaderOrMend(bytes, (candidate) => decodeHeaderAt(candidate, offset));
  const stripe = found && (await readStripe(shard, found.header));
  return stripe && { ...stripe, badHeaderByte: found.flippedByte };
}

/** The stripe of a header, or undefined if the file ends before it does. */
async function readStripe({ file, size }: ShardFile, header: ShardHeader): Promise<StripeRegion | undefined> {
  const { offset } = header;
  const length = stripeShardBytes(header);
  if (offset + length > size) return undefined;
  const unit = await readBytes(file, offset + HEADER_BYTES, header.unit);
  const directory = await readBytes(file, offset + HEADER_BYTES + header.unit, header.directoryUnit);
  const badBlocks = blockChecksums(unit, BLOCK_BYTES).flatMap((crc, i) => (crc === header.blockCrcs[i] ? [] : [i]));
  return { kind: 'stripe', offset, length, header, badBlocks, directoryGood: crc32(directory) === header.directoryCrc };
}

/** From an offset where no stripe begins to the next one that does, or the end. */
async function readGarbage(shard: ShardFile, offset: number): Promise<GarbageRegion> {
  const { file, size } = shard;
  let at = offset + ALIGNMENT_BYTES;
  while (at < size) {
    const bytes = await readBytes(file, at, Math.min(SEARCH_BYTES, size - at));
    const found = bytes.indexOf(HEADER_MAGIC);
    if (found < 0) {
      // The magic may straddle the end of what was searched.
      at += bytes.length < SEARCH_BYTES ? bytes.length : SEARCH_BYTES - HEADER_MAGIC.length;
      continue;
    }
    at += found;
    if (at % ALIGNMENT_BYTES === 0 && (await readStripeAt(shard, at))) break;
    at++;
  }
  const end = Math.min(at, size);
  const reason = (await isHole(file, offset, end)) ? undefined : await whyNoStripe(file, offset);
  return { kind: 'garbage', offset, length: end - offset, reason };
}

async function whyNoStripe(file: FileHandle, offset: number): Promise<string> {
  const decoded = decodeShardHeader(await readBytes(file, offset, HEADER_BYTES));
  if (!decoded.ok) return decoded.reason;
  if (decoded.header.offset !== offset) return `its header belongs at offset ${decoded.header.offset}`;
  return `cut off: the file ends before its ${stripeShardBytes(decoded.header)} bytes do`;
}

async function isHole(file: FileHandle, start: number, end: number): Promise<boolean> {
  for (let at = start; at < end; at += SEARCH_BYTES) {
    if (!isZero(await readBytes(file, at, Math.min(SEARCH_BYTES, end - at)))) return false;
  }
  return true;
}

function isZero(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 0);
}

async function readHeader(file: FileHandle, offset: number): Promise<ShardHeader | undefined> {
  const decoded = decodeShardHeader(await readBytes(file, offset, HEADER_BYTES));
  return decoded.ok ? decoded.header : undefined;
}

function decodeHeaderAt(bytes: Buffer, offset: number): ShardHeader | undefined {
  const decoded = decodeShardHeader(bytes);
  return decoded.ok && decoded.header.offset === offset ? decoded.header : undefined;
}

/** Up to `length` bytes; fewer at the end of the file. */
async function readBytes(file: FileHandle, offset: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  const { bytesRead } = await file.read(bytes, 0, length, offset);
  return bytes.subarray(0, bytesRead);
}
