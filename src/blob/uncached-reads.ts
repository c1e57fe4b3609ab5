/**
 * Large reads past the system's page cache. Most large bodies that are read once are not read again soon: through the cache
 * they would cost memory that has to be found, and the place of what is read more often. So the first read of a piece goes
 * past the cache, and the next one through it, so that the system keeps what is asked for again.
 *
 * Only whole pages can be read so, into whole pages of memory: a piece is read with what shares its pages, and copied.
 */
import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import type { Disk } from './disk.ts';
import { errorCode } from './disk-identity.ts';
import type { FileCache } from './file-cache.ts';
import type { Segment } from './segments.ts';
import { HEADER_BYTES, PAGE_BYTES, pageEnd, pageStart, UNIT_BYTES_MAX } from './stripe.ts';

/** 0 where the system knows no such flag. */
const PAST_CACHE = constants.O_DIRECT ?? 0;
/** What is smaller gains nothing. */
const BYTES_MIN = 128 * 1024;
/** A header and a unit begin anywhere in a page. */
const BUFFER_BYTES = pageEnd(PAGE_BYTES - 1 + HEADER_BYTES + UNIT_BYTES_MAX);
/** As many as nine disks read at once. Memory of those that were never needed is never touched. */
const BUFFERS = 27;
const WASM_PAGE_BYTES = 64 * 1024;
/** Of at least so many pieces it is known that they were read. */
const PIECES_REMEMBERED = 64 * 1024;

/** Bytes of one shard of a stripe, header included. */
export interface Piece {
  readonly segment: Segment;
  readonly shard: number;
  /** Of the stripe in the shard's file. */
  readonly offset: number;
  readonly bytes: number;
}

/** Where it lies. */
export interface FilePlace {
  readonly disk: Disk;
  readonly path: string;
  readonly offset: number;
}

export class UncachedReads {
  readonly #free: Buffer[];
  /** What was read of late, in two generations: by segment the offsets of stripes, the number of the shard added. */
  #young = new Map<Segment, Set<number>>();
  #old = new Map<Segment, Set<number>>();
  #youngCount = 0;
  /** Disks whose file systems do not let us, or want larger pages. */
  readonly #refusing = new WeakSet<Disk>();

  constructor() {
    // Of all memory that JavaScript can have, only this is known to begin at a page.
    const size = Math.ceil((BUFFERS * BUFFER_BYTES) / WASM_PAGE_BYTES);
    const memory = new WebAssembly.Memory({ initial: size, maximum: size, shared: true });
    this.#free = Array.from({ length: BUFFERS }, (_, i) =>
      Buffer.from(memory.buffer, (BUFFERS - 1 - i) * BUFFER_BYTES, BUFFER_BYTES),
    );
  }

  /** Whether a read, which is noted by this, is to go past the cache: it is large, and the first of its piece. */
  isFirst(disk: Disk, piece: Piece): boolean {
    if (PAST_CACHE === 0 || piece.bytes < BYTES_MIN || this.#refusing.has(disk)) return false;
    return !this.#note(piece);
  }

  /**
   * Reads into one target after the other, with zeros for what the file does not have. False if it cannot be read so, or too
   * many such reads are under way; rejects as other reads do.
   */
  async read(files: FileCache, { disk, path, offset }: FilePlace, targets: readonly Buffer[]): Promise<boolean> {
    const pages = this.#free.pop();
    if (pages === undefined) return false;
    try {
      const wanted = targets.reduce((sum, { length }) => sum + length, 0);
      const from = pageStart(offset);
      const until = pageEnd(offset + wanted);
      const read = (file: FileHandle) => file.read(pages, 0, until - from, from);
      const { bytesRead } = await files.use(path, read, constants.O_RDONLY | PAST_CACHE);
      pages.fill(0, bytesRead, until - from);
      let at = offset - from;
      for (const target of targets) at += pages.copy(target, 0, at, at + target.length);
      return true;
    } catch (error) {
      if (errorCode(error) !== 'EINVAL') throw error;
      this.#refusing.add(disk);
      return false;
    } finally {
      this.#free.push(pages);
    }
  }

  /** Whether the piece was read before; it is now. */
  #note({ segment, shard, offset }: Piece): boolean {
    // Stripes begin at multiples of 16, and have fewer shards.
    const name = offset + shard;
    if (this.#young.get(segment)?.has(name)) return true;
    const isKnown = this.#old.get(segment)?.has(name) ?? false;
    if (this.#youngCount === PIECES_REMEMBERED) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#youngCount = 0;
    }
    const ofSegment = this.#young.get(segment) ?? new Set();
    this.#young.set(segment, ofSegment.add(name));
    this.#youngCount++;
    return isKnown;
  }
}
