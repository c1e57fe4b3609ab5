/**
 * A shard file that is written anew, from its start to its end, beside its place (`….shard.new`). `seal` makes it durable
 * and reads it back; only then does `install` put it in its place, in one step. Until then, and after `discard`, what was
 * there is as it was. A process that ends meanwhile leaves the `.new` file, which is removed at the next start.
 */
import assert from 'node:assert';
import { type FileHandle, open, rename, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';
import { syncFolder } from '../../lib/durable-files.ts';
import type { DiskGate } from '../disk-gate.ts';

/** Synced now and then, so that the sync at the end is short and others' syncs need not wait for it. */
const SYNC_BYTES = 4 * 1024 * 1024;
const WRITE_BYTES = 256 * 1024;
const READ_BACK_BYTES = 256 * 1024;
const NO_BYTES = Buffer.alloc(64 * 1024);

export interface NewFilePlace {
  /** What the file will be called. */
  readonly path: string;
  /** Of its disk. */
  readonly gate: DiskGate;
}

/** The file could not be written. */
export class ShardFileError extends Error {
  override readonly name = 'ShardFileError';
  /** The place that it was meant for. */
  readonly path: string;
  constructor(path: string, cause: unknown) {
    super(`${newPathOf(path)} cannot be written: ${String(cause)}`, { cause });
    this.path = path;
  }
}

export class NewShardFile {
  /** Its place. */
  readonly path: string;
  readonly #place: NewFilePlace;
  readonly #newPath: string;
  readonly #file: FileHandle;
  readonly #pending = Buffer.allocUnsafeSlow(WRITE_BYTES);
  #pendingBytes = 0;
  /** Bytes of the file that were written, and their checksum. */
  #length = 0;
  #checksum = 0;
  /** Bytes left out since, behind what is pending. */
  #holeBytes = 0;
  #unsyncedBytes = 0;

  private constructor(place: NewFilePlace, file: FileHandle) {
    this.path = place.path;
    this.#place = place;
    this.#newPath = newPathOf(place.path);
    this.#file = file;
  }

  static async create(place: NewFilePlace): Promise<NewShardFile> {
    const opening = runAt(place, () => open(newPathOf(place.path), 'w+', 0o644), closeQuietly);
    return new NewShardFile(place, await opening);
  }

  /** Length of the file as it was sealed. */
  get lengthBytes(): number {
    return this.#length;
  }

  /** The bytes are copied. */
  async append(bytes: Buffer): Promise<void> {
    if (bytes.length > 0 && this.#holeBytes > 0) await this.#endHole();
    let taken = 0;
    while (taken < bytes.length) {
      const count = bytes.copy(this.#pending, this.#pendingBytes, taken);
      this.#pendingBytes += count;
      taken += count;
      if (this.#pendingBytes === this.#pending.length) await this.#flush();
    }
  }

  /** Leaves a hole, which ends the file if nothing follows it. */
  skip(length: number): void {
    this.#holeBytes += length;
  }

  /** Makes the file durable and reads it back. Yields the bytes read. Throws if they are not those that were written. */
  async *seal(): AsyncGenerator<number> {
    await this.#flush();
    await runAt(this.#place, () => this.#file.sync());
    const buffer = Buffer.allocUnsafe(READ_BACK_BYTES);
    let checksum = 0;
    let at = 0;
    while (at < this.#length) {
      const { bytesRead } = await runAt(this.#place, () => this.#file.read(buffer, 0, buffer.length, at));
      if (bytesRead === 0) break;
      checksum = crc32(buffer.subarray(0, bytesRead), checksum);
      at += bytesRead;
      yield bytesRead;
    }
    if (at !== this.#length || checksum !== this.#checksum) {
      throw new ShardFileError(this.path, new Error('it does not read back as it was written'));
    }
  }

  /** After `seal`: puts the file in its place, durably. */
  async install(): Promise<void> {
    closeQuietly(this.#file);
    await runAt(this.#place, () => rename(this.#newPath, this.path));
    await runAt(this.#place, () => syncFolder(dirname(this.path)));
  }

  /** Removes the file, if it is not in its place. Never rejects: the next start removes what cannot be removed now. */
  async discard(): Promise<void> {
    closeQuietly(this.#file);
    await runAt(this.#place, () => unlink(this.#newPath)).catch(() => {});
  }

  /** A hole that is followed by something reads as zeros. */
  async #endHole(): Promise<void> {
    await this.#flush();
    const end = this.#length + this.#holeBytes;
    for (; this.#length < end; this.#length += Math.min(NO_BYTES.length, end - this.#length)) {
      this.#checksum = crc32(NO_BYTES.subarray(0, end - this.#length), this.#checksum);
    }
    this.#holeBytes = 0;
  }

  async #flush(): Promise<void> {
    const bytes = this.#pending.subarray(0, this.#pendingBytes);
    let written = 0;
    while (written < bytes.length) {
      const left = bytes.length - written;
      const [from, at] = [written, this.#length + written];
      const { bytesWritten } = await runAt(this.#place, () => this.#file.write(bytes, from, left, at));
      assert(bytesWritten > 0, 'a write makes progress or fails');
      written += bytesWritten;
    }
    this.#checksum = crc32(bytes, this.#checksum);
    this.#length += bytes.length;
    this.#pendingBytes = 0;
    this.#unsyncedBytes += bytes.length;
    if (this.#unsyncedBytes < SYNC_BYTES) return;
    this.#unsyncedBytes = 0;
    await runAt(this.#place, () => this.#file.datasync());
  }
}

/** Through the gate of its disk. */
async function runAt<T>(
  { path, gate }: NewFilePlace,
  operation: () => Promise<T>,
  late?: (result: T) => void,
): Promise<T> {
  try {
    return await gate.run(operation, late);
  } catch (error) {
    throw new ShardFileError(path, error);
  }
}

/** Everything in the file is synced or given up: nothing that matters can fail. */
function closeQuietly(file: FileHandle): void {
  file.close().catch(() => {});
}

function newPathOf(path: string): string {
  return `${path}.new`;
}
