/**
 * A shard file while it is written. One that takes whole pages only is written past the system's page cache, where its file
 * system lets us: no byte is copied, and no memory has to be found for it. Where it does not, the cache takes the same writes.
 */
import assert from 'node:assert';
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { errorCode } from './disk-identity.ts';

const NEW_FILE = constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY;
/** 0 where the system knows no such flag. */
const PAST_CACHE = constants.O_DIRECT ?? 0;
const MODE = 0o644;

export class GrowingFile {
  readonly #path: string;
  #handle: FileHandle;
  #isPastCache: boolean;

  private constructor(path: string, handle: FileHandle, isPastCache: boolean) {
    this.#path = path;
    this.#handle = handle;
    this.#isPastCache = isPastCache;
  }

  /** Creates the file. With `pages` every write must be of whole pages that lie in whole pages of memory. */
  static async create(path: string, { pages }: { pages: boolean }): Promise<GrowingFile> {
    if (!pages || PAST_CACHE === 0) return new GrowingFile(path, await open(path, NEW_FILE, MODE), false);
    try {
      return new GrowingFile(path, await open(path, NEW_FILE | PAST_CACHE, MODE), true);
    } catch (error) {
      if (errorCode(error) !== 'EINVAL') throw error;
      // A file system that refuses the flag may have made the file before it looked at it.
      const flags = constants.O_CREAT | constants.O_WRONLY;
      return new GrowingFile(path, await open(path, flags, MODE), false);
    }
  }

  /** Writes the pieces one after another. */
  async write(pieces: Buffer[], offset: number): Promise<void> {
    try {
      await writeAll(this.#handle, pieces, offset);
    } catch (error) {
      if (!this.#isPastCache || errorCode(error) !== 'EINVAL') throw error;
      await this.#giveUpPages();
      await writeAll(this.#handle, pieces, offset);
    }
  }

  async datasync(): Promise<void> {
    await this.#handle.datasync();
  }

  /** What matters is synced or given up: nothing that matters can fail. Waits for what is under way. */
  close(): void {
    this.#handle.close().catch(() => {});
  }

  /** The disk wants larger pages, or cannot after all. */
  async #giveUpPages(): Promise<void> {
    const refused = this.#handle;
    this.#handle = await open(this.#path, constants.O_WRONLY);
    this.#isPastCache = false;
    refused.close().catch(() => {});
  }
}

async function writeAll(handle: FileHandle, pieces: Buffer[], offset: number): Promise<void> {
  const total = pieces.reduce((sum, piece) => sum + piece.length, 0);
  let { bytesWritten } = await handle.writev(pieces, offset);
  if (bytesWritten === total) return;
  // A short write: what is left goes one piece, and one attempt, after another.
  const bytes = Buffer.concat(pieces);
  while (bytesWritten < total) {
    const more = await handle.write(bytes, bytesWritten, total - bytesWritten, offset + bytesWritten);
    assert(more.bytesWritten > 0, 'a write makes progress or fails');
    bytesWritten += more.bytesWritten;
  }
}
