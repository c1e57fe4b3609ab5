/**
 * A segment while it is appended to: its open shard files and the offset of the next stripe.
 *
 * - Offsets are handed out by `reserve` and never twice, whether or not what was meant for them gets there. What lies
 *   between two stripes that did is nobody's.
 * - A shard is lost to the segment with the first of its operations that fails, or when its disk goes: after a failed
 *   sync nobody knows what the file holds. A blob counts only on shards that were never lost while it was written.
 * - A disk that hangs is not waited for: the shard is lost when the disk's gate gives the operation up. The system may still
 *   carry it out, so what was to be written stays untouched until it really has ended.
 * - Appends and syncs may overlap. `retire` says that no more is reserved; once nothing is under way the files are
 *   closed and the segment is sealed, for good.
 */
import assert from 'node:assert';
import { syncFolder } from '../lib/durable-files.ts';
import type { Disk } from './disk.ts';
import { segmentsFolder } from './disk-identity.ts';
import { type Disks, isNoSpace } from './disks.ts';
import { GrowingFile } from './growing-file.ts';
import type { Placed } from './paged-run.ts';
import { type Segment, shardPath } from './segments.ts';
import { pageEnd } from './stripe.ts';

interface ShardFile {
  readonly disk: Disk;
  readonly file: GrowingFile;
}

export interface OpenSegmentOptions {
  /** Which of the segment's disks are written; the shards of the others are lost from the start. */
  readonly takesWrites: (disk: Disk) => boolean;
  readonly shardBytesMax: number;
  /** Whether it is appended to in whole pages only. */
  readonly inPages: boolean;
}

export class OpenSegment {
  readonly segment: Segment;
  readonly #disks: Disks;
  readonly #files: (ShardFile | undefined)[];
  readonly #lost = new Set<number>();
  /** End of what was written to each shard's file. */
  readonly #ends: number[];
  readonly #lostAtFirst: number;
  readonly #shardBytesMax: number;
  readonly #inPages: boolean;
  #opening: Promise<void> | undefined;
  #syncing: Promise<void> | undefined;
  #tail = 0;
  /** Bytes of a shard whose writing has ended, well or not. */
  #settled = 0;
  #users = 0;
  #retired = false;
  #ranOutOfSpace = false;

  constructor(segment: Segment, disks: Disks, { takesWrites, shardBytesMax, inPages }: OpenSegmentOptions) {
    this.segment = segment;
    this.#shardBytesMax = shardBytesMax;
    this.#inPages = inPages;
    this.#disks = disks;
    this.#files = new Array<undefined>(segment.scheme.shards).fill(undefined);
    this.#ends = new Array<number>(segment.scheme.shards).fill(0);
    segment.disks.forEach((disk, shard) => {
      if (!disk || !takesWrites(disk)) this.#lose(shard);
    });
    this.#lostAtFirst = this.#lost.size;
  }

  get retired(): boolean {
    return this.#retired;
  }

  get tail(): number {
    return this.#tail;
  }

  /** Whether it takes another stripe of so many bytes a shard. An empty one takes any. */
  hasRoom(shardBytes: number): boolean {
    return !this.#retired && (this.#tail === 0 || this.#tail + shardBytes <= this.#shardBytesMax);
  }

  /** Shards on which all that was asked for so far succeeded. */
  get goodShards(): number {
    return this.segment.scheme.shards - this.#lost.size;
  }

  /** A shard was lost since the segment was made. */
  get damaged(): boolean {
    return this.#lost.size > this.#lostAtFirst;
  }

  /** Whether shards were lost since because their disks had no space left. */
  get ranOutOfSpace(): boolean {
    return this.#ranOutOfSpace;
  }

