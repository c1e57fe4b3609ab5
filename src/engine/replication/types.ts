/** What a job needs to have changes replicated. */
import type { Bucket, Part, ReplicationEntry, ReplicationFacts, Version } from '../../meta/records.ts';
import type { ReplicationKeyQuery, ReplicationSize } from '../../meta/types.ts';
import type { NewEncryption } from '../encryption/types.ts';
import type { ReplicaIdentity } from '../version-ids.ts';
import type { ReplicationConfiguration, ReplicationRule } from './configuration.ts';

export type { ReplicationEntry, ReplicationSize };

/** ARNs of those that may have told of a change, of which those that the bucket is replicated to are looked at afterwards. */
export type Tellers = ReadonlySet<string> | undefined;

/** A version as it is to be at a destination. */
export interface Replica extends ReplicaIdentity {
  /** With the storage class that it has there. */
  readonly version: Version;
  /** Where it comes from. */
  readonly source: Bucket;
  readonly rule: ReplicationRule;
  /** How it is to be encrypted on this server; absent for one whose bytes are as those of the source. */
  readonly encryption?: NewEncryption | undefined;
}

/** Bytes of a version, or of a part of it. */
export interface ReplicaBytes {
  readonly start: number;
  readonly end: number;
  /** Opened anew by each call. */
  read(): AsyncIterable<Uint8Array>;
}

/** A part as it is at a destination. */
export type PartThere = Pick<Part, 'etag' | 'size'>;

/** A bucket that versions are replicated to, here or elsewhere. What rejects may be tried again, but for ReplicationRefused. */
export interface ReplicaTarget {
  /** Of the versions of a key that one is the current one which came last, whichever was made last. */
  readonly ordersByArrival?: boolean;
  /** Writes a version that has no parts. */
  putWhole(replica: Replica, bytes: ReplicaBytes): Promise<void>;
  /** Begins to write a version of parts; the answer is what the upload is called, undefined where the version is there already. */
  beginUpload(replica: Replica): Promise<string | undefined>;
  /** The parts that are there, by number; undefined if there is no such upload. */
  partsOf(replica: Replica, uploadId: string): Promise<ReadonlyMap<number, PartThere> | undefined>;
  /** Returns the part's ETag there: what is encrypted under another key has another one. */
  putPart(replica: Replica, upload: { uploadId: string; part: Part; bytes: ReplicaBytes }): Promise<string>;
  /** False if there is no such upload, and never was one that the version came of. */
  completeUpload(replica: Replica, upload: { uploadId: string; parts: readonly Part[] }): Promise<boolean>;
  /** Ends an upload, if it is there, of a version that is gone. */
  abortUpload(entry: ReplicationEntry, uploadId: string): Promise<void>;
  putMarker(replica: Replica): Promise<void>;
  /** Makes tags, access control list and lock those of the version, or those parts alone that differ. False if the replica is not there. */
  setAttributes(replica: Replica, differing?: ReadonlySet<AttributePart>): Promise<boolean>;
  /** Of a server that has what comes last, whenever it was changed: how these stand there, or whether it has the marker. */
  look?(replica: Replica): Promise<AttributesThere | 'marker' | 'absent'>;
}

export interface AttributesThere {
  /** What was changed there is on its way here. */
  readonly isOnItsWay: boolean;
  readonly tags: Version['attributes']['tags'];
  /** Which are other than those of the version. */
  readonly differing: ReadonlySet<AttributePart>;
}

export type AttributePart = 'tags' | 'retention' | 'legalHold';

/** Why something is not replicated, by AWS's names. https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-failure-codes.html */
export type FailureReason =
  | 'AssumeRoleNotPermitted'
  | 'DstBucketNotFound'
  | 'DstBucketObjectLockConfigMissing'
  | 'DstBucketUnversioned'
  | 'DstDelObjNotPermitted'
  | 'DstKmsKeyInvalidState'
  | 'DstKmsKeyNotFound'
  | 'DstPutObjectNotPermitted'
  | 'SrcBucketReplicationConfigMissing'
  | 'SrcGetObjectNotPermitted'
  | 'SrcKmsKeyInvalidState'
  | 'SrcObjectNotEligible';

/** It will not be replicated, however often it is tried, before somebody has changed something. */
export class ReplicationRefused extends Error {
  override readonly name = 'ReplicationRefused';
  /** Where AWS has a name for it. */
  readonly reason: FailureReason | undefined;
  constructor(message: string, { reason, ...options }: ErrorOptions & { readonly reason?: FailureReason } = {}) {
    super(message, options);
    this.reason = reason;
  }
}

