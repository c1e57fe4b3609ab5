/**
 * Writes shard files of sealed segments as long as there are any to be written, one segment after another at a bounded rate:
 * what repair and rebalance have in common.
 */
import type { BlobMaintenance, MaintenanceWork, SegmentHealth } from '../blob/maintenance/types.ts';
import type { Clock } from '../lib/clock.ts';
import type { StepOutcome } from './job.ts';
import { Progress } from './progress.ts';
import { SegmentWork } from './segment-work.ts';

export interface ShardWritingOptions {
  readonly maintenance: BlobMaintenance;
  readonly clock: Clock;
  /** Bytes read and written in a second, at most. */
  readonly bytesPerSecond: number;
  readonly idlePauseMs?: number;
}

export interface ShardWritingKind {
  /** Shard files of a segment that can be written now. */
  readonly due: (health: SegmentHealth) => number;
  readonly write: (segment: string) => MaintenanceWork;
  /** Which segment comes first. Default: as they come. */
  readonly compare?: (a: SegmentHealth, b: SegmentHealth) => number;
}

export class ShardWriting {
  readonly #maintenance: BlobMaintenance;
  readonly #kind: ShardWritingKind;
  readonly #work: SegmentWork;
  readonly #progress: Progress;
  /** What was due on the segment under way when it was begun. */
  #current = { files: 0, bytes: 0 };
  #doneSegments = 0;

  constructor({ maintenance, clock, bytesPerSecond }: ShardWritingOptions, kind: ShardWritingKind) {
    this.#maintenance = maintenance;
    this.#kind = kind;
    this.#work = new SegmentWork({ clock, bytesPerSecond });
    this.#progress = new Progress(clock);
  }

  /** Segments that went as they should. */
  get doneSegments(): number {
    return this.#doneSegments;
  }

  async step(): Promise<StepOutcome> {
    if (this.#work.segment === undefined) {
      const waiting = this.#waiting();
      this.#progress.leftBytes = waiting.reduce((sum, health) => sum + this.#bytesDue(health), 0);
      const next = waiting.find(({ segment }) => !this.#work.isPostponed(segment));
      if (!next) return 'idle';
      this.#current = { files: this.#kind.due(next), bytes: this.#bytesDue(next) };
      this.#work.begin(next.segment, this.#kind.write(next.segment));
    }
    return this.#work.step((segment) => this.#finished(segment));
  }

  /** For the status of the job. */
  describe(): Readonly<Record<string, number | string>> {
    const { segment, bytes, postponedCount } = this.#work;
    return {
      failedSegments: postponedCount,
      ...(segment !== undefined && { segment }),
      ioBytes: bytes,
      ...this.#progress.describe(),
    };
  }

  /** What can be written now. An open segment is sealed for it, once, and comes afterwards. */
  #waiting(): SegmentHealth[] {
    const due = this.#maintenance.health().filter((health) => this.#kind.due(health) > 0);
    if (due.some(({ isSealed }) => !isSealed)) this.#maintenance.retireOpen();
    return due.filter(({ isSealed }) => isSealed).sort(this.#kind.compare ?? (() => 0));
  }

  /** What is not better than before is not tried again at once. */
  #finished(segment: string): void {
    const after = this.#maintenance.health().find((health) => health.segment === segment);
    if (after && this.#kind.due(after) >= this.#current.files) {
      this.#work.postpone(segment);
      return;
    }
    this.#work.succeeded(segment);
    this.#doneSegments++;
    this.#progress.add(this.#current.bytes);
    this.#progress.leftBytes = Math.max(0, this.#progress.leftBytes - this.#current.bytes);
  }

  #bytesDue(health: SegmentHealth): number {
    return this.#kind.due(health) * Math.max(health.shardBytes, 1);
  }
}
