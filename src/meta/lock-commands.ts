/** Commands on what keeps versions from being removed, as `commands.ts` has the others. */
import type { Described } from './command-parts.ts';
import type { Announced } from './notices.ts';
import type { ObjectLock } from './records.ts';
import type { Replicated } from './replication-commands.ts';

/** How a command stands to locks. One that says nothing of time meets every retention as one that is in force. */
export interface AgainstLocks {
  /** When it was decided, which says which retentions are over. */
  readonly atMs?: number;
  /** It may do what retention in governance mode forbids. */
  readonly bypassesGovernance?: true;
}

/**
 * Says what a version is locked by from now on. Rejected with `ObjectLocked` where the retention that is in force does not allow
 * it, and with `VersionChanged` if the version is not what was seen: its manifest describes all of it.
 */
export interface SetVersionLock extends Described, Announced, Replicated, AgainstLocks {
  readonly type: 'set-version-lock';
  readonly bucketId: number;
  readonly key: string;
  /** Always named: the engine resolved the current one. */
  readonly versionId: string;
  readonly lock: ObjectLock;
  readonly seen: SeenLocked;
}

export interface SeenLocked {
  readonly ordinal: number;
  readonly storageClass: string;
  /** Of the lock; absent if there was none. */
  readonly lockRevision?: number;
  /** Of the encryption; absent while it is as the version was written. */
  readonly encryptionRevision?: number;
}
