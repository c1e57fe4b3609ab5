/**
 * Rebalance: moves shards to the disks where they should lie, as when a disk was added, is drained or was replaced, at a
 * bounded rate. A disk that is drained is done when it holds nothing any more.
 */
import type { BlobMaintenance, SegmentHealth } from '../blob/maintenance/types.ts';
import type { Clock } from '../lib/clock.ts';
import type { Job, StepOutcome } from './job.ts';
import { Progress } from './progress.ts';
import { SegmentWork } from './segment-work.ts';

export interface RebalanceOptions {
  readonly maintenance: BlobMaintenance;
  readonly clock: Clock;
  /** Bytes read and written in a second, at most. */
  readonly bytesPerSecond: number;
  readonly idlePauseMs?: number;
}

const defaultIdlePauseMs = 5000;

export function rebalance(options: RebalanceOptions): Job {
  const work = new RebalanceWork(options);
  return {
    name: 'rebalance',
    idlePauseMs: options.idlePauseMs ?? defaultIdlePauseMs,
    step: () => work.step(),
    status: () => work.status(),
  };
}

class RebalanceWork {
  readonly #maintenance: BlobMaintenance;
  readonly #work: SegmentWork;
  readonly #progress: Progress;
  #currentBytes = 0;
  #currentMovable = 0;
  #movedSegments = 0;

  constructor({ maintenance, clock, bytesPerSecond }: RebalanceOptions) {
    this.#maintenance = maintenance;
    this.#work = new SegmentWork({ clock, bytesPerSecond });
    this.#progress = new Progress(clock);
  }

  async step(): Promise<StepOutcome> {
    if (this.#work.segment === undefined) {
      const waiting = this.#waiting();
      this.#progress.leftBytes = waiting.reduce((sum, health) => sum + bytesToMove(health), 0);
      const next = waiting.find(({ segment }) => !this.#work.isPostponed(segment));
      if (!next) return 'idle';
      this.#currentBytes = bytesToMove(next);
      this.#currentMovable = next.movable;
      this.#work.begin(next.segment, this.#maintenance.move(next.segment));
    }
    return this.#work.step((segment) => this.#finished(segment));
  }

  status(): Readonly<Record<string, number | string>> {
    const misplaced = this.#maintenance.health().filter((health) => health.misplaced.length > 0);
    return {
      misplacedShards: misplaced.reduce((sum, health) => sum + health.misplaced.length, 0),
      /** The disks where they should lie cannot take them now. */
      waitingForDisks: misplaced.filter(({ movable }) => movable === 0).length,
      failedSegments: this.#work.postponedCount,
      movedSegments: this.#movedSegments,
      ...(this.#work.segment !== undefined && { segment: this.#work.segment }),
      ioBytes: this.#work.bytes,
      ...this.#progress.describe(),
    };
  }

  /** What is open is sealed for it, once, and moved afterwards. */
  #waiting(): SegmentHealth[] {
    const movable = this.#maintenance.health().filter((health) => health.movable > 0);
    if (movable.some(({ isSealed }) => !isSealed)) this.#maintenance.retireOpen();
    return movable.filter(({ isSealed }) => isSealed);
  }

  /** What is not better than before is not tried again at once. */
  #finished(segment: string): void {
    const after = this.#maintenance.health().find((health) => health.segment === segment);
    if (after && after.movable >= this.#currentMovable) {
      this.#work.postpone(segment);
      return;
    }
    this.#work.succeeded(segment);
    this.#movedSegments++;
    this.#progress.add(this.#currentBytes);
    this.#progress.leftBytes = Math.max(0, this.#progress.leftBytes - this.#currentBytes);
  }
}

function bytesToMove({ movable, shardBytes }: SegmentHealth): number {
  return movable * Math.max(shardBytes, 1);
}
