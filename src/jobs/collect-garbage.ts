/**
 * Collects garbage: segments in which no row names a byte any more, as all their objects were deleted or replaced, or as a
 * write was never committed. A segment goes when it has been garbage for the grace period without a break, so that a reader
 * that has just looked up what was then deleted still finds it. A segment with some live bytes stays whole.
 */
import type { Garbage } from '../engine/types.ts';
import type { Clock } from '../lib/clock.ts';
import type { Job } from './job.ts';

export interface CollectGarbageOptions {
  readonly garbage: Garbage;
  readonly clock: Clock;
  /** How long a segment is left alone after it was first seen to be garbage. */
  readonly graceMs?: number;
  readonly idlePauseMs?: number;
}

const defaultGraceMs = 60_000;
const defaultIdlePauseMs = 10_000;
/** Nine files each: a step stays short. */
const dropsPerStep = 32;

export function collectGarbage(options: CollectGarbageOptions): Job {
  const { garbage, clock, graceMs = defaultGraceMs, idlePauseMs = defaultIdlePauseMs } = options;
  /** Since when each candidate has been one. */
  let garbageSinceMs = new Map<string, number>();
  let droppedSegments = 0;
  let droppedShardBytes = 0;
  return {
    name: 'collect-garbage',
    idlePauseMs,
    async step() {
      const nowMs = clock.nowMs();
      const candidates = await garbage.listCandidates();
      garbageSinceMs = new Map(
        candidates.map(({ segment }) => [segment, garbageSinceMs.get(segment) ?? nowMs] as const),
      );
      const ripe = candidates.filter(({ segment }) => nowMs - (garbageSinceMs.get(segment) ?? nowMs) >= graceMs);
      const chosen = new Map(ripe.slice(0, dropsPerStep).map(({ segment, shardBytes }) => [segment, shardBytes]));
      for (const segment of await garbage.drop([...chosen.keys()])) {
        garbageSinceMs.delete(segment);
        droppedSegments++;
        droppedShardBytes += chosen.get(segment) ?? 0;
      }
      return ripe.length > dropsPerStep ? 'busy' : 'idle';
    },
    status: () => ({ waitingSegments: garbageSinceMs.size, droppedSegments, droppedShardBytes }),
  };
}
