/**
 * What S3 means, without HTTP. Operations of the S3 layer call these facets; each throws EngineError and nothing else
 * that a client should see. `Bucket` values come from the pipeline's resolve stage and may be a moment old: whatever
 * depends on the bucket's state is checked again inside the transaction.
 */

import type { ChecksumAlgorithm, Digests } from '../lib/digests/algorithms.ts';
import type { DeleteConditions, WriteConditions } from '../meta/commands.ts';
import type { MessageAttributes, QueueMessage, TopicMessage, TopicSignature } from '../meta/messages.ts';
import type {
  ArchiveTier,
  Bucket,
  Checksum,
  EventCause,
  Grant,
  Grantee,
  GranteeGroup,
  IdentityDocument,
  IdentityName,
  LegalHold,
  LogGroup,
  ObjectAttributes,
  ObjectEvent,
  ObjectLock,
  OutboxEntry,
  OutboxEvent,
  Part,
  Permission,
  PlacedEvent,
  Restore,
  RestoreTier,
  Retention,
  RetentionMode,
  Tag,
  TestEvent,
  Upload,
  Version,
} from '../meta/records.ts';
import type {
  IdentityState,
  ObjectPage,
  OutboxAsideQuery,
  OutboxPlaceQuery,
  PartPage,
  UploadPage,
} from '../meta/types.ts';
import type { AccessLogs } from './access-log/types.ts';
import type { Analytics } from './analytics/types.ts';
import type { AnnotationSource, Annotations } from './annotations/types.ts';
import type { BodyRead, BodySource } from './body-types.ts';
import type { CustomerKey, Encryption, NewEncryption } from './encryption/types.ts';
import type { Outbox, SettledEvents } from './events/outbox.ts';
import type { Garbage } from './garbage.ts';
import type { Inventory } from './inventory/types.ts';
import type { Lifecycle } from './lifecycle/types.ts';
import type { Locks } from './locks/types.ts';
import type { Replication, Tellers } from './replication/types.ts';
import type { TieringEngine } from './tiering/types.ts';
import type { Usage } from './usage/usage.ts';
import type { ReplicaIdentity } from './version-ids.ts';
import type { Watches } from './watches.ts';

export type { ObjectEncryption } from '../meta/object-encryption.ts';
export type { CustomerKey, DataKeys, NewEncryption } from './encryption/types.ts';
export type {
  AccessLogs,
  ArchiveTier,
  BodyRead,
  BodySource,
  Bucket,
  Checksum,
  ChecksumAlgorithm,
  DeleteConditions,
  Digests,
  EventCause,
  Garbage,
  Grant,
  Grantee,
  GranteeGroup,
  IdentityDocument,
  IdentityName,
  IdentityState,
  LegalHold,
  LogGroup,
  MessageAttributes,
  ObjectAttributes,
  ObjectEvent,
  ObjectLock,
  ObjectPage,
  Outbox,
  OutboxAsideQuery,
  OutboxEntry,
  OutboxEvent,
  OutboxPlaceQuery,
  Part,
  PartPage,
  Permission,
  PlacedEvent,
  QueueMessage,
  Restore,
  RestoreTier,
  Retention,
  RetentionMode,
  SettledEvents,
  Tag,
  TestEvent,
  TopicMessage,
  TopicSignature,
  Upload,
  UploadPage,
  Version,
  WriteConditions,
};

export interface Buckets {
  /** `configs` are configuration documents that the bucket has from its first moment, as JSON text by kind. */
  create(request: {
    name: string;
    region: string;
    owner: string;
    configs?: Readonly<Record<string, string>>;
  }): Promise<Bucket>;
  /** Throws NoSuchBucket. */
  get(name: string): Promise<Bucket>;
  list(query: { owner: string; prefix: string; after: string; limit: number }): Promise<{
    buckets: readonly Bucket[];
    isTruncated: boolean;
  }>;
  delete(bucket: Bucket): Promise<void>;
  setVersioning(bucket: Bucket, versioning: 'Enabled' | 'Suspended'): Promise<void>;
  /** A configuration document as JSON text, by the name of its sub-resource; null removes it. */
  setConfig(bucket: Bucket, kind: string, document: string | null): Promise<void>;
  getConfig(bucket: Bucket, kind: string): Promise<string | undefined>;
  /** Replaces a configuration document by what `decide` makes of it, with no other change of it in between. */
  changeConfig(bucket: Bucket, kind: string, decide: (document: string | undefined) => string | null): Promise<void>;
}

/** Who asks for a change, for the events that tell of it; without it nobody is told. */
interface Caused {
  readonly cause?: EventCause | undefined;
}

