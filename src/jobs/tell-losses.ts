/** Notes and tells of versions that are lost, once scrub or repair has found what cannot be read (`engine/losses.ts`). */
import type { Losses } from '../engine/losses.ts';
import type { Log } from '../lib/log.ts';
import type { Job } from './job.ts';

const idlePauseMs = 10_000;

export function tellLosses({ losses, log }: { readonly losses: Losses; readonly log: Log }): Job {
  return {
    name: 'losses',
    idlePauseMs,
    async step() {
      const before = losses.noted();
      const outcome = await losses.step();
      const versions = losses.noted() - before;
      if (versions > 0) log.error({ versions }, 'Versions are lost: too few of their shards are left anywhere');
      return outcome;
    },
    status: () => ({ lostVersions: losses.noted() }),
  };
}
