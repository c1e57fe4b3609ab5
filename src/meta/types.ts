/** The seam between the engine and the index: `submit` changes, named asynchronous reads see every acknowledged change. */
import type { Command, CommandResult } from './commands.ts';
import type {
  Annotation,
  BlobLocation,
  Bucket,
  IdentityDocument,
  LogGroup,
  ObjectLock,
  OutboxEntry,
  Part,
  PlacedEvent,
  ReplicationEntry,
  Slice,
  StoredLogBatch,
  Tag,
  Tiering,
  Upload,
  Version,
} from './records.ts';
import type { LogBatchQuery } from './tables/access-logs.ts';
import type { OutboxAsideQuery, OutboxKeyQuery, OutboxPlaceQuery, OutboxQuery, OutboxSize } from './tables/outbox.ts';
import type { ReplicationKeyQuery, ReplicationQuery, ReplicationSize } from './tables/replication.ts';

export type {
  OutboxAsideQuery,
  OutboxKeyQuery,
  OutboxPlaceQuery,
  OutboxQuery,
  OutboxSize,
  ReplicationKeyQuery,
  ReplicationQuery,
  ReplicationSize,
};

export interface BucketPage {
  readonly buckets: readonly Bucket[];
  readonly isTruncated: boolean;
}

export interface ListQuery {
  readonly bucketId: number;
  readonly prefix: string;
  readonly delimiter: string;
  /**
   * Keys up to and including this one are left out. If it is itself a common prefix (it ends with the first delimiter
   * behind `prefix`), so is every key below it. Inside a common prefix, the keys behind it still make that prefix.
   */
  readonly after: string;
  readonly limit: number;
}

/** A page of a listing: versions and common prefixes in one order, by UTF-8 bytes of key. */
export interface ObjectPage {
  readonly entries: readonly ObjectEntry[];
  readonly isTruncated: boolean;
}
export type ObjectEntry =
  | { readonly kind: 'version'; readonly version: Version }
  | { readonly kind: 'prefix'; readonly prefix: string };

export interface VersionListQuery extends ListQuery {
  /** With `after` = a key: go on after this version of that key. Empty: after all of them. */
  readonly afterVersionId: string;
  /** Where to go on if that version is gone, as for clients that delete page by page: after this ordinal of the key. Without it: after all of them. */
  readonly afterOrdinal?: number | undefined;
}

export interface UploadListQuery extends ListQuery {
  /** With `after` = a key: go on after this upload of that key. Empty: after all of them. */
  readonly afterUploadId: string;
}
export interface UploadPage {
  readonly entries: readonly (
    | { readonly kind: 'upload'; readonly upload: Upload }
    | { readonly kind: 'prefix'; readonly prefix: string }
  )[];
  readonly isTruncated: boolean;
}

export interface PartQuery {
  /** Part numbers up to and including this one are left out. */
  readonly after: number;
  readonly limit: number;
}
export interface PartPage {
  readonly parts: readonly Part[];
  readonly isTruncated: boolean;
}

/** Whose annotations are asked for: a version just found. One that is gone by now has none. */
export type Annotated = Pick<Version, 'bucketId' | 'key' | 'ordinal'>;

export interface AnnotationQuery {
  readonly prefix: string;
  /** Names up to and including this one are left out. */
  readonly after: string;
  readonly limit: number;
}
/** An annotation and where its bytes lie. */
export interface StoredAnnotation {
  readonly annotation: Annotation;
  readonly slices: readonly Slice[];
}
export interface AnnotationPage {
  readonly annotations: readonly StoredAnnotation[];
  readonly isTruncated: boolean;
}

export interface SegmentUse {
  readonly segment: string;
  readonly liveBytes: number;
}

export interface SegmentBlob {
  readonly blob: number;
  readonly location: BlobLocation;
}

/** All documents of the identities, and how often they have been changed. */
export interface IdentityState {
  readonly revision: number;
  readonly documents: readonly IdentityDocument[];
}

/** What a walk over all versions of a bucket sees of each. */
export interface VersionGlance {
  readonly key: string;
  readonly ordinal: number;
  readonly versionId: string;
  readonly isDeleteMarker: boolean;
  readonly lastModifiedMs: number;
  readonly size: number;
  readonly tags: readonly Tag[];
  readonly storageClass: string;
  readonly tiering: Tiering | undefined;
  readonly lock: ObjectLock | undefined;
}

export interface GlanceQuery {
  readonly bucketId: number;
  readonly prefix: string;
  /** Begin with this key, of it with versions below an ordinal. */
  readonly from?: { readonly key: string; readonly below?: number | undefined } | undefined;
  readonly limit: number;
}

export interface BlobVersionsQuery {
  readonly bucketId: number;
  /** Blobs that are asked for are between these, by their ids. */
  readonly firstBlob: number;
  readonly lastBlob: number;
  /** Begin with this key, with its versions below an ordinal. */
  readonly from: { readonly key: string; readonly below?: number };
  readonly limit: number;
}

