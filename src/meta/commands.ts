/**
 * Commands: every change of state the index knows, with everything decided in it (ids, times, locations). They are plain
 * JSON values, recorded in the commit log as they are and executed by one deterministic `apply`. A command that has been
 * released never changes its meaning; a new meaning is a new name or an optional member.
 */

import type { AddLogBatch, DropLogBatches } from './access-log-commands.ts';
import type { AnnotationCommand, AnnotationResults, NewAnnotation } from './annotation-commands.ts';
import type { Content, Described, SeenVersion } from './command-parts.ts';
import type { SetVersionEncryption } from './encryption-commands.ts';
import type { AgainstLocks, SetVersionLock } from './lock-commands.ts';
import type { QueueMessage, TopicMessage } from './messages.ts';
import type { Announced } from './notices.ts';
import type {
  BlobLocation,
  BucketConfigKind,
  Checksum,
  EventSetAside,
  Grant,
  IdentityName,
  ObjectAttributes,
  ObjectLock,
  Restore,
  Tag,
  TestEvent,
  VersioningState,
} from './records.ts';
import type {
  Looked,
  Replicated,
  ReplicationCommand,
  ReplicationResults,
  WithReplica,
} from './replication-commands.ts';
import type { NoteAccesses, SetVersionTiering } from './tiering-commands.ts';

export type { Content, NewContent, SeenVersion, SharedSlice } from './command-parts.ts';
export type { Notice } from './notices.ts';
export { BlobsLost, CommandRejected, CommitFailed, type RejectionCode } from './rejections.ts';

/** Conditions on the current version of the key, checked inside the transaction. ETags without quotes. */
export interface WriteConditions {
  /** The current version must exist (`*`) or have one of these ETags. */
  readonly ifMatch?: readonly string[];
  /** There must be no current version. The only form S3 allows on writes is `*`. */
  readonly ifNoneMatch?: '*';
}

export interface DeleteConditions {
  readonly ifMatch?: readonly string[];
  readonly ifMatchLastModifiedMs?: number;
  readonly ifMatchSize?: number;
}

interface VersionBody {
  readonly lastModifiedMs: number;
  readonly size: number;
  readonly etag: string;
  readonly checksum?: Checksum;
  readonly attributes: ObjectAttributes;
}

export interface CreateBucket extends Described {
  readonly type: 'create-bucket';
  readonly name: string;
  readonly region: string;
  readonly owner: string;
  readonly createdMs: number;
  /** Configuration documents that the bucket has from its first moment, as JSON text. */
  readonly configs?: Readonly<Record<BucketConfigKind, string>>;
  /** Without it the bucket keeps no versions. */
  readonly versioning?: 'Enabled';
}
export interface DeleteBucket {
  readonly type: 'delete-bucket';
  readonly bucketId: number;
}
export interface SetVersioning {
  readonly type: 'set-versioning';
  readonly bucketId: number;
  readonly versioning: Exclude<VersioningState, 'Unversioned'>;
}
export interface SetBucketConfig {
  readonly type: 'set-bucket-config';
  readonly bucketId: number;
  readonly kind: BucketConfigKind;
  /** JSON text, or null to remove the document. */
  readonly document: string | null;
}

/**
 * Makes a version the current one. `versionId` is `null` (the string) when the bucket is not Enabled: the null version is
 * then replaced. If that does not fit the bucket's state inside the transaction, the command is rejected with `StaleBucket`.
 */
export interface PutVersion extends VersionBody, Described, Announced, Replicated, WithReplica {
  readonly type: 'put-version';
  readonly bucketId: number;
  readonly key: string;
  readonly versionId: string;
  readonly ordinal: number;
  readonly content: Content;
  readonly conditions?: WriteConditions;
  /** That it is made with, as copies are; each name once. */
  readonly annotations?: readonly NewAnnotation[];
}

/** DeleteObject without a version id: removes the null version, or makes a delete marker, as the versioning state says. */
export interface DeleteCurrent extends Described, Announced, Replicated, WithReplica, Looked {
  readonly type: 'delete-current';
  readonly bucketId: number;
  readonly key: string;
  /** Id and ordinal of the marker, should one be made (`null` when suspended). Ignored when Unversioned. */
  readonly markerId: string;
  readonly ordinal: number;
  readonly owner: string;
  readonly lastModifiedMs: number;
  readonly conditions?: DeleteConditions;
  readonly seen?: SeenVersion;
}

