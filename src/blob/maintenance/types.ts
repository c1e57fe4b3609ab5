/**
 * Work on segments that are sealed: finding what they hold, verifying it, mending it, moving it. What reads much is an
 * async generator that yields after at most some MiB how many bytes it has read and written since, so that whoever runs it
 * bounds its rate, and may leave it (`return`) after any of them for ever.
 */
import type { DirectoryEntry } from '../directory.ts';

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

export interface BlobMaintenance {
  /** Walks the headers of a sealed segment. Undefined if there is none of this name. */
  measure(segment: string): Promise<SegmentMeasure | undefined>;
  /** The stripes of a sealed segment in order, from whatever shards are good; none if there is no such segment. */
  listings(segment: string): AsyncIterable<StripeListing>;
}
