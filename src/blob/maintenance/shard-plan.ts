/**
 * What is to be done with the shards of a segment: a pure function of where they are, what is known to be wrong with them
 * and how the disks are.
 */
import type { Disk } from '../disk.ts';
import { homesOf } from '../placement.ts';
import type { Segment } from '../segments.ts';

export interface PlanContext {
  readonly disks: readonly Disk[];
  readonly nowMs: number;
  /** When a disk was last healthy; undefined if it is. */
  unwellSinceMs(disk: Disk): number | undefined;
  /** How long a disk may be away before its shards are rebuilt on others. */
  readonly repairDelayMs: number;
}

/** A shard that is not as or where it should be. */
export interface ShardPlan {
  readonly shard: number;
  readonly why: 'missing' | 'damaged' | 'misplaced';
  /** The disk to write it to; undefined while there is none that can take it, or while its own may come back. */
  readonly target: Disk | undefined;
}

export function planShards(segment: Segment, context: PlanContext): ShardPlan[] {
  const { disks: held, condition } = segment;
  const homes = homesFor(segment, context);
  const damaged = condition.damaged;
  return Array.from(held, (disk, shard): ShardPlan | undefined => {
    const home = homes[shard];
    const newHome = home !== disk && isUsable(home) ? home : undefined;
    if (!disk?.readable) {
      const mayComeBack = disk ? mayReturn(disk, context) : someoneMayHaveIt(segment, context);
      return { shard, why: 'missing', target: mayComeBack ? undefined : newHome };
    }
    if (damaged.includes(shard))
      return { shard, why: 'damaged', target: newHome ?? (hasRoom(segment, disk) ? disk : undefined) };
    return home && home !== disk ? { shard, why: 'misplaced', target: newHome } : undefined;
  }).filter((plan) => plan !== undefined);
}

/** The disk where each shard should lie. */
export function homesFor({ id, scheme, group, disks: held }: Segment, context: PlanContext): (Disk | undefined)[] {
  const staying = context.disks.filter((disk) => !isLeaving(disk));
  return homesOf({ segment: id, scheme, group, held }, staying, (disk) => isOverdue(disk, context));
}

function isLeaving({ standing }: Disk): boolean {
  return standing !== 'active';
}

/** A disk that has not been as it should be for so long that its shards are better off elsewhere. */
export function isOverdue(disk: Disk, { nowMs, unwellSinceMs, repairDelayMs }: PlanContext): boolean {
  const sinceMs = unwellSinceMs(disk);
  return sinceMs !== undefined && nowMs - sinceMs >= repairDelayMs;
}

function mayReturn(disk: Disk, context: PlanContext): boolean {
  return context.disks.includes(disk) && !isLeaving(disk) && !isOverdue(disk, context);
}

/** Whether a disk that is away may hold a shard of which nothing was seen since the start. */
function someoneMayHaveIt({ group, disks: held }: Segment, context: PlanContext): boolean {
  const mayHaveIt = (disk: Disk): boolean => disk.group === group && !disk.readable && !held.includes(disk);
  return context.disks.some((disk) => mayHaveIt(disk) && mayReturn(disk, context));
}

function isUsable(disk: Disk | undefined): boolean {
  return disk?.takesWrites(false) ?? false;
}

/** For a while the new file lies beside the old one, also on a disk that takes no new data. */
function hasRoom(segment: Segment, disk: Disk): boolean {
  return disk.health === 'healthy' && (!disk.isFull || (disk.space?.freeBytes ?? 0) > 2 * segment.shardBytes);
}
