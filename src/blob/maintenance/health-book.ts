/**
 * How each segment is and what is to be done with it. Computing that ranks all disks, so it is kept until something that it
 * follows from has changed: the disks, where the shards are, or what is known to be wrong with them.
 */
import type { Clock } from '../../lib/clock.ts';
import type { Disk } from '../disk.ts';
import type { Disks } from '../disks.ts';
import type { Segment } from '../segments.ts';
import { homesFor, isOverdue, type PlanContext, planShards, type ShardPlan } from './shard-plan.ts';
import type { SegmentHealth } from './types.ts';

interface Entry {
  readonly key: string;
  readonly health: SegmentHealth;
  readonly plans: readonly ShardPlan[];
}

export interface HealthBookOptions {
  readonly disks: Disks;
  readonly clock: Clock;
  readonly repairDelayMs: number;
}

export class HealthBook {
  readonly #options: HealthBookOptions;
  readonly #entries = new WeakMap<Segment, Entry>();
  /** A disk that is verified again and again, and fails each time, is away all the while. */
  readonly #unwellSinceMs = new Map<Disk, number>();

  constructor(options: HealthBookOptions) {
    this.#options = options;
  }

  ofAll(segments: readonly Segment[]): SegmentHealth[] {
    const context = this.#context();
    const disksKey = describeDisks(context);
    return segments.map((segment) => this.#entry(segment, context, disksKey).health);
  }

  plan(segment: Segment): readonly ShardPlan[] {
    const context = this.#context();
    return this.#entry(segment, context, describeDisks(context)).plans;
  }

  /** The disk where a shard should lie. */
  homeOf(segment: Segment, shard: number): Disk | undefined {
    return homesFor(segment, this.#context())[shard];
  }

  #entry(segment: Segment, context: PlanContext, disksKey: string): Entry {
    const { condition, sealed } = segment;
    const key = `${condition.version};${sealed};${disksKey}`;
    const known = this.#entries.get(segment);
    if (known?.key === key) return known;
    const plans = planShards(segment, context);
    const entry = { key, plans, health: describe(segment, plans) };
    // The length of an open segment changes with every write.
    if (sealed) this.#entries.set(segment, entry);
    return entry;
  }

  #context(): PlanContext {
    const { disks, clock, repairDelayMs } = this.#options;
    for (const disk of disks.all) {
      if (disk.health === 'healthy') this.#unwellSinceMs.delete(disk);
      else if (!this.#unwellSinceMs.has(disk)) this.#unwellSinceMs.set(disk, disk.sinceMs);
    }
    const unwellSinceMs = (disk: Disk): number | undefined => this.#unwellSinceMs.get(disk);
    return { disks: disks.all, nowMs: clock.nowMs(), unwellSinceMs, repairDelayMs };
  }
}

/** All that a plan depends on of the disks. */
function describeDisks(context: PlanContext): string {
  const disks = context.disks.map((disk) =>
    [disk.rankedAs, disk.health, disk.standing, disk.readable, disk.isFull, isOverdue(disk, context)].join(),
  );
  return disks.join(';');
}

function describe(segment: Segment, plans: readonly ShardPlan[]): SegmentHealth {
  const { id, scheme, sealed, condition } = segment;
  const shardsThat = (reason: ShardPlan['why']): number[] =>
    plans.filter(({ why }) => why === reason).map(({ shard }) => shard);
  const missing = shardsThat('missing');
  const damaged = shardsThat('damaged');
  const goodShards = scheme.shards - missing.length - damaged.length;
  const actionable = plans.filter(({ target }) => target);
  const surplus = condition.surplus.filter(({ disk }) => disk.readable).length;
  const movable = actionable.filter(({ why }) => why === 'misplaced').length;
  return {
    segment: id,
    scheme: scheme.name,
    isSealed: sealed,
    shardBytes: segment.shardBytes,
    goodShards,
    sparesLeft: goodShards - scheme.dataShards,
    missing,
    damaged,
    misplaced: shardsThat('misplaced'),
    surplusCopies: surplus,
    unreadableStripes: condition.unreadableStripes,
    unreadablePlaces: condition.unreadablePlaces,
    isContradicted: condition.isContradicted,
    undecidedStripes: condition.undecidedStripes,
    repairable: actionable.length - movable + surplus,
    movable,
  };
}
