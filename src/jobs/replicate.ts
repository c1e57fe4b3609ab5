/**
 * Replicates changes from the queue. A step only begins what can begin and writes down what has come to its end, so a
 * destination that is away holds up nothing: not the others, no request, no start. What has been replicated is removed from the
 * queue afterwards: after a crash in between it is replicated again, which changes nothing.
 */
import { setTimeout as pause } from 'node:timers/promises';
import {
  DestinationAway,
  LookAgain,
  type Prepared,
  type Replica,
  type ReplicaTarget,
  type Replication,
  type ReplicationEntry,
  ReplicationRefused,
  type Settled,
} from '../engine/replication/types.ts';
import type { Bucket } from '../engine/types.ts';
import type { Clock } from '../lib/clock.ts';
import type { Deference } from '../lib/deference.ts';
import type { Log } from '../lib/log.ts';
import type { Job } from './job.ts';
import type { KnownDestinations } from './known-destinations.ts';
import { RateLimit } from './rate-limit.ts';
import { type Attempt, ReplicationLane } from './replication-lane.ts';

const idlePauseMs = 100;
/** Entries read for a destination in a step. */
const readMax = 1000;
/** While changes wait for clients, further destinations are looked for so often. */
const lookEveryMs = 1000;
const underWayMax = 16;
const pieceBytesMax = 64 * 1024;
/** As AWS's objective has it, which is the only one there is. */
const thresholdMs = 15 * 60_000;

/** What is to be replicated where, for who decides whether it may be. */
export interface ReplicationAsked {
  readonly role: string;
  readonly replica: Replica;
  /** ARN. */
  readonly destination: string;
  /** The destination, if it is on this server. */
  readonly bucket: Bucket | undefined;
}

export interface ReplicationOptions {
  readonly replication: Replication;
  /** Buckets elsewhere, by ARN. */
  readonly elsewhere: ReadonlyMap<string, ReplicaTarget>;
  /** Which ones there have been. */
  readonly known: Pick<KnownDestinations, 'load' | 'has'>;
  /** Says how the replica is encrypted, as `Replica` has it. Throws ReplicationRefused if the role may not replicate it. */
  admit(asked: ReplicationAsked): Promise<Replica['encryption']>;
  /** Has changes wait for clients' requests. */
  readonly deference: Deference;
  readonly clock: Clock;
  readonly log: Log;
  /** How long a change is tried before it has failed. */
  readonly retryForMs: number;
  /** Without it as many as there can be. */
  readonly bytesPerSecond?: number | undefined;
}

export interface ReplicationWork {
  readonly job: Job;
  /** Why nothing can be replicated to a destination now; undefined while that is not so. */
  whyAway(destination: string): string | undefined;
  /** Gives up what is under way, which stays in the queue, and writes down what has come to its end. After the job has stopped. */
  close(): Promise<void>;
}

export function replicate(options: ReplicationOptions): ReplicationWork {
  const worker = new Replicator(options);
  return {
    job: { name: 'replication', idlePauseMs, step: () => worker.step(), status: () => worker.status() },
    whyAway: (destination) => worker.whyAway(destination),
    close: () => worker.close(),
  };
}

class Replicator {
  readonly #options: ReplicationOptions;
  readonly #lanes = new Map<string, ReplicationLane>();
  readonly #abort = new AbortController();
  readonly #limit: RateLimit | undefined;
  /** What has come to its end and is not written down yet. */
  #settled: Settled[] = [];
  readonly #figures = { replicated: 0, failed: 0, failedAttempts: 0, bytes: 0 };
  #lookMs = 0;
  #lastLatencyMs: number | undefined;
  readonly #lastErrors = new Map<string, string>();
  /** Destinations that are told to be no longer configured. */
  readonly #missing = new Set<string>();
  /** Uploads that were begun since their entries were read. */
  readonly #uploads = new Map<number, string>();
  /** By destination: what was looked at for being late, and when the next one may be. */
  readonly #looked = new Map<string, { readonly through: number; readonly againMs: number }>();
  /** Sequences of changes that are held and are late, since they were read. */
  readonly #told = new Set<number>();

  constructor(options: ReplicationOptions) {
    this.#options = options;
    const { bytesPerSecond, clock } = options;
    this.#limit = bytesPerSecond === undefined ? undefined : new RateLimit(bytesPerSecond, clock);
  }

  async step(): Promise<'busy' | 'idle'> {
    await this.#settle();
    const { replication, known } = this.#options;
    await known.load();
    for (const lane of await this.#waitedFor()) {
      const { destination } = lane;
      await lane.refill((passed) => replication.listOn({ destination, ...passed }));
      lane.pump();
      const limit = lane.isHeldBack ? 0 : Math.min(readMax, lane.room);
      if (limit > 0) lane.add(await replication.list({ destination, after: lane.last, limit }));
      await this.#tellLate(lane);
      lane.pump();
    }
    return (await replication.resyncStep()) ? 'busy' : 'idle';
  }

