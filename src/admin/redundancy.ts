/** How many more losses the objects survive, from the health of the segments they lie in. Pure. */
import type { SegmentHealth } from '../blob/maintenance/types.ts';
import { SCHEMES } from '../blob/scheme.ts';
import type { Status } from './status-schema.ts';

/** Live bytes by segment; a segment that is not in it holds nothing that is needed. */
export type LiveBytes = ReadonlyMap<string, number>;

/** Places that a sentence names. */
const OFFSETS_MAX = 8;

/** Of segments with live bytes only; undefined where there are none. */
export function describeRedundancy(health: readonly SegmentHealth[], live: LiveBytes): Status['redundancy'] {
  const needed = health.filter(({ segment }) => (live.get(segment) ?? 0) > 0);
  const [first, ...others] = needed;
  if (first === undefined) return undefined;
  const worst = others.reduce((least, next) => (next.sparesLeft < least.sparesLeft ? next : least), first);
  const classes = [...Map.groupBy(needed, ({ sparesLeft }) => sparesLeft)]
    .sort(([a], [b]) => a - b)
    .map(([survives, group]) => ({
      survives,
      segments: group.length,
      liveBytes: group.reduce((sum, { segment }) => sum + (live.get(segment) ?? 0), 0),
    }));
  return {
    survives: worst.sparesLeft,
    why: explain(worst),
    classes,
    degradedSegments: needed.filter(isDegraded).length,
  };
}

/** What an operator must know of the redundancy, as a sentence; none where nothing is degraded. */
export function redundancyProblems(redundancy: Status['redundancy']): readonly string[] {
  if (redundancy === undefined || redundancy.degradedSegments === 0) return [];
  const { survives, why, degradedSegments } = redundancy;
  const lacking = degradedSegments === 1 ? 'one segment lacks shards' : `${degradedSegments} segments lack shards`;
  if (survives < 0) return [`Some objects cannot be read now: ${why}.`];
  if (survives === 0) return [`The loss of one more disk loses data: ${why}; ${lacking}.`];
  const losses = survives === 1 ? 'one more disk' : `any ${survives} more disks`;
  return [`Redundancy is reduced, every object survives the loss of ${losses}: ${why}; ${lacking}.`];
}

/** Stripes that nobody can say the truth of, as sentences. */
export function contradictionProblems(contradictions: Status['contradictions']): readonly string[] {
  return contradictions.map(
    ({ segment, offsets }) =>
      `Shards of segment ${segment} contradict each other in ${offsets.length === 1 ? 'the stripe' : 'stripes'} at ` +
      `${offsets.slice(0, OFFSETS_MAX).join(', ')}${offsets.length > OFFSETS_MAX ? ' and more' : ''}: what lies there ` +
      'may be wrong, and nothing tells which shard is.',
  );
}

function isDegraded({ missing, damaged }: SegmentHealth): boolean {
  return missing.length + damaged.length > 0;
}

function explain(health: SegmentHealth): string {
  const { segment, scheme, goodShards, missing, damaged } = health;
  const { shards, dataShards } = SCHEMES[scheme];
  const whole = `segment ${segment} has ${goodShards} good shards of ${shards} and needs ${dataShards}`;
  const lost = [
    ...(missing.length > 0 ? [`${missing.length} missing`] : []),
    ...(damaged.length > 0 ? [`${damaged.length} damaged`] : []),
  ];
  return lost.length === 0 ? whole : `${whole} (${lost.join(', ')})`;
}
