/**
 * Acts on lifecycle rules: a pass over the buckets that have any begins when a day has ended, and whenever it is asked for.
 * It walks over what the rules' prefixes name at bounded rates, and goes on where it was after a restart. Nothing it does
 * depends on what it has done: a pass that is done again finds nothing due.
 */
import { endOfDays } from '../engine/lifecycle/due.ts';
import type { Lifecycle, LifecycleFigures, LifecycleWalk } from '../engine/lifecycle/types.ts';
import { Breather } from '../lib/breather.ts';
import type { Clock } from '../lib/clock.ts';
import type { Job, StepOutcome } from './job.ts';
import type { JobStateStore } from './job-state.ts';
import { decodeLifecycleState, encodeLifecycleState, type LifecycleState } from './lifecycle-state.ts';
import { RateLimit } from './rate-limit.ts';

export interface LifecycleOptions {
  readonly lifecycle: Lifecycle;
  readonly clock: Clock;
  readonly state: JobStateStore;
  readonly dayLengthMs: number;
  /** Versions and uploads looked at in a second, at most. */
  readonly looksPerSecond: number;
  /** Of these, how many may be removed or moved in a second, at most. */
  readonly changesPerSecond: number;
  /** Of versions that are moved to a storage class in which they are coded otherwise. */
  readonly bytesPerSecond: number;
}

/** Requests wait behind a page: about a millisecond. */
const pageSize = 500;
const stepMsMax = 20;
/** How often a pass writes down where it is. */
const savePauseMs = 1000;

export function actOnLifecycle(options: LifecycleOptions): Job {
  const work = new LifecycleWork(options);
  return {
    name: 'lifecycle',
    get idlePauseMs() {
      return work.untilDueMs;
    },
    begin: () => work.begin(),
    step: () => work.step(),
    status: () => work.status(),
  };
}

class LifecycleWork {
  readonly #options: LifecycleOptions;
  readonly #looks: RateLimit;
  readonly #changes: RateLimit;
  readonly #bytes: RateLimit;
  #state: LifecycleState | undefined;
  #isAskedFor = false;
  #walk: { readonly bucket: string; readonly walk: LifecycleWalk } | undefined;
  #figures = noFigures();
  #passEndedMs: number | undefined;
  #savedMs = 0;

  constructor(options: LifecycleOptions) {
    this.#options = options;
    this.#looks = new RateLimit(options.looksPerSecond, options.clock);
    this.#changes = new RateLimit(options.changesPerSecond, options.clock);
    this.#bytes = new RateLimit(options.bytesPerSecond, options.clock);
  }

  /** How long it is until the day of the last pass has ended. */
  get untilDueMs(): number {
    const { clock, dayLengthMs } = this.#options;
    const passStartedMs = this.#state?.passStartedMs ?? 0;
    return Math.max(0, endOfDays({ sinceMs: passStartedMs, days: 0 }, dayLengthMs) - clock.nowMs());
  }

  begin(): void {
    this.#isAskedFor = true;
  }

  async step(): Promise<StepOutcome> {
    const state = await this.#pass();
    if (state === undefined) return 'idle';
    const freeAtMs = Math.max(this.#looks.freeAtMs, this.#changes.freeAtMs, this.#bytes.freeAtMs);
    if (freeAtMs > this.#options.clock.nowMs()) return { notBeforeMs: freeAtMs };
    const next = this.#walk ?? (await this.#open(state));
    if (next === undefined) {
      await this.#end(state);
      return 'idle';
    }
    this.#walk = next;
    await this.#work(next.walk, state);
    await this.#save();
    return 'busy';
  }

  status(): Readonly<Record<string, number | string>> {
    const { passStartedMs, isUnderWay } = this.#state ?? {};
    return {
      pass: isUnderWay === true ? 'under way' : 'done',
      ...(passStartedMs !== undefined && { passStartedMs }),
      ...(this.#passEndedMs !== undefined && { passEndedMs: this.#passEndedMs }),
      ...this.#figures,
    };
  }

  /** The pass that is under way, or that begins now; undefined if none is due. */
  async #pass(): Promise<LifecycleState | undefined> {
    const { clock, state } = this.#options;
    if (this.#state === undefined) {
      const text = await state.load();
      this.#state = text === undefined ? undefined : decodeLifecycleState(text);
    }
    if (this.#state?.isUnderWay === true) return this.#state;
    if (this.untilDueMs > 0 && !this.#isAskedFor) return undefined;
    this.#isAskedFor = false;
    this.#figures = noFigures();
    this.#state = { passStartedMs: clock.nowMs(), isUnderWay: true, bucket: undefined, place: undefined };
    return this.#state;
  }

  /** The walk over the bucket that comes next; undefined behind the last. */
  async #open({ bucket, place }: LifecycleState): Promise<{ bucket: string; walk: LifecycleWalk } | undefined> {
    const { lifecycle } = this.#options;
    // Where it is in the middle of a bucket, it goes on there.
    if (bucket !== undefined && place !== undefined) return { bucket, walk: lifecycle.walk(bucket, place) };
    const next = await lifecycle.nextBucket(bucket ?? '');
    return next === undefined ? undefined : { bucket: next, walk: lifecycle.walk(next, {}) };
  }

  async #work(walk: LifecycleWalk, { passStartedMs }: LifecycleState): Promise<void> {
    const { clock } = this.#options;
    const breather = new Breather();
    const startedMs = clock.nowMs();
    let isDone = false;
    while (!isDone && clock.nowMs() - startedMs < stepMsMax && this.#isFree) {
      const before = { ...this.#figures };
      isDone = await walk.step({ nowMs: passStartedMs, limit: pageSize }, this.#figures);
      this.#looks.spend(this.#figures.lookedAt - before.lookedAt);
      this.#changes.spend(changesIn(this.#figures) - changesIn(before));
      this.#bytes.spend(this.#figures.bytesMoved - before.bytesMoved);
      await breather.breathe();
    }
    if (this.#state !== undefined && this.#walk !== undefined) {
      this.#state = { ...this.#state, bucket: this.#walk.bucket, place: isDone ? undefined : walk.place };
    }
    if (isDone) this.#walk = undefined;
  }

  get #isFree(): boolean {
    return this.#looks.isFree && this.#changes.isFree && this.#bytes.isFree;
  }

  async #end(state: LifecycleState): Promise<void> {
    const hadBuckets = state.bucket !== undefined;
    this.#state = { passStartedMs: state.passStartedMs, isUnderWay: false, bucket: undefined, place: undefined };
    this.#passEndedMs = this.#options.clock.nowMs();
    // A server without rules has nothing to remember.
    if (hadBuckets) await this.#save({ now: true });
  }

  async #save({ now = false } = {}): Promise<void> {
    const nowMs = this.#options.clock.nowMs();
    if (this.#state === undefined || (!now && nowMs - this.#savedMs < savePauseMs)) return;
    await this.#options.state.save(encodeLifecycleState(this.#state));
    this.#savedMs = nowMs;
  }
}

function noFigures(): LifecycleFigures {
  return {
    ...{ lookedAt: 0, expired: 0, noncurrentRemoved: 0, markersRemoved: 0, transitioned: 0, bytesMoved: 0 },
    ...{ uploadsAborted: 0, leftAlone: 0 },
  };
}

function changesIn({ lookedAt: _looked, bytesMoved: _bytes, ...changes }: LifecycleFigures): number {
  return Object.values(changes).reduce((sum, count) => sum + count, 0);
}
