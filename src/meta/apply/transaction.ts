/**
 * What `apply` works on: the writing side of every table, inside the open transaction of the writer's connection. Counters
 * and live bytes live here while a batch runs, so that a command that is undone also gives its numbers back; `save` stores them.
 */
import type { PlacedEvent } from '../records.ts';
import { AccessLogWriter } from '../tables/access-logs.ts';
import { AnnotationWriter } from '../tables/annotations.ts';
import { ArrivalWriter } from '../tables/arrivals.ts';
import { BlobWriter } from '../tables/blobs.ts';
import { BucketWriter } from '../tables/buckets.ts';
import { IdentityWriter } from '../tables/identities.ts';
import { JobStateWriter } from '../tables/job-states.ts';
import type { Statements } from '../tables/lazy-statements.ts';
import { OutboxWriter } from '../tables/outbox.ts';
import { PartWriter } from '../tables/parts.ts';
import { ReplicationWriter } from '../tables/replication.ts';
import { RestoreWriter } from '../tables/restores.ts';
import { type Applied, type Counters, StateWriter } from '../tables/state.ts';
import { UploadWriter } from '../tables/uploads.ts';
import { VersionWriter } from '../tables/versions.ts';

/** What of a transaction is not in the tables yet. */
export interface Mark {
  readonly counters: Counters;
  readonly liveChanges: number;
  /** How many events were put into the outbox. */
  readonly placed: number;
  /** Of what is remembered of arrivals. */
  readonly arrivals: number;
}

export class Transaction {
  readonly buckets: BucketWriter;
  readonly versions: VersionWriter;
  readonly blobs: BlobWriter;
  readonly uploads: UploadWriter;
  readonly parts: PartWriter;
  readonly annotations: AnnotationWriter;
  readonly jobStates: JobStateWriter;
  readonly identities: IdentityWriter;
  readonly outbox: OutboxWriter;
  readonly replication: ReplicationWriter;
  readonly restores: RestoreWriter;
  readonly accessLogs: AccessLogWriter;
  readonly #arrivals: ArrivalWriter;
  readonly #state: StateWriter;
  #counters: Counters;

  constructor(db: Statements) {
    this.buckets = new BucketWriter(db);
    this.versions = new VersionWriter(db);
    this.blobs = new BlobWriter(db);
    this.uploads = new UploadWriter(db);
    this.parts = new PartWriter(db);
    this.annotations = new AnnotationWriter(db);
    this.jobStates = new JobStateWriter(db);
    this.identities = new IdentityWriter(db);
    this.#arrivals = new ArrivalWriter(db);
    this.outbox = new OutboxWriter(db, this.#arrivals);
    this.replication = new ReplicationWriter(db, this.#arrivals);
    this.restores = new RestoreWriter(db);
    this.accessLogs = new AccessLogWriter(db);
    this.#state = new StateWriter(db);
    this.#counters = this.#state.counters();
  }

  nextBucketId(): number {
    return this.#counters.bucketId++;
  }
  nextBlobId(): number {
    return this.#counters.blobId++;
  }
  nextContentId(): number {
    return this.#counters.contentId++;
  }
  /** Of the outbox and of the queue of replication: one order for both. */
  nextOutboxSequence(): number {
    return this.#counters.outboxSequence++;
  }
  sawOrdinal(ordinal: number): void {
    if (ordinal > this.#counters.lastOrdinal) this.#counters.lastOrdinal = ordinal;
  }

  /** Where the transaction is now, to go back to if what follows is undone. */
  mark(): Mark {
    const { liveChanges } = this.blobs;
    const { revision: arrivals } = this.#arrivals;
    return { counters: { ...this.#counters }, liveChanges, placed: this.outbox.placed.length, arrivals };
  }
  reset({ counters, liveChanges, placed, arrivals }: Mark): void {
    this.#counters = { ...counters };
    this.blobs.resetLive(liveChanges);
    this.outbox.placed.length = placed;
    this.buckets.forget();
    this.#arrivals.reset(arrivals);
  }

  /** What has been put into the outbox since the last call. */
  takePlaced(): readonly PlacedEvent[] {
    const { placed } = this.outbox;
    if (placed.length > 0) this.outbox.placed = [];
    return placed;
  }

  get lastOrdinal(): number {
    return this.#counters.lastOrdinal;
  }
  applied(): Applied {
    return this.#state.applied();
  }
  /** Stores what is not in the tables yet, and the log record that this transaction is. */
  save(applied: Applied): void {
    this.blobs.saveLive();
    this.#state.update(applied, this.#counters);
  }
}
