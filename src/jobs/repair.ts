/**
 * Repair: rebuilds shards that are missing or damaged, of the segment that can lose the fewest more first, at a bounded rate.
 * What is to be repaired is marked on the segments: by reads and scrub that met damage, by writes that failed, and by the
 * verification of disks, which finds files that are missing or too short.
 */
import type { BlobMaintenance, SegmentHealth } from '../blob/maintenance/types.ts';
import type { Clock } from '../lib/clock.ts';
import type { Job, StepOutcome } from './job.ts';
import { Progress } from './progress.ts';
import { SegmentWork } from './segment-work.ts';

export interface RepairOptions {
  readonly maintenance: BlobMaintenance;
  readonly clock: Clock;
  /** Bytes read and written in a second, at most. */
  readonly bytesPerSecond: number;
  readonly idlePauseMs?: number;
}

const defaultIdlePauseMs = 2000;

export function repair(options: RepairOptions): Job {
  const work = new RepairWork(options);
  return {
    name: 'repair',
    idlePauseMs: options.idlePauseMs ?? defaultIdlePauseMs,
    step: () => work.step(),
    status: () => work.status(),
  };
}

class RepairWork {
  readonly #maintenance: BlobMaintenance;
  readonly #work: SegmentWork;
  readonly #progress: Progress;
  /** Shard files that the segment under way had to be rebuilt, in bytes. */
  #currentBytes = 0;
  #currentRepairable = 0;
  #repairedSegments = 0;

  constructor({ maintenance, clock, bytesPerSecond }: RepairOptions) {
    this.#maintenance = maintenance;
    this.#work = new SegmentWork({ clock, bytesPerSecond });
    this.#progress = new Progress(clock);
  }

  async step(): Promise<StepOutcome> {
    if (this.#work.segment === undefined) {
      const waiting = this.#waiting();
      this.#progress.leftBytes = waiting.reduce((sum, health) => sum + bytesToRepair(health), 0);
      const next = waiting.find(({ segment }) => !this.#work.isPostponed(segment));
      if (!next) return 'idle';
      this.#currentBytes = bytesToRepair(next);
      this.#currentRepairable = next.repairable;
      this.#work.begin(next.segment, this.#maintenance.repair(next.segment));
    }
    return this.#work.step((segment) => this.#finished(segment));
  }

  status(): Readonly<Record<string, number | string>> {
    const all = this.#maintenance.health();
    const worst = all.reduce((least, { sparesLeft }) => Math.min(least, sparesLeft), Number.POSITIVE_INFINITY);
    const degraded = all.filter(({ missing, damaged }) => missing.length + damaged.length > 0);
    return {
      degradedSegments: degraded.length,
      /** Their disks are away and no others can take the shards, or they are still written. */
      waitingForDisks: degraded.filter(({ repairable }) => repairable === 0).length,
      failedSegments: this.#work.postponedCount,
      repairedSegments: this.#repairedSegments,
      unreadableStripes: all.reduce((sum, health) => sum + health.unreadableStripes, 0),
      ...(all.length > 0 && { worstSparesLeft: worst }),
      ...(this.#work.segment !== undefined && { segment: this.#work.segment }),
      ioBytes: this.#work.bytes,
      ...this.#progress.describe(),
    };
  }

  /** What can be mended now, the worst first. An open segment is sealed for it, and mended afterwards. */
  #waiting(): SegmentHealth[] {
    const repairable = this.#maintenance.health().filter((health) => health.repairable > 0);
    if (repairable.some(({ isSealed }) => !isSealed)) this.#maintenance.retireOpen();
    return repairable
      .filter(({ isSealed }) => isSealed)
      .sort((a, b) => a.sparesLeft - b.sparesLeft || a.shardBytes - b.shardBytes);
  }

  /** What is not better than before is not tried again at once. */
  #finished(segment: string): void {
    const after = this.#maintenance.health().find((health) => health.segment === segment);
    if (after && after.repairable >= this.#currentRepairable) {
      this.#work.postpone(segment);
      return;
    }
    this.#work.succeeded(segment);
    this.#repairedSegments++;
    this.#progress.add(this.#currentBytes);
    this.#progress.leftBytes = Math.max(0, this.#progress.leftBytes - this.#currentBytes);
  }
}

function bytesToRepair({ repairable, shardBytes }: SegmentHealth): number {
  return repairable * Math.max(shardBytes, 1);
}
