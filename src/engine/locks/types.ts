import type { SourceLock } from '../../meta/object-lock.ts';
import type { Bucket, EventCause, LegalHold, Retention } from '../../meta/records.ts';

/** A version, or without an id the current one, and who changes its lock. */
export interface LockTarget {
  readonly bucket: Bucket;
  readonly key: string;
  readonly versionId: string | undefined;
  readonly cause?: EventCause | undefined;
}

/** What keeps versions from being removed. Whether the bucket has object lock is the caller's to know. */
export interface Locks {
  /** Retains a version until a time, or no longer. Throws ObjectLocked where the retention in force does not allow it, else as `objects.find`. */
  setRetention(
    target: LockTarget,
    change: { readonly retention: Retention | 'none'; readonly bypassesGovernance: boolean },
  ): Promise<void>;
  /** Throws as `objects.find`. */
  setLegalHold(target: LockTarget, legalHold: LegalHold): Promise<void>;
  /** A replica hears of its source's lock. Throws as `objects.find`. */
  setReplicaLock(target: LockTarget, lock: SourceLock): Promise<void>;
}
