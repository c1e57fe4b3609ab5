/**
 * Small blobs that were read of late, in memory. Reading one from a disk costs several times what the rest of a request
 * does, even where the system has the bytes at hand, as every read is handed to another thread and back. A blob never
 * changes and its place is never used again, so what is remembered by place is right for as long as anybody asks for it.
 */
import { RecentMap } from '../lib/recent-map.ts';
import type { BlobRef, ByteRange } from './types.ts';

/** Larger blobs gain little. Buffers of this size are not freed by those who are given them (see `freeBuffer`). */
const HOT_BLOB_BYTES_MAX = 16 * 1024 - 1;
/** What a blob costs beside its bytes. */
const OVERHEAD_BYTES = 256;

export class HotBlobs {
  readonly #blobs: RecentMap<string, Buffer>;

  /** Keeps blobs of at most `bytesMax` together; with 0 none. */
  constructor(bytesMax: number) {
    this.#blobs = new RecentMap(bytesMax, ({ length }) => length + OVERHEAD_BYTES);
  }

  /** By what a read of the whole blob is remembered; undefined for reads that are not. */
  nameOf({ size, extents }: BlobRef, range: ByteRange): string | undefined {
    const [extent] = extents;
    if (extent === undefined || extents.length > 1 || size > HOT_BLOB_BYTES_MAX) return undefined;
    if (range.start !== 0 || range.end !== size) return undefined;
    return `${extent.segment}/${extent.offset}/${extent.start}`;
  }

  get(name: string): Buffer | undefined {
    return this.#blobs.get(name);
  }

  /** Remembers verified bytes. They are copied: they may be a part of larger memory. */
  keep(name: string, bytes: Uint8Array): void {
    this.#blobs.set(name, Buffer.from(bytes));
  }

  clear(): void {
    this.#blobs.clear();
  }
}

/** A read of bytes that are at hand. */
export class HotRead implements AsyncIterableIterator<Uint8Array> {
  #bytes: Buffer | undefined;

  constructor(bytes: Buffer) {
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
