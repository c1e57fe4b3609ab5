/**
 * Sums up each day how the objects of analytics configurations are used, and writes down now and then what was uploaded and
 * downloaded since, so that a restart loses a minute of it at most.
 */
import { decodePending } from '../engine/analytics/days.ts';
import type { Analytics, AnalyticsFigures } from '../engine/analytics/types.ts';
import type { DeliveryCheck } from '../engine/inventory/types.ts';
import type { Watches } from '../engine/watches.ts';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import { BucketPass } from './bucket-pass.ts';
import type { Job } from './job.ts';
import type { JobStateStore } from './job-state.ts';

export interface AnalyseOptions {
  readonly analytics: Analytics;
  readonly watches: Watches;
  readonly check: DeliveryCheck;
  readonly clock: Clock;
  readonly log: Log;
  readonly state: JobStateStore;
  /** Keeps what is not part of a day yet. */
  readonly accessState: JobStateStore;
  readonly dayLengthMs: number;
}

const savePauseMs = 60_000;

export function analyse(options: AnalyseOptions): Job {
  const { analytics, check, clock, log, state, dayLengthMs } = options;
  let lastRefusal: string | undefined;
  const pass = new BucketPass<AnalyticsFigures>({
    clock,
    state,
    dayLengthMs,
    nextBucket: (after) => analytics.nextBucket(after),
    walk: (bucketName) =>
      analytics.walk(bucketName, {
        check,
        refused({ bucket, id, reason }) {
          log.warn({ bucket, id, reason }, 'A storage class analysis may not be written');
          lastRefusal = `${id} of ${bucket}: ${reason}`;
        },
      }),
    noFigures() {
      lastRefusal = undefined;
      return { lookedAt: 0, analysed: 0, filesWritten: 0, filesRefused: 0 };
    },
    budgets: [],
  });
  const saving = new AccessSaving(options);
  return {
    name: 'analytics',
    get idlePauseMs() {
      return Math.min(savePauseMs, pass.untilDueMs);
    },
    begin: () => pass.begin(),
    async step() {
      await saving.step();
      return pass.step();
    },
    status: () => ({ ...pass.status(), ...(lastRefusal !== undefined && { lastRefusal }) }),
  };
}

class AccessSaving {
  readonly #options: AnalyseOptions;
  #isRestored = false;
  #savedMs = 0;

  constructor(options: AnalyseOptions) {
    this.#options = options;
  }

  async step(): Promise<void> {
    const { analytics, accessState, watches, clock } = this.#options;
    const { accesses } = analytics;
    if (!this.#isRestored) {
      const saved = await accessState.load();
      if (saved !== undefined) accesses.restore(decodePending(saved));
      this.#isRestored = true;
    }
    const nowMs = clock.nowMs();
    if (!accesses.hasNews || nowMs - this.#savedMs < savePauseMs) return;
    accesses.keepOnly((bucketId) => (watches.of(bucketId)?.analytics.length ?? 0) > 0);
    accesses.hasNews = false;
    await accessState.save(JSON.stringify(accesses.pending));
    this.#savedMs = nowMs;
  }
}
