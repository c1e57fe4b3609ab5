/** Maintenance of segments that are only said to exist: tests of jobs decide how they are, and see what is asked for. */
import type { BlobMaintenance, KnownDamage, MaintenanceWork, SegmentHealth } from '../../src/blob/maintenance/types.ts';

const whole: SegmentHealth = {
  segment: '',
  scheme: '6+3',
  isSealed: true,
  shardBytes: 100,
  goodShards: 9,
  sparesLeft: 3,
  missing: [],
  damaged: [],
  misplaced: [],
  surplusCopies: 0,
  unreadableStripes: 0,
  unreadablePlaces: [],
  isContradicted: false,
  undecidedStripes: [],
  repairable: 0,
  movable: 0,
};

export class FakeMaintenance implements BlobMaintenance {
  readonly segments = new Map<string, SegmentHealth>();
  /** What was done, in order. */
  readonly done: string[] = [];
  readonly failing = new Set<string>();
  /** Bytes that each yield of work tells of. */
  stepBytes = 10;

  set(segment: string, health: Partial<SegmentHealth> = {}): void {
    this.segments.set(segment, { ...whole, ...this.segments.get(segment), segment, ...health });
  }

  health(): readonly SegmentHealth[] {
    return [...this.segments.values()];
  }

  scrub(segment: string): MaintenanceWork {
    return this.#work('scrub', segment, {});
  }

  repair(segment: string): MaintenanceWork {
    return this.#work('repair', segment, { repairable: 0, missing: [], damaged: [], goodShards: 9, sparesLeft: 3 });
  }

  move(segment: string): MaintenanceWork {
    return this.#work('move', segment, { movable: 0, misplaced: [] });
  }

  markDamaged(segment: string, { shards, isContradicted }: KnownDamage): void {
    this.set(segment, { damaged: shards, repairable: shards.length, isContradicted });
  }

  retireOpen(): void {
    this.done.push('retire open');
    for (const segment of this.segments.keys()) this.set(segment, { isSealed: true });
  }

  /** Two yields, and then it is as if all had been done. */
  async *#work(what: string, segment: string, result: Partial<SegmentHealth>): MaintenanceWork {
    yield this.stepBytes;
    if (this.failing.has(segment)) throw new Error(`${segment} cannot be done`);
    yield this.stepBytes;
    this.done.push(`${what} ${segment}`);
    this.set(segment, result);
  }
}

/** A clock that a test moves. */
export class FakeClock {
  ms = 1_000_000;
  nowMs(): number {
    return this.ms;
  }
}
