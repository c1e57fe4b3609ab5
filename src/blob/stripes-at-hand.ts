/**
 * Reads of small parts of stripes on the spot, on this thread: where the system has the bytes in its memory, that costs a
 * tenth of what handing the read to another thread and back does.
 *
 * It gives bytes that are right, or none; then whoever asks reads them in the other way, which waits for disks, tells of damage
 * and rebuilds. As this thread waits for nothing, it is asked of disks only
 * - what is most likely not read from them (`pages-at-hand.ts`), out of files that are open,
 * - while nothing that they do takes long, and they have not kept this thread waiting of late: of all time at most a fiftieth
 *   goes to waiting for a disk.
 */
import { readSync } from 'node:fs';
import type { Disk } from './disk.ts';
import type { FileCache } from './file-cache.ts';
import { PagesAtHand } from './pages-at-hand.ts';
import { type Segment, shardPath } from './segments.ts';
import { type BlockRequest, requestBytes, verify } from './shard-reader.ts';
import { blockRange, HEADER_BYTES, type StripePart, type UnitPart } from './stripe.ts';
import type { ByteRange } from './types.ts';

/** More bytes of blocks than these are read elsewhere: this thread has other things to do meanwhile. */
const READ_BYTES_MAX = 128 * 1024;
/** An operation that is under way for longer says that its disk does not answer at once. */
const SLOW_OPERATION_MS = 100;
/** A read that takes longer has waited: for the disk, or for the processor, which counts for as much. */
const QUICK_READ_MS = 1;
/** A read of this thread may wait for so long in all, and for this share of the time that passes. */
const WAITED_MS_MAX = 20;
const WAITED_SHARE = 1 / 50;

/** How long this thread has waited for a disk, less what it may. */
interface Waited {
  ms: number;
  sinceMs: number;
}

export class StripesAtHand {
  readonly #files: FileCache;
  readonly #pages: PagesAtHand;
  readonly #waited = new WeakMap<Disk, Waited>();
  readonly #bytes = Buffer.allocUnsafeSlow(HEADER_BYTES + READ_BYTES_MAX);

  /** `bytesMax`: how much of what was read and written of late the system may be thought to have in memory. */
  constructor(files: FileCache, bytesMax: number) {
    this.#files = files;
    this.#pages = new PagesAtHand(bytesMax);
  }

  /** This range of all files of a segment was written just now. */
  noteWritten(segment: Segment, range: ByteRange): void {
    this.#pages.add({ segment, shards: 2 ** segment.scheme.shards - 1, range }, performance.now());
  }

  /** These blocks were read just now. */
  noteRead(request: BlockRequest): void {
    if (requestBytes(request) > READ_BYTES_MAX) return;
    const nowMs = performance.now();
    for (const range of rangesOf(request)) {
      this.#pages.add({ segment: request.segment, shards: 1 << request.shard, range }, nowMs);
    }
  }

  /** The bytes of a part of a stripe, out of the needed blocks of its units. */
  read(segment: Segment, part: StripePart, units: readonly UnitPart[]): Buffer | undefined {
    let nowMs = performance.now();
    let blockBytes = 0;
    for (const unit of units) {
      const request = requestOf(segment, part, unit);
      blockBytes += requestBytes(request);
      if (blockBytes > READ_BYTES_MAX || !this.#isAtHand(request, nowMs)) return undefined;
    }
    const bytes = Buffer.allocUnsafe(part.to - part.from);
    for (const unit of units) {
      const request = requestOf(segment, part, unit);
      const disk = segment.disks[unit.shard];
      const blocks = disk && this.#readBlocks(request, disk);
      const doneMs = performance.now();
      if (disk && doneMs - nowMs > QUICK_READ_MS) this.#addWaited(disk, { fromMs: nowMs, untilMs: doneMs });
      nowMs = doneMs;
      if (blocks === undefined) return undefined;
      const start = (unit.shard % segment.scheme.dataShards) * part.unit + firstByte(request);
      // What of the blocks lies before the part is left out, as is what lies behind it.
      bytes.set(blocks.subarray(Math.max(part.from - start, 0), part.to - start), Math.max(start - part.from, 0));
    }
    return bytes;
  }

  /** Whether the system most likely has these blocks in its memory. */
  has(request: BlockRequest, nowMs = performance.now()): boolean {
    const { segment, shard } = request;
    const shards = 1 << shard;
    return rangesOf(request).every((range) => this.#pages.has({ segment, shards, range }, nowMs));
  }

  #isAtHand(request: BlockRequest, nowMs: number): boolean {
    const { segment, shard } = request;
    const disk = segment.disks[shard];
    if (!disk?.readable || disk.gate.isClosed || disk.gate.hasWaitedSince(nowMs - SLOW_OPERATION_MS)) return false;
    if (segment.condition.isDamaged(shard) || this.#waitedFor(disk, nowMs) > WAITED_MS_MAX) return false;
    return this.has(request, nowMs);
  }

  /** The blocks, if they are there and right. They are valid until the next read. */
  #readBlocks(request: BlockRequest, disk: Disk): Buffer | undefined {
    const { segment, shard, offset } = request;
    const file = this.#files.descriptorOf(shardPath(disk, segment, shard));
    if (file === undefined) return undefined;
    const start = firstByte(request);
    const header = this.#bytes.subarray(0, HEADER_BYTES);
    const blocks = this.#bytes.subarray(HEADER_BYTES, HEADER_BYTES + requestBytes(request));
    const isRead =
      start === 0
        ? readWhole(file, this.#bytes.subarray(0, HEADER_BYTES + blocks.length), offset)
        : readWhole(file, header, offset) && readWhole(file, blocks, offset + HEADER_BYTES + start);
    if (!isRead) return undefined;
    return verify(header, request, blocks).damage === undefined ? blocks : undefined;
  }

  #waitedFor(disk: Disk, nowMs: number): number {
    const waited = this.#waited.get(disk);
    return waited === undefined ? 0 : waited.ms - (nowMs - waited.sinceMs) * WAITED_SHARE;
  }

  #addWaited(disk: Disk, { fromMs, untilMs }: { fromMs: number; untilMs: number }): void {
    const ms = Math.max(this.#waitedFor(disk, untilMs), 0) + untilMs - fromMs;
    const waited = this.#waited.get(disk);
    if (waited === undefined) {
      this.#waited.set(disk, { ms, sinceMs: untilMs });
    } else {
      waited.ms = ms;
      waited.sinceMs = untilMs;
    }
  }
}

function requestOf(segment: Segment, { offset, unit, to }: StripePart, unitPart: UnitPart): BlockRequest {
  return { ...unitPart, segment, offset, unit, dataLengthMin: to };
}

/** Where the requested blocks begin in their unit. */
function firstByte({ unit, firstBlock }: BlockRequest): number {
  return blockRange({ unit, block: firstBlock }).start;
}

/** Where the header and the requested blocks lie in the file. */
function rangesOf(request: BlockRequest): ByteRange[] {
  const header = { start: request.offset, end: request.offset + HEADER_BYTES };
  const start = header.end + firstByte(request);
  const end = start + requestBytes(request);
  return start === header.end ? [{ start: header.start, end }] : [header, { start, end }];
}

/** Whether all of it was there to read. */
function readWhole(file: number, bytes: Buffer, offset: number): boolean {
  try {
    return readSync(file, bytes, 0, bytes.length, offset) === bytes.length;
  } catch {
    // What is wrong is met and told of by the read that follows this one.
    return false;
  }
}
