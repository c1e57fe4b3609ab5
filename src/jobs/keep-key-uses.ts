/** Writes down now and then when access keys were used last. What was noted since is lost with the process. */
import type { Job } from './job.ts';

const idlePauseMs = 60_000;

/** `save` writes down what was noted, and says of how many keys. */
export function keepKeyUses({ save }: { save: () => Promise<number> }): Job {
  let saved = 0;
  return {
    name: 'key-uses',
    idlePauseMs,
    async step() {
      saved += await save();
      return 'idle';
    },
    status: () => ({ saved }),
  };
}
