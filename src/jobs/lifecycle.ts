/** Acts on lifecycle rules, in a pass over the buckets that have any. */
import type { Lifecycle, LifecycleFigures } from '../engine/lifecycle/types.ts';
import type { Clock } from '../lib/clock.ts';
import { BucketPass } from './bucket-pass.ts';
import type { Job } from './job.ts';
import type { JobStateStore } from './job-state.ts';
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

export function actOnLifecycle(options: LifecycleOptions): Job {
  const { lifecycle, clock, state, dayLengthMs, looksPerSecond, changesPerSecond, bytesPerSecond } = options;
  const pass = new BucketPass<LifecycleFigures>({
    clock,
    state,
    dayLengthMs,
    nextBucket: (after) => lifecycle.nextBucket(after),
    walk: (bucketName, place) => lifecycle.walk(bucketName, place),
    noFigures,
    budgets: [
      { limit: new RateLimit(looksPerSecond, clock), spent: ({ lookedAt }) => lookedAt },
      { limit: new RateLimit(changesPerSecond, clock), spent: changesIn },
      { limit: new RateLimit(bytesPerSecond, clock), spent: ({ bytesMoved }) => bytesMoved },
    ],
  });
  return {
    name: 'lifecycle',
    get idlePauseMs() {
      return pass.untilDueMs;
    },
    begin: () => pass.begin(),
    step: () => pass.step(),
    status: () => pass.status(),
  };
}

function noFigures(): LifecycleFigures {
  return {
    ...{ lookedAt: 0, expired: 0, noncurrentRemoved: 0, markersRemoved: 0, transitioned: 0, bytesMoved: 0 },
    ...{ uploadsAborted: 0, leftAlone: 0, notMoved: 0 },
  };
}

function changesIn({ lookedAt: _looked, bytesMoved: _bytes, ...changes }: LifecycleFigures): number {
  return Object.values(changes).reduce((sum, count) => sum + count, 0);
}
