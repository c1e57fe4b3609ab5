/**
 * The segments that exist, on which disks their shard files lie, and who holds them. Pure bookkeeping: the files
 * themselves are written by open-segment.ts and read by stripe-reader.ts.
 */
import assert from 'node:assert';
import { statSync } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { SHARDS } from './coding/reed-solomon.ts';
import type { Disk } from './disk.ts';
import { errorCode, segmentsFolder } from './disk-identity.ts';
import { SCHEMES, type Scheme } from './scheme.ts';
import type { SegmentState } from './types.ts';

const SHARD_FILE = /^([0-9a-f]{32})\.([0-8])\.shard$/;

export function shardPath(disk: Disk, segment: string, shard: number): string {
  return join(segmentsFolder(disk.path), `${segment}.${shard}.shard`);
}

export class Segment {
  readonly id: string;
  readonly scheme: Scheme = SCHEMES['6+3'];
  /** The disk of each shard; undefined where no disk that was seen has it. */
  readonly disks: (Disk | undefined)[];
  sealed: boolean;
  holds = 0;
  /** Shards that were reported as damaged: once is enough. */
  readonly reported = new Set<number>();
  /** Bytes of one shard file; undefined until someone asks for those of a segment found at the start. */
  shardBytes: number | undefined;

  constructor(id: string, disks: (Disk | undefined)[], sealed: boolean) {
    assert(disks.length === SHARDS, 'a segment has nine shards');
    this.id = id;
    this.disks = disks;
    this.sealed = sealed;
    this.shardBytes = sealed ? undefined : 0;
  }

  hold(): void {
    this.holds++;
  }

  release(): void {
    assert(this.holds > 0, 'a hold is released once');
    this.holds--;
  }

  state(): SegmentState {
    this.shardBytes ??= this.#measure();
    return { segment: this.id, sealed: this.sealed, holds: this.holds, shardBytes: this.shardBytes ?? 0 };
  }

  #measure(): number | undefined {
    for (const [shard, disk] of this.disks.entries()) {
      if (!disk?.readable) continue;
      try {
        return statSync(shardPath(disk, this.id, shard)).size;
      } catch (error) {
        // Gone or on a disk that fails: any other shard file is as long, so one bad disk must not hide all segments.
        if (errorCode(error) === '') throw error;
      }
    }
    return undefined;
  }
}

export class SegmentTable {
  readonly #segments = new Map<string, Segment>();

  get(id: string): Segment | undefined {
    return this.#segments.get(id);
  }

  add(segment: Segment): void {
    this.#segments.set(segment.id, segment);
  }

  remove(id: string): void {
    this.#segments.delete(id);
  }

  get size(): number {
    return this.#segments.size;
  }

  states(): SegmentState[] {
    return Array.from(this.#segments.values(), (segment) => segment.state());
  }

  /** Takes up the shard files found on a disk: at the start, and when it comes back. */
  async scan(disk: Disk): Promise<void> {
    const folder = segmentsFolder(disk.path);
    // Without its disk's folder it must not be made: the disk may have gone again.
    await mkdir(folder).catch((error: unknown) => {
      if (errorCode(error) !== 'EEXIST') throw error;
    });
    for (const name of await readdir(folder)) {
      const [, id, index] = SHARD_FILE.exec(name) ?? [];
      if (id === undefined || index === undefined) continue;
      let segment = this.#segments.get(id);
      if (!segment) {
        segment = new Segment(id, new Array<undefined>(SHARDS).fill(undefined), true);
        this.add(segment);
      }
      segment.disks[Number(index)] ??= disk;
    }
  }
}