/** Nothing can be replicated to the destination now: it is not reached, is busy, or does not know us. It is tried again. */
export class DestinationAway extends Error {
  override readonly name = 'DestinationAway';
}

/** The destination is to be looked at once more, to see what it has in the end. */
export class LookAgain extends Error {
  override readonly name = 'LookAgain';
  readonly afterMs: number;
  constructor(afterMs: number) {
    super('It is looked at once more');
    this.afterMs = afterMs;
  }
}

/** What an entry of the queue is about, as it is now. */
export type Prepared =
  /** There is nothing left of it to replicate; whether its rule has it tracked. */
  | { readonly kind: 'over'; readonly isTracked: boolean }
  | { readonly kind: 'ready'; readonly replica: Replica; readonly role: string; readonly isAgain: boolean };

/** What came of an entry: it is done, or failed for a reason. */
export interface Settled {
  readonly entry: ReplicationEntry;
  readonly failure?: string;
  /** The destination is looked at afterwards: since when that waits. */
  readonly lookedMs?: number;
  readonly told?: ReplicationTold;
}

/** How an entry is told. */
export interface ReplicationTold extends Pick<ReplicationFacts, 'failureReason' | 'thresholdMs' | 'tookMs'> {
  /** Of the event, without `s3:`. */
  readonly event: string;
}

export interface SendOptions {
  readonly target: ReplicaTarget;
  /** All bytes that are read go through it. */
  metered(bytes: () => AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array>;
  /** Remembers what an upload is called, so that it is gone on with after a restart. */
  noteUpload(uploadId: string): Promise<void>;
}

/** Which versions of a bucket an operator wants replicated. */
export interface ResyncRequest {
  readonly bucket: string;
  /** ARN; without it to all destinations. */
  readonly destination?: string | undefined;
  /** Those too that are replicated already. */
  readonly all: boolean;
}

export interface Replication {
  /** What waits for a destination, in the order in which it happened. */
  list(query: { destination: string; after: number; limit: number }): Promise<readonly ReplicationEntry[]>;
  /** The same of one key, up to a place in the order. */
  listOn(query: ReplicationKeyQuery): Promise<readonly ReplicationEntry[]>;
  /** What failed for a destination. */
  failed(query: { destination: string; after: number; limit: number }): Promise<readonly ReplicationEntry[]>;
  /** Destinations for which something waits. */
  destinations(): Promise<readonly string[]>;
  sizes(): Promise<readonly ReplicationSize[]>;
  /** Throws ReplicationRefused. */
  prepare(entry: ReplicationEntry): Promise<Prepared>;
  /** The bucket of an ARN on this server. Throws ReplicationRefused if there is none, or it keeps no versions. */
  here(destination: string): Promise<{ readonly bucket: Bucket; readonly target: ReplicaTarget }>;
  /** Sends what was prepared. */
  send(prepared: Extract<Prepared, { kind: 'ready' }>, entry: ReplicationEntry, options: SendOptions): Promise<void>;
  settle(settled: readonly Settled[]): Promise<void>;
  note(
    notes: readonly { entry: ReplicationEntry; uploadId?: string; isLate?: true; told?: ReplicationTold }[],
  ): Promise<void>;
  /** Queues what failed for a destination again; returns how much that was. */
  retry(destination: string): Promise<number>;
  /** Replaces the rules of a bucket. By those that are new and say so of existing objects what is there is replicated too. */
  setRules(bucket: Bucket, configuration: ReplicationConfiguration): Promise<void>;
  /** Has versions of a bucket queued that are there. False if the bucket has no rules, or is gone. */
  resync(request: ResyncRequest): Promise<boolean>;
  /** Queues some of those; false if there are none. */
  resyncStep(): Promise<boolean>;
  /** What was asked for and is not done. */
  resyncs(): Promise<
    readonly (ResyncRequest & {
      /** Versions queued so far. */
      readonly queued: number;
      /** How far it has come. */
      readonly from?: { readonly key: string } | undefined;
    })[]
  >;
  /** Sets what a replica says of itself as its source elsewhere says it. Throws as `objects.find`. */
  setReplicaAttributes(request: {
    bucket: Bucket;
    key: string;
    versionId: string;
    tags: Version['attributes']['tags'];
    acl?: NonNullable<Version['attributes']['acl']> | null;
    changedMs: number;
    /** Who may have told. */
    tellers?: Tellers;
  }): Promise<void>;
}
