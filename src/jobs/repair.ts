/**
 * Repair: rebuilds shards that are missing or damaged, of the segment that can lose the fewest more first, at a bounded rate.
 * What is to be repaired is marked on the segments: by reads and scrub that met damage, by writes that failed, and by the
 * verification of disks, which finds files that are missing or too short.
 */
import type { Job } from './job.ts';
import { ShardWriting, type ShardWritingOptions } from './shard-writing.ts';

const defaultIdlePauseMs = 2000;

export function repair(options: ShardWritingOptions): Job {
  const { maintenance, idlePauseMs = defaultIdlePauseMs } = options;
  const mending = new ShardWriting(options, {
    due: ({ repairable }) => repairable,
    write: (segment) => maintenance.repair(segment),
    compare: (a, b) => a.sparesLeft - b.sparesLeft || a.shardBytes - b.shardBytes,
  });
  return {
    name: 'repair',
    idlePauseMs,
    step: () => mending.step(),
    status() {
      const all = maintenance.health();
      const worst = all.reduce((least, { sparesLeft }) => Math.min(least, sparesLeft), Number.POSITIVE_INFINITY);
      const degraded = all.filter(({ missing, damaged }) => missing.length + damaged.length > 0);
      return {
        degradedSegments: degraded.length,
        /** Their disks are away and no others can take the shards, or they are still written. */
        waitingForDisks: degraded.filter(({ repairable }) => repairable === 0).length,
        repairedSegments: mending.doneSegments,
        unreadableStripes: all.reduce((sum, health) => sum + health.unreadableStripes, 0),
        ...(all.length > 0 && { worstSparesLeft: worst }),
        ...mending.describe(),
      };
    },
  };
}
