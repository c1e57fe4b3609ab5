/**
 * A shard file that is read from its start to its end, some of it ahead. What cannot be read counts as not there. Views of
 * the window are valid until the next `load`.
 */
import { type FileHandle, open } from 'node:fs/promises';
import { DIRECTORY_UNIT_BYTES_MAX } from '../shard-header.ts';
import { HEADER_BYTES, UNIT_BYTES_MAX } from '../stripe.ts';

/** The longest part of a stripe fits in. */
export const WINDOW_BYTES_MAX = HEADER_BYTES + UNIT_BYTES_MAX + DIRECTORY_UNIT_BYTES_MAX;

export class ShardWindow {
  readonly path: string;
  readonly #readAheadBytes: number;
  readonly #bytes = Buffer.allocUnsafeSlow(WINDOW_BYTES_MAX);
  #file: FileHandle | undefined;
  #size = 0;
  /** Offset in the file of the window's first byte, and how many are there. */
  #start = 0;
  #length = 0;
  /** End of what was asked for and cannot be read. */
  #unreadableEnd = 0;
  #readBytes = 0;

  constructor(path: string, readAheadBytes: number) {
    this.path = path;
    this.#readAheadBytes = Math.min(readAheadBytes, WINDOW_BYTES_MAX);
  }

  /** A file that cannot be opened is one of no bytes. */
  async open(): Promise<void> {
    try {
      this.#file = await open(this.path, 'r');
      this.#size = (await this.#file.stat()).size;
    } catch {
      this.#size = 0;
    }
  }

  async close(): Promise<void> {
    // Nothing is lost if a file that was only read does not close.
    await this.#file?.close().catch(() => {});
    this.#file = undefined;
  }

  get size(): number {
    return this.#size;
  }

  /** Bytes read from the file since the last call. */
  takeReadBytes(): number {
    const bytes = this.#readBytes;
    this.#readBytes = 0;
    return bytes;
  }

  /** Whether `view` gives all that is to be had of these bytes. */
  covers(offset: number, length: number): boolean {
    const end = Math.min(offset + length, this.#size);
    return offset >= end || end <= this.#unreadableEnd || (offset >= this.#start && end <= this.#start + this.#length);
  }

  /** Has the window begin at an offset; `length` bytes are needed, more may be read ahead. */
  async load(offset: number, length: number): Promise<void> {
    this.#keepFrom(offset);
    const at = this.#start + this.#length;
    try {
      await this.#fill(at, offset + Math.max(length, this.#readAheadBytes) - at);
    } catch {
      // One sector that cannot be read must not take what is ahead of it with it.
      try {
        await this.#fill(at, offset + length - at);
      } catch {
        this.#unreadableEnd = offset + length;
      }
    }
  }

  /** The bytes, fewer at the end of the file; none where it cannot be read. */
  view(offset: number, length: number): Buffer {
    const end = Math.min(offset + length, this.#start + this.#length);
    if (offset < this.#start || offset >= end) return this.#bytes.subarray(0, 0);
    return this.#bytes.subarray(offset - this.#start, end - this.#start);
  }

  /** Moves what the window has from an offset on to its start. */
  #keepFrom(offset: number): void {
    const end = this.#start + this.#length;
    if (offset < this.#start || offset >= end) {
      this.#length = 0;
    } else {
      this.#bytes.copyWithin(0, offset - this.#start, this.#length);
      this.#length = end - offset;
    }
    this.#start = offset;
  }

  async #fill(offset: number, length: number): Promise<void> {
    const wanted = Math.min(length, this.#size - offset);
    if (wanted <= 0 || !this.#file) return;
    const { bytesRead } = await this.#file.read(this.#bytes, this.#length, wanted, offset);
    this.#length += bytesRead;
    this.#readBytes += bytesRead;
    // The file has become shorter than it was: what is gone is not there.
    if (bytesRead < wanted) this.#size = offset + bytesRead;
  }
}