export interface BlobVersions {
  readonly found: readonly Pick<VersionGlance, 'key' | 'ordinal' | 'versionId'>[];
  readonly next: { readonly key: string; readonly below: number } | undefined;
}

export interface QuietQuery {
  readonly bucketId: number;
  readonly prefix: string;
  readonly from?: string | undefined;
  /** About how many versions the stretch has. */
  readonly limit: number;
  /** What breaks the quiet: a version made before a time, … */
  readonly madeBeforeMs: number;
  /** … or any delete marker. */
  readonly markers: boolean;
  /** Of versions, those of this class alone. */
  readonly storageClass?: string;
}

export interface QuietStretch {
  /** How many versions and markers it has. */
  readonly versions: number;
  /** The first key behind it; undefined where none is left that begins with the prefix. */
  readonly until: string | undefined;
}

/** The version was removed after it was looked up: look it up again. */
export class VersionGone extends Error {
  override readonly name = 'VersionGone';
}

/** The index cannot answer now; it may soon. */
export class IndexUnavailable extends Error {
  override readonly name = 'IndexUnavailable';
}

export interface IndexReader {
  getBucket(name: string): Promise<Bucket | undefined>;
  /** Buckets in order of name, after `after`, whose name starts with `prefix`. */
  listBuckets(query: { owner?: string; prefix: string; after: string; limit: number }): Promise<BucketPage>;
  /** JSON text of a configuration document. */
  getBucketConfig(bucketId: number, kind: string): Promise<string | undefined>;
  /** All of a bucket's configuration documents, by kind. */
  getBucketConfigs(bucketId: number): Promise<Readonly<Record<string, string>>>;
  /** Name of the first bucket behind a name that has a configuration document of a kind. */
  nextBucketWithConfig(query: { after: string; kind: string }): Promise<string | undefined>;

  /** The named version, or without an id the current one, which may be a delete marker. */
  getVersion(bucketId: number, key: string, versionId?: string): Promise<Version | undefined>;
  /**
   * The bytes of a version in order, that overlap the half-open range; the first and last slice are cut to fit. This and
   * the reads of a version's parts reject with VersionGone if the version was removed meanwhile.
   */
  getSlices(version: Version, range: { start: number; end: number }): Promise<Slice[]>;
  /** The version that an upload became, if it still exists. */
  getCompletedUpload(bucketId: number, key: string, uploadId: string): Promise<Version | undefined>;
  /** Parts of a multipart version, in order of part number as completed (numbers may have gaps). */
  listVersionParts(version: Version, query: PartQuery): Promise<PartPage>;
  /** Of a multipart version: the n-th part (1 is the first) with its byte offset. */
  getVersionPart(version: Version, n: number): Promise<{ part: Part; offset: number } | undefined>;

  getAnnotation(version: Annotated, name: string): Promise<StoredAnnotation | undefined>;
  /** Annotations of a version whose names begin with a prefix, by the bytes of their names. */
  listAnnotations(version: Annotated, query: AnnotationQuery): Promise<AnnotationPage>;

  /** Current versions that are no delete markers. */
  listObjects(query: ListQuery): Promise<ObjectPage>;
  /** All versions and markers, newest first within a key. */
  listVersions(query: VersionListQuery): Promise<ObjectPage>;

  /** All versions and markers as `listVersions` orders them, of each no more than a glance. An empty page is the last. */
  glanceAtVersions(query: GlanceQuery): Promise<readonly VersionGlance[]>;
  /**
   * Of the next versions, so many, those that may have bytes in some blobs, and where the walk goes on; undefined at the end. Costs a
   * fifth of a glance.
   */
  findVersionsOfBlobs(query: BlobVersionsQuery): Promise<BlobVersions>;
  /**
   * The next stretch of whole keys, if nothing in it breaks the quiet; undefined if something does, or one key is all of it.
   * Costs a tenth of a glance.
   */
  findQuiet(query: QuietQuery): Promise<QuietStretch | undefined>;

  getUpload(bucketId: number, key: string, uploadId: string): Promise<Upload | undefined>;
  listUploads(query: UploadListQuery): Promise<UploadPage>;
  listUploadParts(uploadId: string, query: PartQuery): Promise<PartPage>;

