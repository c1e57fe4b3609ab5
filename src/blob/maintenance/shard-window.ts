/**
 * A shard file that is read from its start to its end, some of it ahead. What cannot be read counts as not there. Views of
 * the window are valid until the next `load`.
 */
import { type FileHandle, open } from 'node:fs/promises';
import { type DiskGate, DiskSilent } from '../disk-gate.ts';
import { DIRECTORY_UNIT_BYTES_MAX } from '../shard-header.ts';
import { HEADER_BYTES, UNIT_BYTES_MAX } from '../stripe.ts';

/** The longest part of a stripe fits in. */
export const WINDOW_BYTES_MAX = HEADER_BYTES + UNIT_BYTES_MAX + DIRECTORY_UNIT_BYTES_MAX;

export class ShardWindow {
  readonly #path: string;
  readonly #gate: DiskGate | undefined;
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

  constructor({ path, gate }: { path: string; gate?: DiskGate }, readAheadBytes: number) {
    this.#path = path;
    this.#gate = gate;
    this.#readAheadBytes = Math.min(readAheadBytes, WINDOW_BYTES_MAX);
  }

  /** A file that cannot be opened is one of no bytes. */
  async open(): Promise<void> {
    try {
      const file = await this.#run(() => open(this.#path, 'r'), closeQuietly);
      this.#file = file;
      this.#size = (await this.#run(() => file.stat())).size;
    } catch {
      this.#size = 0;
    }
  }

  async close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    // What hangs on it would be waited for: it closes when that ends.
    if (file) closeQuietly(file);
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
    } catch (error) {
      if (error instanceof DiskSilent) return this.#giveUp();
      // One sector that cannot be read must not take what is ahead of it with it.
      try {
        await this.#fill(at, offset + length - at);
      } catch (again) {
        if (again instanceof DiskSilent) return this.#giveUp();
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

  /** A read that hangs may write to the window until it ends: nothing is read from this file any more. */
  #giveUp(): void {
    this.#size = 0;
    this.#length = 0;
  }

  #run<T>(operation: () => Promise<T>, late?: (result: T) => void): Promise<T> {
    return this.#gate ? this.#gate.run(operation, late) : operation();
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
    const file = this.#file;
    const read = await this.#run(() => file.read(this.#bytes, this.#length, wanted, offset));
    const { bytesRead } = read;
    this.#length += bytesRead;
    this.#readBytes += bytesRead;
    // The file has become shorter than it was: what is gone is not there.
    if (bytesRead < wanted) this.#size = offset + bytesRead;
  }
}

/** Nothing is lost if a file that was only read does not close. */
function closeQuietly(file: FileHandle): void {
  file.close().catch(() => {});
}
