/**
 * Has requests counted that configurations of their buckets ask for, once they are answered. A server without such
 * configurations asks `isIdle` of it, and nothing else.
 */
import { EngineError } from '../../engine/errors.ts';
import type { RequestMetrics } from '../../engine/metrics/request-metrics.ts';
import type { Bucket, Engine, Tag } from '../../engine/types.ts';
import type { Watch } from '../../engine/watches.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import type { Target } from '../addressing.ts';
import type { Exchange } from '../exchange.ts';
import type { InputOf, OperationName } from '../model/types.ts';
import { requestTypeOf } from './request-types.ts';

/** What is known of a request when it has been answered. */
export interface AnsweredRequest {
  readonly operation?: OperationName | 'PostObject' | undefined;
  readonly target?: Target | undefined;
  readonly input?: InputOf<OperationName> | undefined;
  /** Of the object as it was before the request, where that may have removed it. */
  readonly tagsBefore?: readonly Tag[] | undefined;
  /** On the observer's clock; undefined where nobody counted yet when the request came in. */
  readonly startedMs?: number | undefined;
  readonly answeredMs?: number | undefined;
}

export interface ObserverOptions {
  readonly engine: Pick<Engine, 'watches' | 'analytics' | 'buckets' | 'objects' | 'uploads'>;
  readonly metrics: RequestMetrics;
  /** Counts evenly. */
  readonly clock: Clock;
  /** Says what time it is, for the age of objects. */
  readonly wallClock: Clock;
  readonly log: Log;
}

export class Observer {
  readonly #options: ObserverOptions;

  constructor(options: ObserverOptions) {
    this.#options = options;
  }

  /** Whether nothing is counted of any bucket. */
  get isIdle(): boolean {
    return this.#options.engine.watches.isEmpty;
  }

  nowMs(): number {
    return this.#options.clock.nowMs();
  }

  /** Tags of what a request may remove, if they are asked for. */
  async tagsBefore(bucket: Bucket | undefined, target: Target): Promise<readonly Tag[] | undefined> {
    if (bucket === undefined || this.#options.engine.watches.of(bucket.id)?.asksForTags !== true) return undefined;
    return this.#tagsOf(bucket, target);
  }

  /** Never rejects. */
  async note(exchange: Exchange, answered: AnsweredRequest): Promise<void> {
    try {
      await this.#note(exchange, answered);
    } catch (err) {
      this.#options.log.warn({ requestId: exchange.requestId, err }, 'A request could not be counted');
    }
  }

  async #note(exchange: Exchange, { operation, target, input, ...answered }: AnsweredRequest): Promise<void> {
    const { startedMs, answeredMs, tagsBefore } = answered;
    const type = operation && requestTypeOf(operation);
    if (type === undefined || target?.bucket === undefined || startedMs === undefined) return;
    const bucket = await ifThere(this.#options.engine.buckets.get(target.bucket));
    const watch = bucket && this.#options.engine.watches.of(bucket.id);
    if (watch === undefined) return;
    const nowMs = this.nowMs();
    if (watch.analytics.length > 0) await this.#analyse(exchange, watch, { operation, target });
    const tags = watch.asksForTags ? (tagsBefore ?? (await this.#tagsOf(watch.bucket, target))) : [];
    this.#options.metrics.note(
      watch,
      { keys: keysOf(target, input), tags },
      {
        type,
        status: exchange.status,
        bytesDownloaded: exchange.bytesSent,
        bytesUploaded: exchange.bytesReceived,
        firstByteMs: (answeredMs ?? nowMs) - (exchange.bodyEndedMs ?? startedMs),
        totalMs: nowMs - startedMs,
      },
    );
  }

  /** Counts what was read or written, if it was: only whole objects that came in one request have a class when they come. */
  async #analyse(
    { status, bytesSent }: Exchange,
    { bucket, analytics: configurations }: Watch,
    { operation, target: { key, query } }: { operation: AnsweredRequest['operation']; target: Target },
  ): Promise<void> {
    const isUpload = operation === 'PutObject' || operation === 'PostObject';
    if (key === undefined || status >= 300 || !(isUpload || operation === 'GetObject')) return;
    const { engine, wallClock } = this.#options;
    const version = await ifThere(engine.objects.find(bucket, key, query.get('versionId')));
    if (version === undefined) return;
    const moved = isUpload
      ? ({ kind: 'upload', bytes: version.size } as const)
      : ({ kind: 'download', bytes: bytesSent } as const);
    engine.analytics.accesses.note(configurations, { version, ...moved, nowMs: wallClock.nowMs() });
  }

  /** Of the upload or the version that a request names; none where it is not there. */
  async #tagsOf(bucket: Bucket, { key, query }: Target): Promise<readonly Tag[]> {
    if (key === undefined) return [];
    const { uploads, objects } = this.#options.engine;
    const uploadId = query.get('uploadId');
    const upload = uploadId === undefined ? undefined : await ifThere(uploads.get(bucket, key, uploadId));
    const found = upload ?? (await ifThere(objects.find(bucket, key, query.get('versionId'))));
    return found?.attributes.tags ?? [];
  }
}

async function ifThere<T>(looking: Promise<T>): Promise<T | undefined> {
  try {
    return await looking;
  } catch (error) {
    if (error instanceof EngineError) return undefined;
    throw error;
  }
}

/** Keys that a request is about, or the prefix that it lists. */
function keysOf({ key, query }: Target, input: InputOf<OperationName> | undefined): readonly string[] {
  if (key !== undefined) return [key];
  if (input !== undefined && 'Delete' in input) return input.Delete?.Objects?.map(({ Key = '' }) => Key) ?? [];
  return [query.get('prefix') ?? ''];
}