  status(): Readonly<Record<string, number | string>> {
    return {
      ...this.#figures,
      ...(this.#lastLatencyMs !== undefined && { 'latency of the last, in ms': this.#lastLatencyMs }),
      ...Object.fromEntries(
        [...this.#lastErrors].map(([destination, error]) => [`last failure of ${destination}`, error]),
      ),
    };
  }

  whyAway(destination: string): string | undefined {
    return this.#lanes.get(destination)?.isAway ? this.#lastErrors.get(destination) : undefined;
  }

  async close(): Promise<void> {
    this.#abort.abort();
    await Promise.all([...this.#lanes.values()].map((lane) => lane.quiet()));
    await this.#settle();
  }

  /** The lanes for which something waits. */
  async #waitedFor(): Promise<readonly ReplicationLane[]> {
    const nowMs = this.#options.clock.nowMs();
    const known = [...this.#lanes.values()];
    if (nowMs < this.#lookMs && known.some(({ isHeldBack }) => isHeldBack)) return known;
    this.#lookMs = nowMs + lookEveryMs;
    const destinations = await this.#options.replication.destinations();
    return destinations.map((destination) => this.#laneOf(destination));
  }

  #laneOf(destination: string): ReplicationLane {
    const known = this.#lanes.get(destination);
    if (known !== undefined) return known;
    const lane = new ReplicationLane({
      ...{ destination, underWayMax, clock: this.#options.clock, signal: this.#abort.signal },
      mayBegin: ({ queuedMs, size }) => this.#options.deference.mayBegin({ sinceMs: queuedMs, bytes: size }),
      attempt: (entry) => this.#attempt(entry),
    });
    this.#lanes.set(destination, lane);
    return lane;
  }

  async #settle(): Promise<void> {
    const settled = this.#settled;
    if (settled.length === 0) return;
    this.#settled = [];
    try {
      await this.#options.replication.settle(settled);
    } catch (error) {
      this.#settled = [...settled, ...this.#settled];
      throw error;
    }
    const failed = settled.filter(({ failure }) => failure !== undefined);
    this.#figures.failed += failed.length;
    if (failed.length === 0) return;
    this.#options.log.warn(
      { changes: failed.length, why: failed[0]?.failure },
      'Changes were not replicated and have failed',
    );
  }

  /** Tells once of each change that takes longer than its rule lets it, whether the lane holds it or has passed it by. */
  async #tellLate(lane: ReplicationLane): Promise<void> {
    const { clock, replication } = this.#options;
    const { destination } = lane;
    const looked = this.#looked.get(destination) ?? { through: 0, againMs: 0 };
    const nowMs = clock.nowMs();
    if (nowMs < looked.againMs) return;
    const page = await replication.list({ destination, after: looked.through, limit: readMax });
    const early = page.find(({ queuedMs }) => nowMs - queuedMs < thresholdMs);
    const passed = early === undefined ? page : page.slice(0, page.indexOf(early));
    const late = passed.filter(({ isTimed, isLate }) => isTimed && !isLate);
    const missed = { event: 'Replication:OperationMissedThreshold', thresholdMs };
    if (late.length > 0) {
      await replication.note(late.map((entry) => ({ entry, isLate: true as const, told: missed })));
    }
    const told = new Set(late.map(({ sequence }) => sequence));
    for (const { sequence } of lane.held()) if (told.has(sequence)) this.#told.add(sequence);
    const isWhole = passed.length === readMax;
    this.#looked.set(destination, {
      through: passed.at(-1)?.sequence ?? looked.through,
      againMs: isWhole ? nowMs : (early?.queuedMs ?? nowMs) + thresholdMs,
    });
  }

  async #attempt(entry: ReplicationEntry): Promise<Attempt> {
    const { clock, retryForMs } = this.#options;
    const { signal } = this.#abort;
    let isTracked = entry.isTimed;
    try {
      const prepared = await this.#options.replication.prepare(entry);
      if (prepared.kind === 'ready') {
        isTracked ||= prepared.replica.rule.destination.metrics?.isEnabled === true;
        const target = await this.#send(entry, prepared);
        this.#noteDone(entry, target);
      } else {
        await this.#abortUpload(entry);
        this.#noteOver(entry, prepared);
      }
      return { outcome: 'settled' };
    } catch (error) {
      if (signal.aborted) return { outcome: 'abandoned' };
      if (error instanceof LookAgain) return { outcome: 'unfinished', afterMs: error.afterMs };
      this.#figures.failedAttempts++;
      const failure = describe(error);
      this.#lastErrors.set(entry.destination, failure);
      if (!(error instanceof ReplicationRefused) && clock.nowMs() - entry.queuedMs < retryForMs)
        return { outcome: error instanceof DestinationAway ? 'away' : 'failed' };
      const refusal = error instanceof DestinationAway ? error.cause : error;
      const reason = refusal instanceof ReplicationRefused ? refusal.reason : undefined;
      const failureReason = reason === undefined ? {} : { failureReason: reason };
      const told = { event: 'Replication:OperationFailedReplication', ...failureReason };
      await this.#abandonUpload(entry);
      this.#settled.push({ entry, failure, ...(isTracked && { told }) });
      return { outcome: 'settled' };
    }
  }

