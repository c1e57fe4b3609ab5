/** Reads blocks of one shard of a stripe and verifies them. */
import type { FileHandle } from 'node:fs/promises';
import { crc32 } from '../lib/digests/crc/crc32.ts';
import { DiskSilent } from './disk-gate.ts';
import type { FileCache } from './file-cache.ts';
import { type Segment, shardPath } from './segments.ts';
import { decodeShardHeader, type ShardHeader } from './shard-header.ts';
import { blockRange, HEADER_BYTES } from './stripe.ts';
import type { Piece, UncachedReads } from './uncached-reads.ts';

/** Consecutive blocks of one shard of a stripe. */
export interface BlockRequest {
  readonly segment: Segment;
  readonly shard: number;
  /** Offset of the stripe. */
  readonly offset: number;
  readonly unit: number;
  /** Bytes of data that the stripe must have at least. */
  readonly dataLengthMin: number;
  readonly firstBlock: number;
  /** Excluded. */
  readonly endBlock: number;
}

export interface BlockResult {
  /** For each requested block its bytes, or undefined if they are not there or not right. */
  readonly blocks: (Buffer | undefined)[];
  /** What was wrong, in words. */
  readonly damage?: string;
  /** The disk did not answer, and may yet write to the memory it was given. */
  readonly isAbandoned?: true;
}

/** Bytes that the requested blocks have. */
export function requestBytes({ unit, firstBlock, endBlock }: BlockRequest): number {
  return blockRange({ unit, block: endBlock - 1 }).end - blockRange({ unit, block: firstBlock }).start;
}

/**
 * Reads the blocks into `target`, which has their length. Never rejects: what cannot be read is as good as missing. The
 * blocks of the result are views of `target`. From a disk that does not answer nothing is waited for any longer, but the
 * read may still happen: such a target must not be used for anything else, nor be freed by hand. With `uncached` they are read
 * past the system's cache where that pays.
 */
export async function readBlocks(
  files: FileCache,
  request: BlockRequest,
  target: Buffer,
  uncached?: UncachedReads,
): Promise<BlockResult> {
  const disk = request.segment.disks[request.shard];
  if (!disk?.readable) return { blocks: nothing(request) };
  const path = shardPath(disk, request.segment, request.shard);
  const headerBytes = Buffer.allocUnsafe(HEADER_BYTES);
  const isUncached = uncached !== undefined && request.firstBlock === 0 && uncached.isFirst(disk, pieceOf(request));
  const read = async (): Promise<void> => {
    if (isUncached && (await uncached.read(files, { disk, path, offset: request.offset }, [headerBytes, target])))
      return;
    await files.use(path, (file) => readHeaderAndBlocks(file, request, headerBytes, target));
  };
  try {
    await disk.gate.run(read);
  } catch (error) {
    // A disk that does not answer says nothing of what is on it.
    if (error instanceof DiskSilent) return { blocks: nothing(request), isAbandoned: true };
    // The shard was moved to another disk after its place was looked up.
    if (request.segment.disks[request.shard] !== disk) return readBlocks(files, request, target, uncached);
    disk.readFailed(error);
    return { blocks: nothing(request), damage: String(error) };
  }
  return verify(headerBytes, request, target);
}

function pieceOf(request: BlockRequest): Piece {
  const { segment, shard, offset } = request;
  return { segment, shard, offset, bytes: HEADER_BYTES + requestBytes(request) };
}

/** What of the bytes that were read for a request is right. */
export function verify(headerBytes: Buffer, request: BlockRequest, target: Buffer): BlockResult {
  const none = (damage: string): BlockResult => ({ blocks: nothing(request), damage });
  const decoded = decodeShardHeader(headerBytes);
  if (!decoded.ok) return none(decoded.reason);
  const misplaced = findMismatch(decoded.header, request);
  if (misplaced) return none(misplaced);
  return verifyBlocks(decoded.header, request, target);
}

/** The shard a disk would have to hold for the request cannot be read at all. */
export function isAbsent(segment: Segment, shard: number): boolean {
  return !segment.disks[shard]?.readable;
}

function nothing(request: BlockRequest): undefined[] {
  return new Array<undefined>(request.endBlock - request.firstBlock).fill(undefined);
}

async function readHeaderAndBlocks(
  file: FileHandle,
  request: BlockRequest,
  header: Buffer,
  target: Buffer,
): Promise<void> {
  const { start } = blockRange({ unit: request.unit, block: request.firstBlock });
  if (start === 0) {
    const { bytesRead } = await file.readv([header, target], request.offset);
    if (bytesRead < header.length + target.length) target.fill(0, Math.max(0, bytesRead - header.length));
    if (bytesRead < header.length) header.fill(0, bytesRead);
    return;
  }
  // Both end before either failure is told: who rebuilds the blocks, or frees their memory, must be the last to write there.
  const [head, body] = await Promise.allSettled([
    file.read(header, 0, header.length, request.offset),
    file.read(target, 0, target.length, request.offset + HEADER_BYTES + start),
  ]);
  if (head.status === 'rejected') throw head.reason;
  if (body.status === 'rejected') throw body.reason;
  header.fill(0, head.value.bytesRead);
  target.fill(0, body.value.bytesRead);
}

/** Which field of a header that is whole in itself says that it belongs elsewhere. */
function findMismatch(header: ShardHeader, request: BlockRequest): string | undefined {
  if (header.segment !== request.segment.id) return `the stripe is of segment ${header.segment}`;
  if (header.scheme !== request.segment.scheme.name) return `the stripe is coded ${header.scheme}`;
  if (header.shard !== request.shard) return `the stripe is of shard ${header.shard}`;
  if (header.offset !== request.offset) return `the stripe belongs at ${header.offset}`;
  if (header.unit !== request.unit) return `the unit is ${header.unit}`;
  if (header.dataLength < request.dataLengthMin) return `the stripe has only ${header.dataLength} bytes`;
  return undefined;
}

function verifyBlocks(header: ShardHeader, request: BlockRequest, target: Buffer): BlockResult {
  const base = blockRange({ unit: request.unit, block: request.firstBlock }).start;
  const bad: number[] = [];
  const blocks: (Buffer | undefined)[] = [];
  for (let block = request.firstBlock; block < request.endBlock; block++) {
    const { start, end } = blockRange({ unit: request.unit, block });
    const bytes = target.subarray(start - base, end - base);
    const good = crc32(bytes) === header.blockCrcs[block];
    blocks.push(good ? bytes : undefined);
    if (!good) bad.push(block);
  }
  return bad.length === 0 ? { blocks } : { blocks, damage: `wrong checksum of blocks ${bad.join(', ')}` };
}
