/**
 * Small blobs that were read of late, in memory. Reading one from a disk costs several times what the rest of a request
 * does, even where the system has the bytes at hand, as every read is handed to another thread and back. A blob never
 * changes and its place is never used again, so what is remembered by place is right for as long as anybody asks for it.
 *
 * They lie in one piece of memory, one behind the other, round and round: what came first makes room. Kept as buffers of
 * their own they would cost twice their size, by the gaps that they leave between larger buffers that come and go.
 *
 * Once the memory is full, few of the blobs that are new are let in: to whoever reads more than fits, over and over, each would
 * otherwise have made room before it is read again.
 */
import type { BlobRef, ByteRange } from './types.ts';

/** Larger blobs gain little. */
const HOT_BLOB_BYTES_MAX = 16 * 1024 - 1;
/** Of the blobs that are new to a full memory, one of so many is let in. */
const ADMITS_EVERY = 8;

interface Place {
  readonly start: number;
  readonly end: number;
}

export class HotBlobs {
  readonly #bytesMax: number;
  /** Made with the first blob. */
  #memory: Buffer | undefined;
  /** In order of age: the oldest lies next behind the cursor, or first in the memory. */
  readonly #places = new Map<string, Place>();
  #cursor = 0;
  /** Since it was empty, the memory was once filled to its end. */
  #isFull = false;
  #refused = 0;

  /** Keeps as many blobs as fit into so many bytes; with 0 none. */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** By what a read of the whole blob is remembered; undefined for reads that are not. */
  nameOf({ size, extents }: BlobRef, range: ByteRange): string | undefined {
    const [extent] = extents;
    if (extent === undefined || extents.length > 1 || size > Math.min(HOT_BLOB_BYTES_MAX, this.#bytesMax))
      return undefined;
    if (range.start !== 0 || range.end !== size) return undefined;
    return `${extent.segment}/${extent.offset}/${extent.start}`;
  }

  /** A copy of the bytes. */
  get(name: string): Buffer | undefined {
    const place = this.#places.get(name);
    if (place === undefined || this.#memory === undefined) return undefined;
    const { start, end } = place;
    const bytes = Buffer.allocUnsafe(end - start);
    this.#memory.copy(bytes, 0, start, end);
    return bytes;
  }

  /** Remembers verified bytes, of a length that `nameOf` takes, if they are let in. */
  keep(name: string, bytes: Uint8Array): void {
    if (this.#places.has(name)) return;
    this.#memory ??= Buffer.allocUnsafeSlow(this.#bytesMax);
    const isAtEnd = this.#cursor + bytes.length > this.#bytesMax;
    this.#isFull ||= isAtEnd;
    if (!this.#admits()) return;
    if (isAtEnd) {
      this.#makeRoom(this.#bytesMax);
      this.#cursor = 0;
    }
    const place = { start: this.#cursor, end: this.#cursor + bytes.length };
    this.#makeRoom(place.end);
    this.#memory.set(bytes, place.start);
    this.#places.set(name, place);
    this.#cursor = place.end;
  }

  clear(): void {
    this.#places.clear();
    this.#cursor = 0;
    this.#isFull = false;
  }

  #admits(): boolean {
    if (!this.#isFull) return true;
    this.#refused = (this.#refused + 1) % ADMITS_EVERY;
    return this.#refused === 0;
  }

  /** Forgets what lies between the cursor and `end`. */
  #makeRoom(end: number): void {
    for (const [name, place] of this.#places) {
      if (place.end <= this.#cursor || place.start >= end) return;
      this.#places.delete(name);
    }
  }
}

/** A read of bytes that are at hand. */
export class HotRead implements AsyncIterableIterator<Uint8Array> {
  #bytes: Uint8Array | undefined;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  async next(): Promise<IteratorResult<Uint8Array>> {
    const value = this.#bytes;
    this.#bytes = undefined;
    return value === undefined ? { done: true, value } : { done: false, value };
  }

  async return(): Promise<IteratorResult<Uint8Array>> {
    this.#bytes = undefined;
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