  /** Live bytes of every segment that rows name or once named. */
  listSegments(): Promise<SegmentUse[]>;
  /** Blobs with bytes in a segment, in order of id; those up to `after` are left out. */
  listSegmentBlobs(segment: string, query: { after: number; limit: number }): Promise<SegmentBlob[]>;
  /** What a job saved last, as JSON text. */
  getJobState(job: string): Promise<string | undefined>;
  /** Who there is, in one piece. */
  getIdentities(): Promise<IdentityState>;
  /** Events that wait for a target, without the dead letters, in the order in which they happened. */
  listEvents(query: OutboxQuery): Promise<readonly OutboxEntry[]>;
  /** The same of one key, up to a place in the order. */
  listEventsOn(query: OutboxKeyQuery): Promise<readonly OutboxEntry[]>;
  /** Of those that are set aside the ones that may be tried again. */
  listEventsAside(query: OutboxAsideQuery): Promise<readonly OutboxEntry[]>;
  /** Of events behind one of their key that is set aside, the sequence of that one by theirs. */
  findEventsAside(behind: readonly OutboxPlaceQuery[]): Promise<ReadonlyMap<number, number>>;
  /** How many wait for each target, and how many are dead letters; only of targets for which there are any. */
  countEvents(): Promise<readonly OutboxSize[]>;
  /** What waits for a destination, or has failed, in the order in which it happened. */
  listReplication(query: ReplicationQuery): Promise<readonly ReplicationEntry[]>;
  /** What of it waits of one key, up to a place in the order. */
  listReplicationOn(query: ReplicationKeyQuery): Promise<readonly ReplicationEntry[]>;
  /** The first destination behind another one for which something waits. */
  nextReplicationDestination(after: string): Promise<string | undefined>;
  /** How much waits and how much failed, by destination, bucket and rule; only where there is any. Takes as long as there are of these. */
  countReplication(): Promise<readonly ReplicationSize[]>;
  /** What waits of access logs, by bucket and day. */
  listLogGroups(): Promise<readonly LogGroup[]>;
  /** The oldest batches of a group, in the order in which they were added. */
  listLogBatches(query: LogBatchQuery): Promise<readonly StoredLogBatch[]>;
  /** Restores of which something is to be told by now, the oldest first. */
  listDueRestores(query: { nowMs: number; limit: number }): Promise<readonly DueRestore[]>;
}

/** A restore of which something is to be told. Its version may be gone, or restored otherwise by now. */
export interface DueRestore {
  readonly bucketId: number;
  /** Undefined if it is gone. */
  readonly bucket: Bucket | undefined;
  readonly key: string;
  readonly ordinal: number;
  readonly versionId: string;
  readonly dueMs: number;
}

/** Where the commit log stands, and with which zones. */
export interface IndexState {
  readonly clusterId: string;
  /** Of the last record. */
  readonly sequence: number;
  /** That the next record will carry. */
  readonly epoch: number;
  /** Zones and their copies: one that is stale does not count towards a commit. */
  readonly zones: readonly { readonly zone: string; readonly isStale: boolean }[];
}

/** What a zone holds of the index, as it was at the last look; what it does not have is left out. */
export interface ZoneHoldings {
  readonly snapshot?: {
    /** Of its last record. */
    readonly sequence: number;
    /** When this zone's copy of it was written, in milliseconds since 1970. */
    readonly madeMs: number;
    readonly sizeBytes: number;
  };
  readonly log?: {
    readonly files: number;
    readonly sizeBytes: number;
    /** Of the first record in the oldest file, and in the newest. */
    readonly firstSequence: number;
    readonly newestFileSequence: number;
  };
}

/** Snapshots of the index in every zone, and zones that come back. */
export interface IndexUpkeep {
  /** One piece of the work: `busy` if more waits. One call at a time. */
  step(): Promise<'busy' | 'idle'>;
  status(): {
    /** Of the newest snapshot's last record; 0 if there is none. */
    readonly sequence: number;
    readonly logBytesSince: number;
    readonly made: number;
    readonly copied: number;
    readonly damagedFound: number;
    readonly logFilesDropped: number;
  };
  /** Of each zone that has been looked at. One that is stale is not looked at again before it counts. */
  holdings(): ReadonlyMap<string, ZoneHoldings>;
}

/** The index as it was when this was opened. To be closed soon: the database's WAL grows until then. */
export interface IndexInstant {
  /** All versions and markers of a bucket whose keys begin with a prefix, newest first within a key. To be called once. */
  versions(query: { readonly bucketId: number; readonly prefix: string }): Iterator<Version>;
  close(): void;
}

/** Hears of events once they are in the outbox, in their order. It must not throw. */
export type EventFollower = (placed: readonly PlacedEvent[]) => void;

export interface Index extends IndexReader {
  /**
   * Queues a command for the next batch. Resolves once it is durable and visible. Commands take effect in the order of
   * the calls. Rejects with CommandRejected (its precondition failed) or CommitFailed (the batch was not made durable).
   */
  submit<C extends Command>(command: C): Promise<CommandResult<C>>;
  /** Tells of events as they enter the outbox, until what is returned is called. */
  followEvents(follower: EventFollower): () => void;
  /** Largest ordinal any version ever had: new ones must be larger. */
  lastOrdinal(): number;
  state(): IndexState;
  /** The index as it is now, while it goes on changing. */
  openInstant(): Promise<IndexInstant>;
  readonly upkeep: IndexUpkeep;
  close(): Promise<void>;
}