export interface PutRequest extends Caused {
  readonly bucket: Bucket;
  readonly key: string;
  readonly source: BodySource;
  readonly attributes: ObjectAttributes;
  readonly conditions?: WriteConditions;
  /** What the writing is called in events: a browser's form is a post. */
  readonly event?: 'ObjectCreated:Put' | 'ObjectCreated:Post' | 'ObjectCreated:Copy';
  /** Of a replica: what it has from its source. */
  readonly replica?: ReplicaIdentity;
  /** Of a copy: whose annotations it has. */
  readonly annotationsOf?: AnnotationSource;
  /** How the bytes are to be encrypted; absent where they are not. */
  readonly encryption?: NewEncryption | undefined;
}

export interface CopyRequest extends Caused {
  /** The version to copy, as `find` gave it after the source conditions held. */
  readonly source: Version;
  /** Its client's key, if it is under one. */
  readonly sourceKey?: CustomerKey | undefined;
  readonly bucket: Bucket;
  readonly key: string;
  readonly attributes: ObjectAttributes;
  /** Algorithm the client asked for; without one the source's checksum is kept where it is FULL_OBJECT. */
  readonly checksumAlgorithm?: ChecksumAlgorithm;
  readonly conditions?: WriteConditions;
  /** Whether it has those of the source. */
  readonly copiesAnnotations?: boolean;
  /** As in a put; the source's counts for nothing. */
  readonly encryption?: NewEncryption | undefined;
}

export interface DeleteResult {
  /** A delete marker was made or removed. */
  readonly deleteMarker: boolean;
  /** Version id of the marker made, or of the version removed; absent where the bucket was never versioned. */
  readonly versionId?: string;
  /** Of the object that was removed, or hidden behind the marker, in bytes; absent where there was none. */
  readonly size?: number;
}

/** What a change of attributes names: a version, or without an id the current one. */
export interface VersionTarget extends Caused {
  readonly bucket: Bucket;
  readonly key: string;
  readonly versionId: string | undefined;
}

export interface Objects {
  /** Writes a new version. The version returned is the one that was committed. */
  put(request: PutRequest): Promise<Version>;
  /**
   * A version to read. Throws NoSuchKey (with deleteMarkerVersionId if a marker is current), NoSuchVersion, or
   * DeleteMarkerMet if the version named is a marker.
   */
  find(bucket: Bucket, key: string, versionId?: string): Promise<Version>;
  /**
   * Bytes `start` (included) to `end` (excluded) of a version. Throws ServiceUnavailable before the first byte where the
   * store can tell; the iterator rejects with it later. The caller must finish or return the iterator. Throws as
   * `checkCustomerKey`, which a version under a client's key needs.
   */
  read(version: Version, range: { start: number; end: number }, customerKey?: CustomerKey): Promise<BodyRead>;
  /** The bytes that `read` would give, where they are in memory: small versions that were read of late. */
  recall(version: Version, range: { start: number; end: number }, customerKey?: CustomerKey): Uint8Array | undefined;
  /**
   * Shares the source's bytes; reads them (and writes nothing) only where a digest is needed that is not stored: the MD5
   * of a multipart source, or another checksum algorithm.
   */
  copy(request: CopyRequest): Promise<Version>;
  /** Throws ObjectLocked for a version that is locked. */
  delete(request: {
    bucket: Bucket;
    key: string;
    versionId?: string;
    owner: string;
    conditions?: DeleteConditions;
    /** Whether a version goes that is retained in governance mode. */
    bypassesGovernance?: boolean;
    cause?: EventCause | undefined;
    /** Of the marker that is made. */
    replica?: ReplicaIdentity;
    /** Who may have told of it. */
    tellers?: Tellers;
  }): Promise<DeleteResult>;
  /** Replaces the tags, or removes them all; returns the version they were on. Throws as `find`. */
  setTags(target: VersionTarget, tags: readonly Tag[] | 'none'): Promise<Version>;
  /** Replaces the access control list; returns the version it is on. Throws as `find`. */
  setAcl(target: VersionTarget, acl: readonly Grant[]): Promise<Version>;
  /** Parts of a multipart object in order; empty for any other. */
  listParts(version: Version, query: { after: number; limit: number }): Promise<PartPage>;
  /** The n-th part of a multipart object with the range of its bytes; undefined beyond the last. */
  part(version: Version, n: number): Promise<{ part: Part; start: number; end: number } | undefined>;
}

/** Whether the bytes of a version can be read. An archive that is no class of its own is a tier of Intelligent-Tiering. */
export type ArchiveState =
  /** It is in no archive. */
  | { readonly kind: 'readable' }
  | { readonly kind: 'archived'; readonly accessTier?: ArchiveTier }
  | { readonly kind: 'restoring'; readonly accessTier?: ArchiveTier }
  /** It is read until a time, as clients are told in days of 24 hours. */
  | { readonly kind: 'restored'; readonly shownUntilMs: number };

