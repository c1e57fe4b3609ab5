/**
 * Keeps snapshots of the index in every zone, drops the log that they cover, and lets zones that were away catch up. A
 * step that makes or copies a snapshot may take longer than others do; the work is done on a thread of its own.
 */
import type { IndexUpkeep } from '../meta/types.ts';
import type { Job } from './job.ts';

const idlePauseMs = 10_000;

export function keepSnapshots({ upkeep }: { upkeep: IndexUpkeep }): Job {
  return {
    name: 'snapshot',
    idlePauseMs,
    step: () => upkeep.step(),
    status: () => ({ ...upkeep.status() }),
  };
}
