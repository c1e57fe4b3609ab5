/**
 * One zone's copy of the commit log. Owns the open file of its `log/` folder. Operations run one after another in the
 * order they were asked for. The first that fails makes the copy stale: it takes nothing any more until recovery has
 * refilled it, because a copy with a hole must never count.
 *
 * A file that is still open takes writes also when its folder has been moved or removed, and those writes would be lost
 * to the next start. So the path is compared with the open file from time to time, and always when a file is opened.
 */
import assert from 'node:assert';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { syncFolder, writeDurably } from '../../lib/durable-files.ts';
import type { LogPosition } from '../tables/state.ts';
import { encodeEpochFile, encodeFileHeader, FILE_HEADER_BYTES } from './codec.ts';
import { epochPath, logFilePath } from './files.ts';

export interface ZoneLogOptions {
  readonly zone: string;
  /** The zone's `log/` folder. */
  readonly folder: string;
  readonly clusterId: string;
  /** How often the path of the open file is looked at, in milliseconds. */
  readonly pathCheckMs: number;
  /** Told once when the copy becomes stale. */
  readonly onStale: (zone: string, reason: unknown) => void;
}

/** A copy that lags this many appends behind the others is given up: its disk hangs. */
const PENDING_MAX = 256;

interface OpenFile {
  readonly first: number;
  readonly path: string;
  readonly handle: FileHandle;
  readonly inode: number;
}

export class ZoneLog {
  readonly zone: string;
  readonly folder: string;
  readonly #options: ZoneLogOptions;
  #file: OpenFile | undefined;
  #queue: Promise<void> = Promise.resolve();
  #pending = 0;
  #stale = false;
  #checkedMs = Number.NEGATIVE_INFINITY;

  constructor(options: ZoneLogOptions) {
    this.zone = options.zone;
    this.folder = options.folder;
    this.#options = options;
  }

  get isStale(): boolean {
    return this.#stale;
  }

  /** Writes a record at its position and syncs it. A position right behind the file header makes a new file. */
  append(position: LogPosition, record: Uint8Array): Promise<void> {
    return this.#run(async () => {
      const isNew = position.offset === FILE_HEADER_BYTES;
      const file = await this.#fileFor(position);
      await writeAll(file.handle, record, position.offset);
      await file.handle.datasync();
      if (isNew) await syncFolder(this.folder);
      if (isNew || performance.now() - this.#checkedMs >= this.#options.pathCheckMs) await this.#checkPath(file);
    });
  }

  /**
   * Takes back what lies at and behind a position: a record that became void. A copy that is stale tries too, as its file
   * may only have been moved and may come back.
   */
  async cutBack(position: LogPosition): Promise<void> {
    await this.#run(async () => {
      const isNew = position.offset === FILE_HEADER_BYTES;
      const file = this.#file;
      // A record that was written has its file open; one that was not has nothing to take back.
      if (file?.first !== position.file) return;
      // Without its header the file is no part of the log.
      await file.handle.truncate(isNew ? 0 : position.offset);
      await file.handle.datasync();
      if (isNew) await this.#closeFile();
    }, 'also stale');
  }

  /** Promises the copy to an epoch, durably, before any record carries it. */
  grantEpoch(epoch: number): Promise<void> {
    return this.#run(() => writeDurably(epochPath(this.folder), [encodeEpochFile(epoch)]));
  }

  /** Gives the copy up until it is refilled. */
  markStale(reason: unknown): void {
    if (this.#stale) return;
    this.#stale = true;
    this.#options.onStale(this.zone, reason);
  }

  /** The copy has been made equal to the others: it counts again. Its file must be closed. */
  revive(): void {
    assert(this.#stale && this.#file === undefined, 'only a closed copy that is stale is revived');
    this.#stale = false;
  }

  /** Waits for what was asked for, then closes the file. */
  async close(): Promise<void> {
    await this.#queue;
    await this.#closeFile();
  }

  #run(operation: () => Promise<void>, when: 'not stale' | 'also stale' = 'not stale'): Promise<void> {
    if (this.#pending >= PENDING_MAX) this.markStale(new Error(`${this.#pending} appends are waiting for the disk`));
    this.#pending += 1;
    const done = this.#inTurn(this.#queue, operation, when);
    // The caller holds `done` and its error; the queue only keeps the order.
    this.#queue = done.catch(() => undefined);
    return done;
  }

  async #inTurn(
    before: Promise<void>,
    operation: () => Promise<void>,
    when: 'not stale' | 'also stale',
  ): Promise<void> {
    await before;
    try {
      if (this.#stale && when === 'not stale') throw new Error(`the log of zone ${this.zone} is stale`);
      await operation();
    } catch (error) {
      this.markStale(error);
      throw error;
    } finally {
      this.#pending -= 1;
    }
  }

  async #fileFor(position: LogPosition): Promise<OpenFile> {
    const { file: first, offset } = position;
    if (this.#file?.first === first) return this.#file;
    await this.#closeFile();
    const path = logFilePath(this.folder, first);
    const isNew = offset === FILE_HEADER_BYTES;
    const handle = await open(path, isNew ? 'w+' : 'r+');
    try {
      this.#file = { first, path, handle, inode: (await handle.stat()).ino };
    } catch (error) {
      await handle.close();
      throw error;
    }
    if (isNew) {
      const { clusterId, zone } = this.#options;
      await writeAll(handle, encodeFileHeader({ clusterId, zone, firstSequence: first }), 0);
    }
    return this.#file;
  }

  async #checkPath(file: OpenFile): Promise<void> {
    this.#checkedMs = performance.now();
    if ((await stat(file.path)).ino !== file.inode) throw new Error(`${file.path} is no longer the file that is open`);
  }

  async #closeFile(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.handle.close();
  }
}

async function writeAll(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  let written = 0;
  while (written < bytes.length) {
    const { bytesWritten } = await handle.write(bytes, written, bytes.length - written, position + written);
    written += bytesWritten;
  }
}
