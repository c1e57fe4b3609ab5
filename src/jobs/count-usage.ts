/** Counts what is in each bucket: once a day, after a start, and whenever it is asked for. */
import type { Usage, UsageFigures } from '../engine/usage/usage.ts';
import type { Clock } from '../lib/clock.ts';
import { BucketPass } from './bucket-pass.ts';
import type { Job } from './job.ts';

export interface CountUsageOptions {
  readonly usage: Usage;
  readonly clock: Clock;
  readonly dayLengthMs: number;
}

export function countUsage({ usage, clock, dayLengthMs }: CountUsageOptions): Job {
  const pass = new BucketPass<UsageFigures>({
    clock,
    dayLengthMs,
    // The counts are gone after a restart, so nothing is to be gone on with.
    state: { load: async () => undefined, save: async () => {} },
    nextBucket: (after) => usage.nextBucket(after),
    walk: (bucketName) => usage.walk(bucketName),
    noFigures: () => ({ buckets: 0, lookedAt: 0 }),
    budgets: [],
  });
  return {
    name: 'usage',
    get idlePauseMs() {
      return pass.untilDueMs;
    },
    begin: () => pass.begin(),
    step: () => pass.step(),
    status: () => pass.status(),
  };
}
