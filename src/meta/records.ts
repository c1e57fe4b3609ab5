/** What the index keeps, as values. Times are milliseconds since 1970; digests and checksums are base64 as S3 shows them. */
import type { QueueMessage, TopicMessage } from './messages.ts';
import type { ObjectEncryption } from './object-encryption.ts';

/** Where a blob lies, as the index keeps it. The same shape as the blob store's; the index never looks inside but for the segment. */
export interface BlobLocation {
  readonly size: number;
  readonly extents: readonly {
    readonly segment: string;
    readonly offset: number;
    readonly unit: number;
    readonly start: number;
    readonly length: number;
  }[];
  /** The blob's name in stripe directories, wherever it is moved. Absent for the empty blob and for blobs of old commands. */
  readonly writeId?: string;
  /** How the blob is coded, where that is not 6+3. In the log only, for the moment in which a record is in doubt. */
  readonly scheme?: '6+3' | '1+2';
}

export type VersioningState = 'Unversioned' | 'Enabled' | 'Suspended';

export interface Bucket {
  readonly id: number;
  readonly name: string;
  readonly region: string;
  readonly owner: string;
  readonly createdMs: number;
  readonly versioning: VersioningState;
}

/** One configuration document of a bucket, by the name of its sub-resource (`tagging`, `policy`, …), as JSON text. */
export type BucketConfigKind = string;

/** What names a document of the identities: the account it is in, what it is, and its name among those. */
export interface IdentityName {
  readonly account: string;
  readonly kind: string;
  readonly name: string;
}

/** A document of the identities, as JSON text. What is in it is the IAM layer's. */
export interface IdentityDocument extends IdentityName {
  readonly document: string;
}

export interface Checksum {
  /** Algorithm by S3's name, e.g. `CRC64NVME`. */
  readonly algorithm: string;
  readonly type: 'FULL_OBJECT' | 'COMPOSITE';
  /** Base64; COMPOSITE values carry `-N`. */
  readonly value: string;
}

export interface Tag {
  readonly key: string;
  readonly value: string;
}

/** System headers of an object that are stored and given back as they came. */
export interface SystemHeaders {
  readonly contentType?: string;
  readonly cacheControl?: string;
  readonly contentDisposition?: string;
  readonly contentEncoding?: string;
  readonly contentLanguage?: string;
  readonly expires?: string;
  readonly websiteRedirectLocation?: string;
}

/** Groups of requesters that S3 knows; the URIs that clients name them by are the S3 layer's. */
export type GranteeGroup = 'AllUsers' | 'AuthenticatedUsers' | 'LogDelivery';

/** Who is granted something: a user by its canonical id, or a group. */
export type Grantee = { readonly id: string } | { readonly group: GranteeGroup };

export type Permission = 'FULL_CONTROL' | 'READ' | 'WRITE' | 'READ_ACP' | 'WRITE_ACP';

/** One entry of an access control list. */
export interface Grant {
  readonly grantee: Grantee;
  readonly permission: Permission;
}

/** How fast an archived version is restored. */
export type RestoreTier = 'Expedited' | 'Standard' | 'Bulk';

/** The last restore of a version in an archive, which may be over. */
export interface Restore {
  readonly tier: RestoreTier;
  /** For how many it can be read, from when it can be. */
  readonly days: number;
  /** When it can be read. */
  readonly readyMs: number;
}

/** Tiers of Intelligent-Tiering that are not read before they have been restored. */
export type ArchiveTier = 'ARCHIVE_ACCESS' | 'DEEP_ARCHIVE_ACCESS';

/** What the access tier of a version in INTELLIGENT_TIERING follows from. */
export interface Tiering {
  /** When it was last known to be read, or came into the class; absent for one that was written into it and not read since. */
  readonly accessedMs?: number;
  /** The archive tier that it is in; of one that has been restored, that it was in. */
  readonly archive?: {
    readonly tier: ArchiveTier;
    /** Once it can be read again it is in no archive tier any more. */
    readonly restore?: Omit<Restore, 'days'>;
  };
}

/** Who may end the retention of a version before its time: who is allowed to, or nobody. */
export type RetentionMode = 'GOVERNANCE' | 'COMPLIANCE';

/** For how long a version is kept from being removed. */
export interface Retention {
  readonly mode: RetentionMode;
  readonly untilMs: number;
}

export type LegalHold = 'ON' | 'OFF';

