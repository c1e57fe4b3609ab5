/**
 * The segments that exist, on which disks their shard files lie, and who holds them. Pure bookkeeping: the files
 * themselves are written by open-segment.ts and read by stripe-reader.ts.
 */
import assert from 'node:assert';
import { join } from 'node:path';
import type { Disk } from './disk.ts';
import { segmentsFolder } from './disk-identity.ts';
import type { FoundFile } from './disk-verification.ts';
import { homesOf } from './placement.ts';
import { findScheme, SCHEMES, type Scheme, UNNAMED_SCHEME } from './scheme.ts';
import { SegmentCondition, type SurplusCopy } from './segment-condition.ts';
import type { SegmentState } from './types.ts';

/** `<segment>.<shard>.shard` is a shard of a 6+3 segment; the names of all others say the scheme: `<segment>.<shard>.1+2.shard`. */
const SHARD_FILE = /^([0-9a-f]{32})\.(\d)(?:\.(\d+\+\d+))?\.shard$/;
const UNNAMED = SCHEMES[UNNAMED_SCHEME];

export function shardPath(disk: Disk, { id, scheme }: Pick<Segment, 'id' | 'scheme'>, shard: number): string {
  const name = scheme === UNNAMED ? `${id}.${shard}.shard` : `${id}.${shard}.${scheme.name}.shard`;
  return join(segmentsFolder(disk.path), name);
}

interface ShardFileName {
  readonly id: string;
  readonly scheme: Scheme;
  readonly shard: number;
}

/** What a file's name says, or undefined if it is none of a shard file. */
export function parseShardFile(name: string): ShardFileName | undefined {
  const [, id, index, schemeName] = SHARD_FILE.exec(name) ?? [];
  if (id === undefined || schemeName === UNNAMED.name) return undefined;
  const scheme = schemeName === undefined ? UNNAMED : findScheme(schemeName);
  const shard = Number(index);
  return scheme && shard < scheme.shards ? { id, scheme, shard } : undefined;
}

export class Segment {
  readonly id: string;
  readonly scheme: Scheme;
  /** Of its disks. */
  readonly group: string;
  /** The disk of each shard; undefined where no disk that was seen has it. */
  readonly disks: (Disk | undefined)[];
  sealed: boolean;
  holds = 0;
  readonly condition = new SegmentCondition();
  /** Length of each shard's file as it was last seen or written; undefined where there was none. */
  readonly lengths: (number | undefined)[];
  /** Bytes of one shard file: of the longest, where files differ. */
  shardBytes = 0;
  /** Bytes of data given to it; of a segment found at the start, what was measured of it; undefined before that. */
  dataBytes: number | undefined;

  constructor(named: Pick<Segment, 'id' | 'scheme' | 'group'>, disks: (Disk | undefined)[], sealed: boolean) {
    const { id, scheme, group } = named;
    assert(disks.length === scheme.shards, 'a segment has the shards of its scheme');
    this.id = id;
    this.scheme = scheme;
    this.group = group;
    this.disks = disks;
    this.sealed = sealed;
    this.lengths = new Array<undefined>(disks.length).fill(undefined);
    this.dataBytes = sealed ? undefined : 0;
  }

  /** A shard file was found on a disk. */
  found(file: SurplusCopy): void {
    const { shard, disk } = file;
    const known = this.disks[shard];
    if (!known || known === disk) {
      this.disks[shard] = disk;
      if (this.sealed) this.noteFile(file);
    } else if (known.readable) {
      this.condition.addSurplus(file);
    } else {
      const lengthBytes = this.lengths[shard] ?? 0;
      this.moved(file);
      this.condition.addSurplus({ shard, disk: known, lengthBytes });
    }
  }

  /** From now on the shard is read from another disk. */
  moved(file: SurplusCopy): void {
    this.disks[file.shard] = file.disk;
    this.condition.removeSurplus(file);
    this.noteFile(file);
  }

  hold(): void {
    this.holds++;
  }

  /** Counts data that is given to it while it is open. */
  addData(bytes: number): void {
    this.dataBytes = (this.dataBytes ?? 0) + bytes;
  }

  release(): void {
    assert(this.holds > 0, 'a hold is released once');
    this.holds--;
  }

  state(): SegmentState {
    return {
      segment: this.id,
      scheme: this.scheme.name,
      group: this.group,
      sealed: this.sealed,
      holds: this.holds,
      shardBytes: this.shardBytes,
      ...this.#files(),
      ...(this.dataBytes !== undefined && { dataBytes: this.dataBytes }),
    };
  }

