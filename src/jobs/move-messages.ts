/** Moves dead letters of queues to other queues, as tasks ask for that. */
import type { Job } from './job.ts';

/** How soon a task begins, and goes on where it has a rate. */
const idlePauseMs = 100;

export function moveMessages({
  step,
}: {
  readonly step: () => Promise<{ readonly moved: number; readonly isBusy: boolean }>;
}): Job {
  let total = 0;
  return {
    name: 'message-moves',
    idlePauseMs,
    async step() {
      const { moved, isBusy } = await step();
      total += moved;
      return isBusy ? 'busy' : 'idle';
    },
    status: () => ({ moved: total }),
  };
}
