/** Drives the jobs that give space back, on a store whose clock a test moves. */
import { collectGarbage } from '../../src/jobs/collect-garbage.ts';
import { compact } from '../../src/jobs/compact.ts';
import type { EngineStore } from './engine-store.ts';

/** How long what is dead stays readable. */
export const graceMs = 60_000;

/** Both jobs, and a round of them: true if neither found anything to do. */
export function spaceJobs({ clock, compaction, engine }: EngineStore) {
  const bytesPerSecond = 1024 ** 3;
  const moving = compact({ compaction, clock, deadShareMin: 0.2, bytesPerSecond });
  const collecting = collectGarbage({ garbage: engine.garbage, clock, graceMs });
  const round = async () => {
    const outcomes = [await moving.step(), await collecting.step()];
    return outcomes.every((outcome) => outcome === 'idle');
  };
  return { round, status: () => moving.status() };
}

/** Runs both jobs, and the clock, until neither finds anything to do. */
export async function settle(store: EngineStore): Promise<Readonly<Record<string, unknown>>> {
  const jobs = spaceJobs(store);
  for (let rounds = 0, idle = 0; idle < 3; rounds++) {
    if (rounds === 500) throw new Error('the jobs do not come to rest');
    idle = (await jobs.round()) ? idle + 1 : 0;
    store.nowMs += graceMs;
  }
  return jobs.status();
}
