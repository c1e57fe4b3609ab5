/**
 * Work on segments that are sealed: finding what they hold, verifying it, mending it, moving it. What reads much is an
 * async generator that yields after at most some MiB how many bytes it has read and written since, so that whoever runs it
 * bounds its rate, and may leave it (`return`) after any of them for ever.
 */
import type { DirectoryEntry } from '../directory.ts';
import type { SchemeName } from '../scheme.ts';
import type { SegmentPlace } from '../segment-condition.ts';

/** What a sealed segment holds. */
export interface SegmentMeasure {
  /** Bytes of data in its stripes, live or not. */
  readonly dataBytes: number;
  readonly stripes: number;
}

/** A stripe as its directory tells it. */
export interface StripeListing {
  readonly offset: number;
  /** Data bytes per shard. */
  readonly unit: number;
  readonly dataLength: number;
  /** Undefined where too few shards are good to rebuild it. */
  readonly entries: readonly DirectoryEntry[] | undefined;
}

/** What sealed segments hold. */
export interface SegmentContents {
  /** Walks the headers of a sealed segment, whose state then says what was found. Undefined if there is none of this name. */
  measure(segment: string): Promise<SegmentMeasure | undefined>;
  /** The stripes of a sealed segment in order, from whatever shards are good; none if there is no such segment. */
  listings(segment: string): AsyncIterable<StripeListing>;
}

/** How a segment is, as far as is known without reading it. */
export interface SegmentHealth {
  readonly segment: string;
  readonly scheme: SchemeName;
  /** Only what is sealed can be mended and moved. */
  readonly isSealed: boolean;
  /** Bytes of one shard file. */
  readonly shardBytes: number;
  /** Shards that are there and not known to be damaged. */
  readonly goodShards: number;
  /** How many more of them may be lost without losing data; below 0 some of it cannot be read now. */
  readonly sparesLeft: number;
  readonly missing: readonly number[];
  readonly damaged: readonly number[];
  /** Shards that are good and should lie on another disk. */
  readonly misplaced: readonly number[];
  /** Second files of shards, on disks that have come back. */
  readonly surplusCopies: number;
  /** Stripes that could not be read when they were last looked at: never committed, or lost. */
  readonly unreadableStripes: number;
  /** Where nothing could be read then. */
  readonly unreadablePlaces: readonly SegmentPlace[];
  /** What is damaged is so by what other shards say, and not by its own checksums. */
  readonly isContradicted: boolean;
  /** Offsets of stripes whose shards contradict each other, and nothing tells which is wrong. */
  readonly undecidedStripes: readonly number[];
  /** Shard files that `repair` can write now, or copies it can settle. */
  readonly repairable: number;
  /** Shard files that `move` can write now. */
  readonly movable: number;
}

export type KnownDamage = Pick<SegmentHealth, 'isContradicted'> & { readonly shards: readonly number[] };

/** Yields bytes read and written. */
export type MaintenanceWork = AsyncGenerator<number, void>;

export interface BlobMaintenance {
  health(): readonly SegmentHealth[];
  /** Reads and verifies all of a sealed segment, and marks what is bad. Nothing if there is none of this name. */
  scrub(segment: string): MaintenanceWork;
  /** Rebuilds shards that are missing or damaged, and settles which of several copies of a shard stays. */
  repair(segment: string): MaintenanceWork;
  /** Moves shards to the disks where they should lie: copied, verified, synced, and only then removed. */
  move(segment: string): MaintenanceWork;
  /** Marks shards as damaged, as was known before a restart. */
  markDamaged(segment: string, damage: KnownDamage): void;
  /** Seals what is open and has data, so that it can be scrubbed, mended and moved. */
  retireOpen(): void;
}