  /** The shard files that are there, second copies included; not those on disks that are away. */
  #files(): { files: number; fileBytes: number } {
    const held = this.lengths.map((lengthBytes, shard) => ({ lengthBytes, disk: this.disks[shard] }));
    const there = [...held, ...this.condition.surplus].filter(({ lengthBytes, disk }) => lengthBytes && disk?.readable);
    return { files: there.length, fileBytes: there.reduce((sum, { lengthBytes = 0 }) => sum + lengthBytes, 0) };
  }

  /** A shard's file was seen on its disk, or written there up to this length. */
  noteFile({ shard, lengthBytes }: { shard: number; lengthBytes: number }): void {
    this.lengths[shard] = lengthBytes;
    if (this.sealed) this.shardBytes = Math.max(this.shardBytes, lengthBytes);
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

  /** A disk and all that is on it is no part of the store any more. */
  forget(disk: Disk): void {
    for (const { disks, lengths, condition } of this.#segments.values()) {
      for (const [shard, holder] of disks.entries()) {
        if (holder === disk) {
          disks[shard] = undefined;
          lengths[shard] = undefined;
        }
        condition.removeSurplus({ shard, disk });
      }
    }
  }

  /** How many shards a disk holds. */
  countHeldBy(disk: Disk): number {
    const held = ({ disks, condition }: Segment): number =>
      Number(disks.includes(disk)) + condition.surplus.filter((copy) => copy.disk === disk).length;
    return this.all().reduce((sum, segment) => sum + held(segment), 0);
  }

  /** How many segments cannot be read whole, as far as is known, unless a disk that is away comes back. */
  countNeeding(disk: Disk): number {
    return this.all().filter(({ disks, scheme, condition }) => {
      const bad = new Set(condition.damaged);
      const isGood = (holder: Disk | undefined, shard: number): boolean =>
        holder !== undefined && holder !== disk && holder.readable && !bad.has(shard);
      return disks.filter(isGood).length < scheme.dataShards;
    }).length;
  }

  /** Takes up what was found on a disk when it was verified: these are its shard files, and it has no others. */
  takeUp(disk: Disk, files: readonly FoundFile[]): void {
    for (const { disks, lengths, sealed, condition } of this.#segments.values()) {
      if (sealed) for (const [shard, holder] of disks.entries()) if (holder === disk) lengths[shard] = undefined;
      for (const copy of condition.surplus) if (copy.disk === disk) condition.removeSurplus(copy);
    }
    for (const { name, lengthBytes } of files) {
      const file = parseShardFile(name);
      if (!file) continue;
      let segment = this.#segments.get(file.id);
      if (!segment) {
        const named = { ...file, group: disk.group };
        segment = new Segment(named, new Array<undefined>(file.scheme.shards).fill(undefined), true);
        this.add(segment);
      }
      // A segment has one scheme and lies on disks of one group: what says otherwise is a file that somebody renamed or moved.
      if (segment.scheme !== file.scheme || segment.group !== disk.group) continue;
      segment.found({ shard: file.shard, disk, lengthBytes });
    }
  }

  /**
   * What a disk lacks of the sealed segments, in words; undefined if nothing. A disk that was away lacks what was written
   * meanwhile, and so does an older state of a disk that was put back: it is read for what it has.
   */
  describeLacks(disk: Disk, staying: readonly Disk[]): string | undefined {
    let missing = 0;
    let short = 0;
    for (const segment of this.#segments.values()) {
      if (!segment.sealed) continue;
      const shard = lackingShard(segment, disk, staying);
      if (shard === undefined) continue;
      const length = segment.lengths[shard];
      if (length === undefined) missing++;
      else short++;
      const damage = length === undefined ? 'no file' : `${length} bytes where others have ${segment.shardBytes}`;
      if (segment.disks[shard] === disk) segment.condition.report(shard, damage);
    }
    if (missing + short === 0) return undefined;
    return `it is behind: of its shard files ${missing} are missing and ${short} too short; repair rebuilds them`;
  }
}

/** The shard of a segment that a disk should have and has not, or not whole. */
function lackingShard(segment: Segment, disk: Disk, staying: readonly Disk[]): number | undefined {
  const { id, disks, lengths, shardBytes, scheme, group } = segment;
  const shard = disks.indexOf(disk);
  if (shard >= 0) return (lengths[shard] ?? -1) < shardBytes ? shard : undefined;
  if (group !== disk.group || !disks.includes(undefined)) return undefined;
  const home = homesOf({ segment: id, scheme, group, held: disks }, staying).indexOf(disk);
  return home >= 0 ? home : undefined;
}