  #noteDone(entry: ReplicationEntry, target: ReplicaTarget): void {
    this.#uploads.delete(entry.sequence);
    if (entry.look !== undefined) {
      this.#settled.push({ entry });
      return;
    }
    const isLate = entry.isLate || this.#told.delete(entry.sequence);
    this.#figures.replicated++;
    this.#figures.bytes += entry.size;
    const nowMs = this.#options.clock.nowMs();
    this.#lastLatencyMs = nowMs - entry.atMs;
    const tookMs = this.#lastLatencyMs;
    const told = { event: 'Replication:OperationReplicatedAfterThreshold', thresholdMs, tookMs };
    const isLooked = target.look !== undefined && entry.kind !== 'version';
    this.#settled.push({ entry, ...(isLate && { told }), ...(isLooked && { lookedMs: nowMs }) });
  }

  #noteOver(entry: ReplicationEntry, { isTracked }: Extract<Prepared, { kind: 'over' }>): void {
    this.#uploads.delete(entry.sequence);
    this.#told.delete(entry.sequence);
    this.#settled.push({ entry, ...(isTracked && { told: { event: 'Replication:OperationNotTracked' } }) });
  }

  /** Nothing is left behind of what was on its way when its source went; where nothing can be done any more, nothing is. */
  async #abortUpload(entry: ReplicationEntry): Promise<void> {
    const uploadId = this.#uploads.get(entry.sequence) ?? entry.uploadId;
    if (uploadId === undefined) return;
    try {
      const { target } = await this.#targetOf(entry.destination);
      await target.abortUpload(entry, uploadId);
    } catch (error) {
      if (!(error instanceof ReplicationRefused)) throw error;
    }
  }

  /** What cannot be aborted as its change fails stays there, and is gone on with if the change is tried again. */
  async #abandonUpload(entry: ReplicationEntry): Promise<void> {
    try {
      await this.#abortUpload(entry);
      this.#uploads.delete(entry.sequence);
    } catch (error) {
      this.#options.log.warn(
        { err: error, destination: entry.destination },
        'An upload of what has failed is left there',
      );
    }
  }

  /** Where a destination is, and its bucket if that is on this server. One that was elsewhere may come back. */
  async #targetOf(destination: string): Promise<{ readonly target: ReplicaTarget; readonly bucket?: Bucket }> {
    const { elsewhere, known, replication, log } = this.#options;
    const remote = elsewhere.get(destination);
    if (remote !== undefined) return { target: remote };
    try {
      return await replication.here(destination);
    } catch (error) {
      if (!(error instanceof ReplicationRefused) || !known.has(destination)) throw error;
      const message = `The configuration names ${destination} no more: what is for it waits`;
      if (!this.#missing.has(destination)) log.warn({ destination }, message);
      this.#missing.add(destination);
      throw new DestinationAway(message, { cause: error });
    }
  }

  async #send(entry: ReplicationEntry, prepared: Extract<Prepared, { kind: 'ready' }>): Promise<ReplicaTarget> {
    const { replication } = this.#options;
    const { destination } = entry;
    const { target, bucket } = await this.#targetOf(destination);
    const { role, replica } = prepared;
    const encryption = await this.#options.admit({ role, replica, destination, bucket });
    const admitted = { ...prepared, replica: { ...replica, encryption } };
    const uploadId = this.#uploads.get(entry.sequence) ?? entry.uploadId;
    await replication.send(admitted, uploadId === undefined ? entry : { ...entry, uploadId }, {
      target,
      metered: (bytes) => this.#metered(bytes),
      noteUpload: async (uploadId) => {
        this.#uploads.set(entry.sequence, uploadId);
        await replication.note([{ entry, uploadId }]);
      },
    });
    return target;
  }

  /** So small that none of many streams stands still for long. */
  async *#inPieces(chunk: Uint8Array, limit: RateLimit): AsyncGenerator<Uint8Array> {
    const { signal } = this.#abort;
    for (let at = 0; at < chunk.length; at += pieceBytesMax) {
      const waitMs = limit.freeAtMs - this.#options.clock.nowMs();
      if (waitMs > 0) await pause(waitMs, undefined, { signal });
      const piece = chunk.subarray(at, at + pieceBytesMax);
      limit.spend(piece.length);
      yield piece;
    }
  }

  async *#metered(open: () => AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    const { signal } = this.#abort;
    const limit = this.#limit;
    for await (const chunk of open()) {
      signal.throwIfAborted();
      if (limit === undefined) yield chunk;
      else yield* this.#inPieces(chunk, limit);
    }
  }
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}