/** DeleteObject with a version id. A version that does not exist is no error; for one that is locked it is rejected with `ObjectLocked`. */
export interface DeleteVersion extends Announced, AgainstLocks {
  readonly type: 'delete-version';
  readonly bucketId: number;
  readonly key: string;
  readonly versionId: string;
  readonly conditions?: DeleteConditions;
  readonly seen?: SeenVersion;
}

export interface SetVersionTags extends Announced, Replicated {
  readonly type: 'set-version-tags';
  readonly bucketId: number;
  readonly key: string;
  /** The version to tag, always named: the engine resolved the current one. */
  readonly versionId: string;
  readonly tags: readonly Tag[];
}

export interface SetVersionAcl extends Announced, Replicated {
  readonly type: 'set-version-acl';
  readonly bucketId: number;
  readonly key: string;
  /** Always named: the engine resolved the current one. */
  readonly versionId: string;
  readonly acl: readonly Grant[];
}

/** Says until when a version in an archive can be read. Rejected with `VersionChanged` if it does not say `before` any more. */
export interface SetVersionRestore extends Announced {
  readonly type: 'set-version-restore';
  readonly bucketId: number;
  readonly key: string;
  /** Always named: the engine resolved the current one. */
  readonly versionId: string;
  readonly restore: Restore;
  /** What it was decided on; absent for a version that was never restored. */
  readonly before?: Restore;
  /** When something is to be told of it. */
  readonly dueMs?: number;
}

/** What was due of a restore has come: it is told, unless something else is due by now. */
export interface SettleRestore extends Announced {
  readonly type: 'settle-restore';
  readonly bucketId: number;
  readonly key: string;
  readonly ordinal: number;
  readonly dueMs: number;
  /** When something is to be told next. */
  readonly nextDueMs?: number;
}

/** Bytes of a version are found to be lost: it says so from now on, and it is told. One that says so already, or is gone, is left as it is. */
export interface NoteLoss extends Announced {
  readonly type: 'note-loss';
  readonly bucketId: number;
  readonly key: string;
  readonly ordinal: number;
  readonly atMs: number;
}

/**
 * Moves a version to another storage class, with its bytes if they were written anew; they are the same bytes. Rejected with
 * `VersionChanged` if it is not what was seen.
 */
export interface TransitionVersion extends Described, Announced {
  readonly type: 'transition-version';
  readonly bucketId: number;
  readonly key: string;
  readonly versionId: string;
  readonly seen: SeenVersion;
  /** The class it was seen in. */
  readonly from: string;
  readonly to: string;
  /** That of the lock that was seen, which is described with the version; absent if there was none. */
  readonly lockRevision?: number;
  /** The same of the encryption; absent while it is as the version was written. */
  readonly encryptionRevision?: number;
  /** When it comes into Intelligent-Tiering. */
  readonly accessedMs?: number;
  /** Absent where the bytes stay, and for a version with parts. */
  readonly content?: Content;
}

/** The bytes of a part of a version were written anew. Rejected with `VersionChanged` if it is gone. */
export interface RewritePart {
  readonly type: 'rewrite-part';
  readonly bucketId: number;
  readonly key: string;
  readonly ordinal: number;
  readonly partNumber: number;
  readonly content: Content;
}

export interface CreateUpload extends Described {
  readonly type: 'create-upload';
  readonly bucketId: number;
  readonly key: string;
  readonly uploadId: string;
  readonly initiatedMs: number;
  readonly attributes: ObjectAttributes;
  readonly checksumAlgorithm?: string;
  readonly checksumType?: 'FULL_OBJECT' | 'COMPOSITE';
}

/** Stores a part, replacing one of the same number. */
export interface PutPart extends Described {
  readonly type: 'put-part';
  readonly bucketId: number;
  readonly key: string;
  readonly uploadId: string;
  readonly partNumber: number;
  readonly size: number;
  readonly etag: string;
  readonly lastModifiedMs: number;
  readonly checksum?: Checksum;
  readonly content: Content;
}

/**
 * Turns the listed parts, in this order, into a version; parts not listed are freed and the upload ends. Rejected with
 * `InvalidPart` if a part is missing or no longer has the ETag the engine saw. Moves no bytes.
 */
export interface CompleteUpload extends Described, Announced, Replicated, WithReplica {
  readonly type: 'complete-upload';
  readonly bucketId: number;
  readonly key: string;
  readonly uploadId: string;
  readonly parts: readonly { readonly partNumber: number; readonly etag: string }[];
  readonly versionId: string;
  readonly ordinal: number;
  readonly lastModifiedMs: number;
  readonly size: number;
  readonly etag: string;
  readonly checksum?: Checksum;
  readonly conditions?: WriteConditions;
  /** What the version is locked by, whatever the upload says of it. */
  readonly lock?: ObjectLock;
}

