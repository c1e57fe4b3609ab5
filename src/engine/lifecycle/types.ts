/** What a job needs to have lifecycle rules acted on. */

/** What a walk, or a part of one, has done. */
export interface LifecycleFigures {
  /** Versions and uploads. */
  lookedAt: number;
  /** Current versions that were removed, or hidden behind a delete marker. */
  expired: number;
  noncurrentRemoved: number;
  markersRemoved: number;
  /** Versions that were moved to another storage class. */
  transitioned: number;
  /** Of versions whose class has them coded otherwise. */
  bytesMoved: number;
  uploadsAborted: number;
  /** What was due and not done, as a client had changed it meanwhile. */
  leftAlone: number;
  /** Moves that the disks did not take, or whose bytes they did not give, now: the next pass tries again. */
  notMoved: number;
}

/** Where a walk goes on after a restart: behind a prefix, in the next one with a key. */
export interface WalkPlace {
  readonly prefix?: string | undefined;
  readonly key?: string | undefined;
}

/** One walk over a bucket. One call at a time. */
export interface BucketWalk<Figures> {
  /** How far it has come, for one that goes on after a restart. */
  readonly place: WalkPlace;
  /**
   * Looks at so many versions or uploads, two at least, does what was due at a time, and adds to the figures what it did.
   * Returns whether the walk is at its end. What rejects is done again by the next call.
   */
  step(query: { readonly nowMs: number; readonly limit: number }, figures: Figures): Promise<boolean>;
}

export type LifecycleWalk = BucketWalk<LifecycleFigures>;

export interface Lifecycle {
  /** The first bucket behind a name that has rules. */
  nextBucket(after: string): Promise<string | undefined>;
  walk(bucketName: string, place: WalkPlace): LifecycleWalk;
  /** Gives up what is under way between steps, and waits until nothing of it is. Nothing may be asked for after it. */
  close(): Promise<void>;
}