/** What keeps a version from being removed, or has kept it. */
export interface ObjectLock {
  /** How often it was changed, its making counted: of two descriptions of a version the one with the larger number is the later. */
  readonly revision: number;
  /** Absent if there never was any, and once it was removed. */
  readonly retention?: Retention;
  /** When that was set or removed; 0 for one that a replica has from the default of its own bucket. */
  readonly retentionSetMs?: number;
  /** Absent if there never was one. */
  readonly legalHold?: LegalHold;
  readonly legalHoldSetMs?: number;
}

/** What a client says of an object when it creates it, kept with the upload until it becomes a version. */
export interface ObjectAttributes {
  readonly owner: string;
  readonly storageClass: string;
  readonly headers: SystemHeaders;
  /** User metadata without the `x-amz-meta-` prefix, names in lower case. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly tags: readonly Tag[];
  /** Access control list; absent means that the owner has FULL_CONTROL and nobody else anything. */
  readonly acl?: readonly Grant[];
  /** Of a version only. */
  readonly restore?: Restore;
  /** Of a version that rules have replicated, or that is a replica. */
  readonly replication?: ReplicationStatus;
  /** When tags or access control list were last changed, of a version whose changes are replicated. */
  readonly changedMs?: number;
  /** Of a version in INTELLIGENT_TIERING only. */
  readonly tiering?: Tiering;
  /** Absent where the bytes lie as they are. */
  readonly encryption?: ObjectEncryption;
  /** Absent for what was never locked. */
  readonly lock?: ObjectLock;
  /** When it was found that bytes of the version are lost. */
  readonly lostMs?: number;
}

/** How a version stands to replication, as S3 says it. */
export type ReplicationStatus = 'PENDING' | 'COMPLETED' | 'FAILED' | 'REPLICA';

/** What of a version is replicated: all of it, that it is a delete marker, or its tags, access control list and lock alone. */
export type ReplicationKind = 'version' | 'marker' | 'attributes';

/** Of an entry by which a destination is looked at after a change. `toldMs` is when tags were changed that it told itself and the version then had. */
export type ReplicationLook = { readonly toldMs?: number };

/** A change on its way to one destination. */
export interface ReplicationEntry {
  /** Its place in the order of all. */
  readonly sequence: number;
  /** ARN of a bucket. */
  readonly destination: string;
  readonly bucketId: number;
  /** Its name; absent if it is gone. */
  readonly bucket?: string;
  readonly key: string;
  readonly versionId: string;
  readonly kind: ReplicationKind;
  /** Id of the rule that asked for it. */
  readonly rule: string;
  /** When the change was made. */
  readonly atMs: number;
  /** Since when it waits: later than the change, if it was queued again. */
  readonly queuedMs: number;
  /** Bytes to be sent. */
  readonly size: number;
  readonly isTimed: boolean;
  readonly isLate: boolean;
  /** Of the upload that was begun at the destination. */
  readonly uploadId?: string;
  readonly look?: ReplicationLook;
  /** Why it failed. */
  readonly failure?: string;
}

/**
 * Part of an object's bytes: bytes `offset … offset + length` of a blob; of an encrypted one, of what it says when it is
 * decrypted.
 */
export interface Slice {
  readonly blob: number;
  readonly location: BlobLocation;
  readonly offset: number;
  readonly length: number;
  /** The blob's data key, sealed, where the blob is encrypted. */
  readonly envelope?: string;
}

export interface Version {
  readonly bucketId: number;
  readonly key: string;
  /** `null` is the null version's id, as S3 spells it. */
  readonly versionId: string;
  /** Creation order within the index; a later version of a key has the larger ordinal. */
  readonly ordinal: number;
  readonly isLatest: boolean;
  readonly isDeleteMarker: boolean;
  readonly lastModifiedMs: number;
  readonly size: number;
  /** Without quotes. Empty for a delete marker. */
  readonly etag: string;
  readonly checksum?: Checksum;
  /** Number of parts of a multipart object; absent for any other. */
  readonly partCount?: number;
  /** Upload that made this version, so that a repeated completion finds its result. */
  readonly uploadId?: string;
  readonly attributes: ObjectAttributes;
}

export interface Upload {
  readonly uploadId: string;
  readonly bucketId: number;
  readonly key: string;
  readonly initiatedMs: number;
  readonly attributes: ObjectAttributes;
  /** Algorithm and type the upload was created with; absent if the client named none. */
  readonly checksumAlgorithm?: string;
  readonly checksumType?: 'FULL_OBJECT' | 'COMPOSITE';
}

export interface Part {
  readonly partNumber: number;
  readonly size: number;
  /** Without quotes. */
  readonly etag: string;
  readonly lastModifiedMs: number;
  readonly checksum?: Checksum;
}

