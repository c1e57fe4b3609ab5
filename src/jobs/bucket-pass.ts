/**
 * A pass over the buckets that have something configured: it begins when a day has ended, and whenever it is asked for. It
 * walks over one bucket after the other at bounded rates, and goes on where it was after a restart. What a walk does must not
 * depend on what the pass has done: a pass that is done again finds nothing due.
 */
import { endOfDays } from '../engine/lifecycle/due.ts';
import type { BucketWalk, WalkPlace } from '../engine/lifecycle/types.ts';
import { Breather } from '../lib/breather.ts';
import type { Clock } from '../lib/clock.ts';
import type { StepOutcome } from './job.ts';
import type { JobStateStore } from './job-state.ts';
import { decodePassState, encodePassState, type PassState } from './pass-state.ts';
import type { RateLimit } from './rate-limit.ts';

export interface BucketPassOptions<Figures> {
  readonly clock: Clock;
  readonly state: JobStateStore;
  readonly dayLengthMs: number;
  /** The first bucket behind a name that has something configured. */
  nextBucket(after: string): Promise<string | undefined>;
  walk(bucketName: string, place: WalkPlace): BucketWalk<Figures>;
  /** Those of a pass that begins. */
  noFigures(): Figures;
  /** What the pass spends, and at which rates. */
  readonly budgets: readonly { readonly limit: RateLimit; readonly spent: (figures: Figures) => number }[];
}

/** Requests wait behind a page: about a millisecond. */
const pageSize = 500;
const stepMsMax = 20;
/** How often a pass writes down where it is. */
const savePauseMs = 1000;

export class BucketPass<Figures extends Readonly<Record<keyof Figures, number>>> {
  readonly #options: BucketPassOptions<Figures>;
  #state: PassState | undefined;
  #isAskedFor = false;
  #walk: { readonly bucket: string; readonly walk: BucketWalk<Figures> } | undefined;
  #figures: Figures;
  #passEndedMs: number | undefined;
  #savedMs = 0;

  constructor(options: BucketPassOptions<Figures>) {
    this.#options = options;
    this.#figures = options.noFigures();
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
    const freeAtMs = Math.max(...this.#options.budgets.map(({ limit }) => limit.freeAtMs));
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
  async #pass(): Promise<PassState | undefined> {
    const { clock, state, noFigures } = this.#options;
    if (this.#state === undefined) {
      const text = await state.load();
      this.#state = text === undefined ? undefined : decodePassState(text);
    }
    if (this.#state?.isUnderWay === true) return this.#state;
    if (this.untilDueMs > 0 && !this.#isAskedFor) return undefined;
    this.#isAskedFor = false;
    this.#figures = noFigures();
    this.#state = { passStartedMs: clock.nowMs(), isUnderWay: true, bucket: undefined, place: undefined };
    return this.#state;
  }

  /** The walk over the bucket that comes next; undefined behind the last. */
  async #open({ bucket, place }: PassState): Promise<{ bucket: string; walk: BucketWalk<Figures> } | undefined> {
    const options = this.#options;
    // Where it is in the middle of a bucket, it goes on there.
    if (bucket !== undefined && place !== undefined) return { bucket, walk: options.walk(bucket, place) };
    const next = await options.nextBucket(bucket ?? '');
    return next === undefined ? undefined : { bucket: next, walk: options.walk(next, {}) };
  }

  async #work(walk: BucketWalk<Figures>, { passStartedMs }: PassState): Promise<void> {
    const { clock, budgets } = this.#options;
    const breather = new Breather();
    const startedMs = clock.nowMs();
    let isDone = false;
    while (!isDone && clock.nowMs() - startedMs < stepMsMax && budgets.every(({ limit }) => limit.isFree)) {
      const before = { ...this.#figures };
      isDone = await walk.step({ nowMs: passStartedMs, limit: pageSize }, this.#figures);
      for (const { limit, spent } of budgets) limit.spend(spent(this.#figures) - spent(before));
      await breather.breathe();
    }
    if (this.#state !== undefined && this.#walk !== undefined) {
      this.#state = { ...this.#state, bucket: this.#walk.bucket, place: isDone ? undefined : walk.place };
    }
    if (isDone) this.#walk = undefined;
  }

  async #end(state: PassState): Promise<void> {
    const hadBuckets = state.bucket !== undefined;
    this.#state = { passStartedMs: state.passStartedMs, isUnderWay: false, bucket: undefined, place: undefined };
    this.#passEndedMs = this.#options.clock.nowMs();
    // A server with nothing configured has nothing to remember.
    if (hadBuckets) await this.#save({ now: true });
  }

  async #save({ now = false } = {}): Promise<void> {
    const nowMs = this.#options.clock.nowMs();
    if (this.#state === undefined || (!now && nowMs - this.#savedMs < savePauseMs)) return;
    await this.#options.state.save(encodePassState(this.#state));
    this.#savedMs = nowMs;
  }
}