export interface AbortUpload {
  readonly type: 'abort-upload';
  readonly bucketId: number;
  readonly key: string;
  readonly uploadId: string;
}

/** Forgets a segment whose files the collector has removed. Rejected with `SegmentInUse` if it has live bytes. */
export interface DropSegment {
  readonly type: 'drop-segment';
  readonly segment: string;
}

/** A blob was copied elsewhere. Rejected with `BlobMoved` if no row names it any more or it does not lie at `from`. */
export interface RelocateBlob {
  readonly type: 'relocate-blob';
  readonly blob: number;
  readonly from: BlobLocation['extents'];
  readonly to: BlobLocation;
}

/** Remembers where background work goes on. */
export interface SaveJobState {
  readonly type: 'save-job-state';
  readonly job: string;
  /** JSON text. */
  readonly state: string;
}

/**
 * Replaces documents that say who there is: accounts, users, keys and what else the IAM layer keeps. They are decided on as
 * a whole, so a change names the revision it was decided on, the number of changes before it; rejected with
 * `StaleIdentities` if there were others.
 */
export interface SetIdentities {
  readonly type: 'set-identities';
  readonly revision: number;
  /** A document is JSON text, or null to remove it. */
  readonly changes: readonly (IdentityName & { readonly document: string | null })[];
}

/** Puts test events into the outbox. */
export interface PostTestEvents {
  readonly type: 'post-test-events';
  readonly targets: readonly string[];
  readonly event: TestEvent;
}

/** Puts messages of topics, and such as were sent to a queue, into the outbox, each for one target. */
export interface PostMessages {
  readonly type: 'post-messages';
  readonly messages: readonly PostedMessage[];
}

export interface PostedMessage {
  readonly target: string;
  readonly event: TopicMessage | QueueMessage;
  /** Sequence of the event that it takes the place of. If that is not there any more, nothing does. */
  readonly from?: number;
}

/** What became of events in the outbox, by their sequences: those delivered go, dead letters stay, others wait to be tried again. */
export interface SettleEvents {
  readonly type: 'settle-events';
  readonly delivered: readonly number[];
  readonly dead: readonly number[];
  readonly aside?: readonly EventSetAside[];
}

/** Sends the oldest dead letters of a target again, so many at most, as events that happened after all others. */
export interface ReplayEvents {
  readonly type: 'replay-events';
  readonly target: string;
  readonly limit: number;
}

/** Forgets the oldest dead letters of a target, or the oldest events that wait for it, so many at most. */
export interface DropEvents {
  readonly type: 'drop-events';
  readonly target: string;
  readonly isDead: boolean;
  readonly limit: number;
}

/** Changes nothing. That it is durable shows that changes can be made durable now. */
export interface Probe {
  readonly type: 'probe';
}

/** Those on events and messages that leave. */
export type OutboxCommand = PostMessages | PostTestEvents | SettleEvents | ReplayEvents | DropEvents;

export type Command =
  | CreateBucket
  | DeleteBucket
  | SetVersioning
  | SetBucketConfig
  | PutVersion
  | DeleteCurrent
  | DeleteVersion
  | SetVersionTags
  | SetVersionAcl
  | SetVersionLock
  | SetVersionEncryption
  | SetVersionRestore
  | SettleRestore
  | NoteLoss
  | NoteAccesses
  | SetVersionTiering
  | TransitionVersion
  | RewritePart
  | CreateUpload
  | PutPart
  | CompleteUpload
  | AbortUpload
  | DropSegment
  | RelocateBlob
  | SaveJobState
  | SetIdentities
  | AnnotationCommand
  | OutboxCommand
  | ReplicationCommand
  | AddLogBatch
  | DropLogBatches
  | Probe;

/** What `submit` resolves to, by command. Commands that are not listed resolve to nothing. */
export interface CommandResults extends ReplicationResults, AnnotationResults {
  'create-bucket': { readonly bucketId: number };
  /** `size` is that of the object that was removed or hidden. */
  'delete-current': { readonly deletedVersionId?: string; readonly markerId?: string; readonly size?: number };
  'delete-version': { readonly deleted: boolean; readonly wasDeleteMarker: boolean; readonly size?: number };
  'replay-events': { readonly events: number };
  'drop-events': { readonly events: number };
}

export type CommandResult<C extends Command> = C['type'] extends keyof CommandResults
  ? CommandResults[C['type']]
  : undefined;