export interface RestoreRequest extends VersionTarget {
  /** For how many it can be read; absent for a tier of Intelligent-Tiering, which it leaves for good. */
  readonly days?: number | undefined;
  readonly tier: RestoreTier;
}

export interface Archives {
  /** As it is now. */
  stateOf(version: Version): ArchiveState;
  /**
   * Begins to restore a version, makes a restore under way faster, or extends the days of one that is restored. Throws as
   * `find`, and InvalidObjectState, ObjectAlreadyInActiveTierError, RestoreAlreadyInProgress, NoSuchRestoreTier,
   * RestoreDaysMissing, RestoreDaysNamed.
   */
  restore(request: RestoreRequest): Promise<'begun' | 'extended'>;
  /** Tells those whom the rules of buckets name of restores that are completed by now or over, so many at most, the oldest first. */
  tellDue(limit: number): Promise<RestoresTold>;
}

export interface RestoresTold {
  readonly completed: number;
  readonly expired: number;
  /** Whether none is left that was due. */
  readonly isDone: boolean;
}

export interface Listing {
  objects(
    bucket: Bucket,
    query: { prefix: string; delimiter: string; after: string; limit: number },
  ): Promise<ObjectPage>;
  versions(
    bucket: Bucket,
    query: { prefix: string; delimiter: string; after: string; afterVersionId: string; limit: number },
  ): Promise<ObjectPage>;
}

export interface Uploads {
  create(request: {
    bucket: Bucket;
    key: string;
    attributes: ObjectAttributes;
    checksumAlgorithm?: ChecksumAlgorithm;
    checksumType?: 'FULL_OBJECT' | 'COMPOSITE';
    /** Of all its parts. */
    encryption?: NewEncryption | undefined;
  }): Promise<Upload>;
  /** Throws NoSuchUpload. */
  get(bucket: Bucket, key: string, uploadId: string): Promise<Upload>;
  putPart(request: {
    bucket: Bucket;
    upload: Upload;
    partNumber: number;
    source: BodySource;
    /** That the upload is under, if it is under a client's. */
    customerKey?: CustomerKey | undefined;
  }): Promise<Part>;
  /** A part from a range of an existing version: shares its bytes, reads them for the digests. */
  copyPart(request: {
    bucket: Bucket;
    upload: Upload;
    partNumber: number;
    source: Version;
    range: { start: number; end: number };
    customerKey?: CustomerKey | undefined;
    sourceKey?: CustomerKey | undefined;
  }): Promise<Part>;
  /**
   * A part of a replica, which is one of its source: shares its bytes, and has its digests. Upload and source are encrypted
   * so that they can be shared (`canShare`), or under the same key of a client, which nobody must bring.
   */
  sharePart(request: {
    bucket: Bucket;
    upload: Upload;
    part: Part;
    source: Version;
    range: { start: number; end: number };
  }): Promise<void>;
  /**
   * Parts as the client lists them. Throws InvalidPart, InvalidPartOrder, EntityTooSmall. `verify` sees the checksum of
   * the whole before the commit. An upload that has been completed already with the same parts answers the same version.
   */
  complete(request: {
    bucket: Bucket;
    key: string;
    uploadId: string;
    parts: readonly { partNumber: number; etag: string; checksum?: string }[];
    conditions?: WriteConditions;
    verify?: (result: { size: number; checksum?: Checksum }) => void;
    cause?: EventCause | undefined;
    replica?: ReplicaIdentity;
  }): Promise<Version>;
  abort(bucket: Bucket, key: string, uploadId: string): Promise<void>;
  listParts(upload: Upload, query: { after: number; limit: number }): Promise<PartPage>;
  list(
    bucket: Bucket,
    query: { prefix: string; delimiter: string; after: string; afterUploadId: string; limit: number },
  ): Promise<UploadPage>;
}

/** Documents that say who there is: accounts, users, keys and so on. */
export interface Identities {
  /** All of them, and the revision they are at. */
  read(): Promise<IdentityState>;
  /** Replaces or removes documents (null) that were decided on at a revision; `stale` where they have changed since, and nothing is done. */
  change(request: {
    revision: number;
    changes: readonly (IdentityName & { readonly document: string | null })[];
  }): Promise<'changed' | 'stale'>;
}

export interface Engine {
  readonly buckets: Buckets;
  readonly objects: Objects;
  readonly listing: Listing;
  readonly uploads: Uploads;
  readonly garbage: Garbage;
  readonly archives: Archives;
  readonly locks: Locks;
  readonly annotations: Annotations;
  readonly encryption: Encryption;
  readonly lifecycle: Lifecycle;
  readonly tiering: TieringEngine;
  readonly inventory: Inventory;
  readonly accessLogs: AccessLogs;
  readonly identities: Identities;
  readonly outbox: Outbox;
  readonly watches: Watches;
  readonly usage: Usage;
  readonly replication: Replication;
  readonly analytics: Analytics;
}
