/** What is known to be wrong with a segment's shard files, until it is mended. Kept in memory; `maintenance/` acts on it. */
import type { Disk } from './disk.ts';

/** Bytes of each of a segment's shard files. */
export interface SegmentPlace {
  readonly offset: number;
  readonly length: number;
}

/** Where a file of a shard lies. */
export interface ShardPlace {
  readonly shard: number;
  readonly disk: Disk;
}

/** A second file of a shard, on another disk than the one that is read. */
export interface SurplusCopy extends ShardPlace {
  /** As it was last seen. */
  readonly lengthBytes: number;
}

export class SegmentCondition {
  readonly #damage = new Map<number, string>();
  #surplus: readonly SurplusCopy[] = [];
  /** Changes with every change of what is known. */
  version = 0;
  /** Stripes that could not be read when all of it was last read: never committed, or lost. */
  unreadableStripes = 0;
  /** Where nothing could be read then. What lies there and is still named by rows is lost, unless disks were away that have it. */
  unreadablePlaces: readonly SegmentPlace[] = [];
  /** Whether what is damaged is so by what others say, and not by its own checksums. */
  isContradicted = false;
  /** Offsets of stripes whose shards contradict each other, and nothing tells which is wrong. */
  undecidedStripes: readonly number[] = [];

  get surplus(): readonly SurplusCopy[] {
    return this.#surplus;
  }

  /** Shards that are damaged and may be mended. */
  get damaged(): readonly number[] {
    return [...this.#damage.keys()].sort((a, b) => a - b);
  }

  isDamaged(shard: number): boolean {
    return this.#damage.has(shard);
  }

  /** Marks a shard as damaged, in words. False if that is known. */
  report(shard: number, damage: string): boolean {
    if (this.#damage.has(shard)) return false;
    this.#damage.set(shard, damage);
    this.version++;
    return true;
  }

  /** The shard is as good as the others can make it. */
  mended(shard: number): void {
    this.#damage.delete(shard);
    if (this.#damage.size === 0) this.isContradicted = false;
    this.version++;
  }

  addSurplus(copy: SurplusCopy): void {
    this.removeSurplus(copy);
    this.#surplus = [...this.#surplus, copy];
    this.version++;
  }

  removeSurplus({ shard, disk }: ShardPlace): void {
    this.#surplus = this.#surplus.filter((other) => other.shard !== shard || other.disk !== disk);
    this.version++;
  }
}
