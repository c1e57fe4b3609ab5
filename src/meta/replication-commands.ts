/** What commands say of replication: where a change goes, what comes from elsewhere, and what became of what was to go. */
import type { Announced } from './notices.ts';
import type { Grant, ReplicationKind, Tag } from './records.ts';

/** Where the change is replicated to, where rules of the bucket ask for that: the queue takes it with the change. */
export interface Replicated {
  readonly replicate?: Replicate;
}

export interface Replicate {
  readonly atMs: number;
  /** Never empty; each destination once. */
  readonly to: readonly ReplicationRoute[];
}

export interface ReplicationRoute {
  /** ARN of a bucket. */
  readonly destination: string;
  /** Id of the rule. */
  readonly rule: string;
  /** The rule tracks how long it takes, so that what is late is told. */
  readonly isTimed?: true;
}

/**
 * Of a replica: version id and ordinal are its source's. A version of that id that is there already is it, and nothing is done.
 * Its place among the versions of the key is the same wherever it is, also beside one of the same ordinal.
 */
export interface WithReplica {
  readonly isReplica?: true;
}

/** A command on what another server told. */
export interface Looked {
  /** Who told, to be looked at afterwards. */
  readonly looked?: Replicate;
}

/**
 * Tags and access control list of a replica become its source's, unless they were changed later here than there. What is taken is
 * replicated as the command says.
 */
export interface SetReplicaAttributes extends Announced, Replicated, Looked {
  readonly type: 'set-replica-attributes';
  readonly bucketId: number;
  readonly key: string;
  readonly versionId: string;
  readonly tags: readonly Tag[];
  /** Null for none; absent where the replica keeps its own. */
  readonly acl?: readonly Grant[] | null;
  /** When the source's were changed; 0 if they are as they were when it was made. */
  readonly changedMs: number;
}

/** What became of entries of the queue, by their sequences: those that are done go, those that failed stay. */
export interface SettleReplication {
  readonly type: 'settle-replication';
  readonly settled: readonly (Announced & {
    readonly sequence: number;
    readonly bucketId: number;
    readonly key: string;
    /** Why it failed, in a sentence; absent if it is done. */
    readonly failure?: string;
    /** The destination is looked at afterwards: since when that waits. */
    readonly lookedMs?: number;
  })[];
}

/** Notes of entries that are under way what must be known after a restart. */
export interface NoteReplication {
  readonly type: 'note-replication';
  readonly notes: readonly (Announced & {
    readonly sequence: number;
    /** At the destination, for a version of parts. */
    readonly uploadId?: string;
    /** That it is late was told. */
    readonly isLate?: true;
  })[];
}

/** Queues the oldest entries for a destination again that failed, so many at most, behind all others. */
export interface RetryReplication {
  readonly type: 'retry-replication';
  readonly destination: string;
  readonly limit: number;
  readonly atMs: number;
}

/** Queues versions that are there, for each destination for which they do not wait already. */
export interface QueueReplication {
  readonly type: 'queue-replication';
  readonly bucketId: number;
  readonly atMs: number;
  readonly versions: readonly {
    readonly key: string;
    readonly versionId: string;
    readonly kind: ReplicationKind;
    readonly to: readonly ReplicationRoute[];
  }[];
}

export type ReplicationCommand =
  | SetReplicaAttributes
  | SettleReplication
  | NoteReplication
  | RetryReplication
  | QueueReplication;

/** What `submit` resolves to. */
export interface ReplicationResults {
  'retry-replication': { readonly entries: number };
  'queue-replication': { readonly entries: number };
}