  /** Offset for a stripe of so many bytes a shard. */
  reserve(shardBytes: number): number {
    assert(!this.#retired, 'a retired segment takes no more');
    const offset = this.#tail;
    this.#tail += shardBytes;
    this.segment.shardBytes = this.#tail;
    this.#disks.promise(this.segment.disks, shardBytes);
    return offset;
  }

  /** What is reserved next begins at a page; the bytes before it are nobody's. */
  skipToPage(): void {
    const skipped = pageEnd(this.#tail) - this.#tail;
    this.reserve(skipped);
    this.#settle(skipped);
  }

  /** Keeps the files open until `leave`. */
  enter(): void {
    this.#users++;
  }

  leave(): void {
    assert(this.#users > 0, 'who leaves has entered');
    this.#users--;
    this.#sealIfDone();
  }

  retire(): void {
    this.#retired = true;
    this.#sealIfDone();
  }

  /**
   * Writes what each shard gets, one piece after another, at an offset; `reservedBytes` of each are what was reserved for
   * it. Never rejects: who wants to know asks `goodShards` after `sync`. `release` is called when nothing reads the pieces
   * any more: mostly before this resolves.
   */
  append(placed: Placed, reservedBytes: number, release: () => void): Promise<void> {
    return this.#append(placed, { reservedBytes, isSynced: false }, release);
  }

  /** As `append` and `sync` in one turn of each disk: no shard's sync waits for the write of another shard. */
  appendDurably(placed: Placed, reservedBytes: number, release: () => void): Promise<void> {
    return this.#append(placed, { reservedBytes, isSynced: true }, release);
  }

  async #append(
    { offset, shards }: Placed,
    { reservedBytes, isSynced }: { reservedBytes: number; isSynced: boolean },
    release: () => void,
  ): Promise<void> {
    let writing = 1;
    const leave = (): void => {
      if (--writing === 0) release();
    };
    try {
      this.#opening ??= this.#open();
      await this.#opening;
      await this.#eachShard(async ({ file }, shard) => {
        writing++;
        try {
          await file.write(shards[shard] ?? [], offset);
        } finally {
          leave();
        }
        // The file of a shard that was lost meanwhile is about to be closed.
        if (isSynced && !this.#lost.has(shard)) await file.datasync();
      });
      const bytes = (shards[0] ?? []).reduce((sum, { length }) => sum + length, 0);
      for (const [shard, end] of this.#ends.entries()) {
        if (this.#lost.has(shard)) continue;
        // Of appends that overlap the later one may end first.
        this.#ends[shard] = Math.max(end, offset + bytes);
        this.segment.noteFile({ shard, lengthBytes: Math.max(end, offset + bytes) });
      }
      this.#settle(reservedBytes);
    } finally {
      leave();
    }
  }

  #settle(bytes: number): void {
    this.#settled += bytes;
    this.#disks.settle(this.segment.disks, bytes);
  }

  /** Makes all appends that have ended durable on the shards that are not lost. Never rejects. */
  async sync(): Promise<void> {
    while (this.#syncing) await this.#syncing;
    this.#syncing = this.#eachShard(({ file }) => file.datasync()).finally(() => {
      this.#syncing = undefined;
    });
    await this.#syncing;
  }

  /** Starts a sync if none is under way, so that the last one finds little to do. */
  syncInBackground(): void {
    if (!this.#syncing) void this.sync();
  }

  /** The disk is no longer usable. */
  loseDisk(disk: Disk): void {
    const shard = this.segment.disks.indexOf(disk);
    if (shard < 0 || this.#lost.has(shard)) return;
    this.#lose(shard);
    this.segment.condition.report(shard, `lost while it was written: its disk is ${disk.state}`);
  }

  async #open(): Promise<void> {
    const wanted = [...this.segment.disks.entries()].flatMap(([shard, disk]) =>
      disk && !this.#lost.has(shard) ? [{ shard, disk }] : [],
    );
    await this.#disks.check(wanted.map(({ disk }) => disk));
    await Promise.all(
      wanted.map(async ({ shard, disk }) => {
        if (this.#lost.has(shard)) return;
        try {
          const path = shardPath(disk, this.segment, shard);
          const create = () => GrowingFile.create(path, { pages: this.#inPages });
          const file = await disk.gate.run(
            () => this.#unlessLost(shard, create),
            (late) => late.close(),
          );
          this.#files[shard] = { disk, file };
          // The name must be durable before the first stripe is.
          await disk.gate.run(() => syncFolder(segmentsFolder(disk.path)));
          if (this.#lost.has(shard)) this.#lose(shard);
        } catch (error) {
          if (!this.#lost.has(shard)) this.#fail(shard, disk, error);
        }
      }),
    );
  }

  /** Runs an operation on every shard that is not lost, each in its disk's turn; a shard for which it fails is lost. */
  #eachShard(operation: (file: ShardFile, shard: number) => Promise<void>): Promise<void> {
    return new Promise((resolve) => {
      let left = 1;
      const end = (): void => {
        if (--left === 0) resolve();
      };
      for (const [shard, file] of this.#files.entries()) {
        if (!file || this.#lost.has(shard)) continue;
        left++;
        file.disk.gate
          .run(() => this.#unlessLost(shard, () => operation(file, shard)))
          .then(end, (error: unknown) => {
            // A file that was closed because its disk had gone is lost already, and its disk reported.
            if (!this.#lost.has(shard)) this.#fail(shard, file.disk, error);
            end();
          });
      }
      end();
    });
  }

  /** A disk that failed while an operation waited for its turn gets no more. */
  #unlessLost<T>(shard: number, operation: () => Promise<T>): Promise<T> {
    return this.#lost.has(shard) ? Promise.reject(new Error('the shard is lost')) : operation();
  }

  #fail(shard: number, disk: Disk, error: unknown): void {
    this.#lose(shard);
    // After a failed sync the file has its length and may lack its bytes.
    this.segment.condition.report(shard, `lost while it was written: ${String(error)}`);
    if (isNoSpace(error)) this.#ranOutOfSpace = true;
    this.#disks.reportWriteError(disk, error);
  }

  #lose(shard: number): void {
    this.#lost.add(shard);
    const file = this.#files[shard];
    this.#files[shard] = undefined;
    file?.file.close();
  }

  #sealIfDone(): void {
    if (!this.#retired || this.#users > 0 || this.segment.sealed) return;
    this.segment.sealed = true;
    // What was reserved and never came.
    this.#settle(this.#tail - this.#settled);
    for (const [shard, end] of this.#ends.entries())
      if (!this.#lost.has(shard)) this.segment.noteFile({ shard, lengthBytes: end });
    for (const file of this.#files) file?.file.close();
    this.#files.fill(undefined);
  }
}