/** What a client has written onto a version, under a name. */
export interface Annotation {
  readonly name: string;
  readonly size: number;
  /** Without quotes. */
  readonly etag: string;
  readonly checksum?: Checksum;
  readonly lastModifiedMs: number;
}

/** Lines of a bucket's access log of one day. */
export interface LogBatch {
  readonly bucketId: number;
  /** On which the requests came, in days since 1970. */
  readonly day: number;
  /** When the first of them was written. */
  readonly atMs: number;
  readonly lines: number;
  /** Of the text as it is delivered, in bytes. */
  readonly size: number;
  /** Whose log it is and where it goes, as JSON text: the bucket may be another by the time of its delivery. */
  readonly source: string;
  /** Compressed. */
  readonly text: Uint8Array;
}

export interface StoredLogBatch extends LogBatch {
  /** Its place in the order of all. */
  readonly sequence: number;
}

/** What waits of a bucket's access log of one day. */
export interface LogGroup {
  readonly bucketId: number;
  readonly day: number;
  readonly oldestMs: number;
  readonly lines: number;
  readonly size: number;
}

/** Who made a change, as events tell it. */
export interface EventCause {
  readonly requestId: string;
  /** The answer's `x-amz-id-2`. */
  readonly hostId: string;
  /** The requester's principal id. */
  readonly requester: string;
  /** Number of the requester's account, where the principal id does not say it. */
  readonly account?: string;
  readonly sourceAddress: string;
}

/** What happened to an object. */
/** What an event says beyond the object that it is on. */
export interface EventFacts {
  /** Of a restore: the archive that it is from. Of a transition: the class that the object has now. */
  readonly storageClass?: string;
  /** Until when a restored object can be read. */
  readonly restoredUntilMs?: number;
  /** The tier of Intelligent-Tiering that it was moved to. */
  readonly accessTier?: ArchiveTier;
  readonly replication?: ReplicationFacts;
  /** That was put; of one that was removed its name alone. */
  readonly annotation?: Pick<Annotation, 'name'> & Partial<Pick<Annotation, 'size' | 'etag'>>;
  /** Of a copy: whether it has any. */
  readonly isAnnotated?: boolean;
}

/** What an event says of a change that is replicated. */
export interface ReplicationFacts {
  /** Id of the rule. */
  readonly rule: string;
  /** ARN of a bucket. */
  readonly destination: string;
  readonly kind: ReplicationKind;
  /** When the change was made. */
  readonly requestedMs: number;
  /** By AWS's name; absent where it has none for it. */
  readonly failureReason?: string;
  /** How long it may take by its rule. */
  readonly thresholdMs?: number;
  /** How long it took. */
  readonly tookMs?: number;
}

export interface ObjectEvent extends EventCause, EventFacts {
  /** By AWS's name, without `s3:`: `ObjectCreated:Put`. */
  readonly event: string;
  /** Id of the rule that asked to hear of it. */
  readonly rule: string;
  readonly atMs: number;
  readonly bucket: string;
  readonly region: string;
  /** Canonical id of the bucket's owner. */
  readonly owner: string;
  readonly key: string;
  /** Of two events on one key the later one has the larger text. */
  readonly sequencer: string;
  readonly versionId: string;
  /** Of a version that is there now. */
  readonly size?: number;
  readonly etag?: string;
}

/** That a bucket's rules name a target, so that its owner sees that events arrive. */
export interface TestEvent {
  readonly event: 'TestEvent';
  readonly atMs: number;
  readonly bucket: string;
  readonly requestId: string;
  readonly hostId: string;
}

/** Whatever a target is sent. */
export type OutboxEvent = ObjectEvent | TestEvent | TopicMessage | QueueMessage;

/** An event as it enters the outbox. */
export interface PlacedEvent {
  /** ARN of whom it is told. */
  readonly target: string;
  readonly event: OutboxEvent;
}

/** How an event was tried that its target has not taken. */
export interface EventTries {
  /** When it was tried first. */
  readonly triedMs: number;
  readonly failures: number;
  /** From when on it is tried again. */
  readonly againMs: number;
}

/** An event that waits in the outbox to be tried again, and has others of its key wait behind it. */
export interface EventSetAside extends EventTries {
  readonly sequence: number;
}

/** An event on its way to one target. */
export interface OutboxEntry {
  /** Its place in the order of all. */
  readonly sequence: number;
  readonly event: OutboxEvent;
  /** Of one that is set aside. */
  readonly tries?: EventTries;
}
