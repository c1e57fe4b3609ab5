/** What requests and a job need of Intelligent-Tiering. */

import type { Version } from '../../meta/records.ts';
import type { BucketWalk, WalkPlace } from '../lifecycle/types.ts';

/** What a pass, or a part of one, has done. */
export interface TieringFigures {
  /** Versions of any storage class. */
  lookedAt: number;
  /** Versions that were moved to an archive tier. */
  archived: number;
  /** What was due and not done, as it was read or changed meanwhile. */
  leftAlone: number;
}

export interface TieringNotes {
  /** Reads that are not written down yet. */
  readonly waiting: number;
  /** Reads that were written down, since the start. */
  readonly noted: number;
  /** Reads that found no room, since the start: their versions may go to a colder tier too early. */
  readonly missed: number;
}

/** Access tiers, and what they follow from: when versions are read. */
export interface TieringEngine {
  /** Remembers that the bytes of a version are read. For versions of any class, as it costs those of others nothing. */
  noteAccess(version: Version): void;
  /** Writes down what was noted. Rejects with ServiceUnavailable, and keeps it, where that cannot be done now. */
  writeNotes(): Promise<void>;
  notes(): TieringNotes;
  /** Writes down what was noted, if that can be done now: what cannot is lost, as in a crash. */
  close(): Promise<void>;
  /** The first bucket behind a name that has configurations. */
  nextBucket(after: string): Promise<string | undefined>;
  /** One that moves versions to the archive tiers that configurations name. */
  walk(bucketName: string, place: WalkPlace): BucketWalk<TieringFigures>;
}
