/**
 * Intelligent-Tiering: writes down when versions were read, in batches, and moves those that were not read for long to the archive
 * tiers that their buckets opt in to, in a pass over these buckets. A pass begins with what was read being written down.
 */
import type { TieringEngine, TieringFigures } from '../engine/tiering/types.ts';
import type { Clock } from '../lib/clock.ts';
import { BucketPass } from './bucket-pass.ts';
import type { Job, StepOutcome } from './job.ts';
import type { JobStateStore } from './job-state.ts';
import { RateLimit } from './rate-limit.ts';

export interface TieringOptions {
  readonly tiering: TieringEngine;
  readonly clock: Clock;
  readonly state: JobStateStore;
  readonly dayLengthMs: number;
  /** Versions looked at in a second, at most. */
  readonly looksPerSecond: number;
  /** Of these, how many may be moved in a second, at most. */
  readonly changesPerSecond: number;
}

/** What a process forgets at most of the reads when it dies; of a day that was made short, no more than a part. */
const batchPauseMsMax = 60_000;
const batchesOfADay = 8;

export function tierIntelligently(options: TieringOptions): Job {
  const { tiering, clock, state, dayLengthMs, looksPerSecond, changesPerSecond } = options;
  const batchPauseMs = Math.min(batchPauseMsMax, Math.ceil(dayLengthMs / batchesOfADay));
  const pass = new BucketPass<TieringFigures>({
    clock,
    state,
    dayLengthMs,
    nextBucket: (after) => tiering.nextBucket(after),
    walk: (bucketName, place) => tiering.walk(bucketName, place),
    noFigures: () => ({ lookedAt: 0, archived: 0, leftAlone: 0 }),
    budgets: [
      { limit: new RateLimit(looksPerSecond, clock), spent: ({ lookedAt }) => lookedAt },
      { limit: new RateLimit(changesPerSecond, clock), spent: ({ archived, leftAlone }) => archived + leftAlone },
    ],
  });
  return {
    name: 'intelligent-tiering',
    get idlePauseMs() {
      return Math.min(batchPauseMs, pass.untilDueMs);
    },
    begin: () => pass.begin(),
    async step(): Promise<StepOutcome> {
      if (tiering.notes().waiting > 0) await tiering.writeNotes();
      return pass.step();
    },
    status() {
      const { waiting, noted, missed } = tiering.notes();
      return { ...pass.status(), readsWaiting: waiting, readsNoted: noted, readsMissed: missed };
    },
  };
}
