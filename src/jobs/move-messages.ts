/** Moves dead letters of queues to other queues, as tasks ask for that. */
import type { MoveStep } from '../events/queues/move-tasks.ts';
import type { Job } from './job.ts';

/** How soon a task goes on that has a rate. */
const betweenMs = 100;
/** How soon one begins. */
const idleMs = 1000;

export function moveMessages({ step }: { readonly step: () => Promise<MoveStep> }): Job {
  let total = 0;
  let idlePauseMs = idleMs;
  return {
    name: 'message-moves',
    get idlePauseMs() {
      return idlePauseMs;
    },
    async step() {
      const { moved, isUnderWay, isBusy } = await step();
      total += moved;
      idlePauseMs = isUnderWay ? betweenMs : idleMs;
      return isBusy ? 'busy' : 'idle';
    },
    status: () => ({ moved: total }),
  };
}
