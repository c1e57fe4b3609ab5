/**
 * Rebalance: moves shards to the disks where they should lie, as when a disk was added, is drained or was replaced, at a
 * bounded rate. A disk that is drained is done when it holds nothing any more.
 */
import type { Job } from './job.ts';
import { ShardWriting, type ShardWritingOptions } from './shard-writing.ts';

const defaultIdlePauseMs = 5000;

export function rebalance(options: ShardWritingOptions): Job {
  const { maintenance, idlePauseMs = defaultIdlePauseMs } = options;
  const moving = new ShardWriting(options, {
    due: ({ movable }) => movable,
    write: (segment) => maintenance.move(segment),
  });
  return {
    name: 'rebalance',
    idlePauseMs,
    step: () => moving.step(),
    status() {
      const misplaced = maintenance.health().filter((health) => health.misplaced.length > 0);
      return {
        misplacedShards: misplaced.reduce((sum, health) => sum + health.misplaced.length, 0),
        /** The disks where they should lie cannot take them now. */
        waitingForDisks: misplaced.filter(({ movable }) => movable === 0).length,
        movedSegments: moving.doneSegments,
        ...moving.describe(),
      };
    },
  };
}
