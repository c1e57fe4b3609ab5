/**
 * Tells of restored copies of archived objects when they can be read and when they cannot any more. That they can, or cannot, needs
 * nothing done (`engine/archives.ts`); so a job that is late tells late, and nothing else.
 */
import type { Archives } from '../engine/types.ts';
import type { Job } from './job.ts';

/** One wave of commands. */
const atOnce = 256;
const pauseMsMin = 50;
const pauseMsMax = 60_000;
/** Of a day: a minute and a half, as days are long. */
const pauseShare = 1 / 1000;

export function tellRestores({
  archives,
  dayLengthMs,
}: {
  readonly archives: Pick<Archives, 'tellDue'>;
  readonly dayLengthMs: number;
}): Job {
  let completed = 0;
  let expired = 0;
  return {
    name: 'restores',
    idlePauseMs: Math.max(pauseMsMin, Math.min(pauseMsMax, dayLengthMs * pauseShare)),
    async step() {
      const told = await archives.tellDue(atOnce);
      completed += told.completed;
      expired += told.expired;
      return told.isDone ? 'idle' : 'busy';
    },
    status: () => ({ completed, expired }),
  };
}
