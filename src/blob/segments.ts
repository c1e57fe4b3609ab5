/**
 * The segments that exist, on which disks their shard files lie, and who holds them. Pure bookkeeping: the files
 * themselves are written by open-segment.ts and read by stripe-reader.ts.
 */
import assert from 'node:assert';
import { statSync } from 'node:fs';
import { mkdir, readdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Disk } from './disk.ts';
import { errorCode, segmentsFolder } from './disk-identity.ts';
import { findScheme, SCHEMES, type Scheme } from './scheme.ts';
import { SegmentCondition, type SurplusCopy } from './segment-condition.ts';
import type { SegmentState } from './types.ts';

/** `<segment>.<shard>.shard` is a shard of a 6+3 segment; the names of all others say the scheme: `<segment>.<shard>.1+2.shard`. */
const SHARD_FILE = /^([0-9a-f]{32})\.(\d)(?:\.(\d+\+\d+))?\.shard$/;
const UNNAMED_SCHEME = SCHEMES['6+3'];

/** Ends the name of a shard file that is written anew beside its place. */
export const UNFINISHED = '.shard.new';

export function shardPath(disk: Disk, { id, scheme }: Pick<Segment, 'id' | 'scheme'>, shard: number): string {
  const name = scheme === UNNAMED_SCHEME ? `${id}.${shard}.shard` : `${id}.${shard}.${scheme.name}.shard`;
  return join(segmentsFolder(disk.path), name);
}

interface ShardFileName {
  readonly id: string;
  readonly scheme: Scheme;
  readonly shard: number;
}

/** What a file's name says, or undefined if it is none of a shard file. */
function parseShardFile(name: string): ShardFileName | undefined {
  const [, id, index, schemeName] = SHARD_FILE.exec(name) ?? [];
  if (id === undefined || schemeName === UNNAMED_SCHEME.name) return undefined;
  const scheme = schemeName === undefined ? UNNAMED_SCHEME : findScheme(schemeName);
  const shard = Number(index);
  return scheme && shard < scheme.shards ? { id, scheme, shard } : undefined;
}

export class Segment {
  readonly id: string;
  readonly scheme: Scheme;
  /** The disk of each shard; undefined where no disk that was seen has it. */
  readonly disks: (Disk | undefined)[];
  sealed: boolean;
  holds = 0;
  readonly condition = new SegmentCondition();
  /** Bytes of one shard file; undefined until someone asks for those of a segment found at the start. */
  shardBytes: number | undefined;

  constructor({ id, scheme }: Pick<Segment, 'id' | 'scheme'>, disks: (Disk | undefined)[], sealed: boolean) {
    assert(disks.length === scheme.shards, 'a segment has the shards of its scheme');
    this.id = id;
    this.scheme = scheme;
    this.disks = disks;
    this.sealed = sealed;
    this.shardBytes = sealed ? undefined : 0;
  }

  /** A shard file was found on a disk. */
  found({ shard, disk }: SurplusCopy): void {
    const known = this.disks[shard];
    if (!known || known === disk) {
      this.disks[shard] = disk;
    } else if (known.readable) {
      this.condition.addSurplus({ shard, disk });
    } else {
      this.moved({ shard, disk });
      this.condition.addSurplus({ shard, disk: known });
    }
  }

  /** From now on the shard is read from another disk. */
  moved({ shard, disk }: SurplusCopy): void {
    this.disks[shard] = disk;
    this.condition.removeSurplus({ shard, disk });
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
    return {
      segment: this.id,
      scheme: this.scheme.name,
      sealed: this.sealed,
      holds: this.holds,
      shardBytes: this.shardBytes ?? 0,
    };
  }

  #measure(): number | undefined {
    for (const [shard, disk] of this.disks.entries()) {
      if (!disk?.readable) continue;
      try {
        return statSync(shardPath(disk, this, shard)).size;
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

  all(): Segment[] {
    return [...this.#segments.values()];
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
      // What was being written when the process ended or the disk went.
      if (name.endsWith(UNFINISHED)) await unlink(join(folder, name)).catch(() => {});
      const file = parseShardFile(name);
      if (!file) continue;
      let segment = this.#segments.get(file.id);
      if (!segment) {
        segment = new Segment(file, new Array<undefined>(file.scheme.shards).fill(undefined), true);
        this.add(segment);
      }
      // A segment has one scheme: what says another is a file that somebody renamed.
      if (segment.scheme === file.scheme) segment.found({ shard: file.shard, disk });
    }
  }
}
