/** Describes shard files in words and numbers, for people and for a rebuild of the index. Reads only. */
import { type FileHandle, open } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { type DirectoryEntry, decodeDirectory } from './directory.ts';
import { SCHEMES } from './scheme.ts';
import { blockChecksums, decodeShardHeader, HEADER_MAGIC, type ShardHeader } from './shard-header.ts';
import { BLOCK_BYTES, HEADER_BYTES, stripeShardBytes } from './stripe.ts';

/** A stripe as one shard file has it, or bytes between stripes that are nobody's. */
export type ShardRegion =
  | {
      readonly kind: 'stripe';
      readonly offset: number;
      readonly length: number;
      readonly header: ShardHeader;
      /** Indexes of blocks whose checksum does not match. */
      readonly badBlocks: readonly number[];
      readonly directoryGood: boolean;
    }
  | { readonly kind: 'garbage'; readonly offset: number; readonly length: number };

const ALIGNMENT_BYTES = 16;
const SEARCH_BYTES = 1024 * 1024;

/** Every region of a shard file, in order. Rejects if the file cannot be read. */
export async function* inspectShardFile(path: string): AsyncGenerator<ShardRegion> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const shard = { file, size };
    let at = 0;
    while (at < size) {
      const region = (await readStripeAt(shard, at)) ?? (await readGarbage(shard, at));
      yield region;
      at += region.length;
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

interface ShardFile {
  readonly file: FileHandle;
  readonly size: number;
}

async function readStripeAt({ file, size }: ShardFile, offset: number): Promise<ShardRegion | undefined> {
  const header = await readHeader(file, offset);
  if (header?.offset !== offset) return undefined;
  const length = stripeShardBytes(header);
  if (offset + length > size) return undefined;
  const unit = await readBytes(file, offset + HEADER_BYTES, header.unit);
  const directory = await readBytes(file, offset + HEADER_BYTES + header.unit, header.directoryUnit);
  const badBlocks = blockChecksums(unit, BLOCK_BYTES).flatMap((crc, i) => (crc === header.blockCrcs[i] ? [] : [i]));
  return { kind: 'stripe', offset, length, header, badBlocks, directoryGood: crc32(directory) === header.directoryCrc };
}

/** From an offset where no stripe begins to the next one that does, or the end. */
async function readGarbage(shard: ShardFile, offset: number): Promise<ShardRegion> {
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
  return { kind: 'garbage', offset, length: end - offset };
}

async function readHeader(file: FileHandle, offset: number): Promise<ShardHeader | undefined> {
  const decoded = decodeShardHeader(await readBytes(file, offset, HEADER_BYTES));
  return decoded.ok ? decoded.header : undefined;
}

/** Up to `length` bytes; fewer at the end of the file. */
async function readBytes(file: FileHandle, offset: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  const { bytesRead } = await file.read(bytes, 0, length, offset);
  return bytes.subarray(0, bytesRead);
}
