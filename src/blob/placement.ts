/**
 * Which disk holds which shard of a segment: rendezvous hashing, a pure function of the segment id and the disks. Every
 * disk has a rank in every segment; a disk that is added or removed changes only the places it wins or leaves. No zone
 * gets more shards than the scheme allows, so that the loss of a zone is one that the code repairs. All shards of a segment lie
 * on disks of its group: whoever asks for places gives the disks of that group, and homes are found among them alone.
 *
 * Disks that cannot take writes now are passed over while their zone has others. Where it has not they keep their place: a
 * segment is then made with a shard missing, rather than with too many in one zone.
 */
import { hash } from 'node:crypto';
import { SCHEMES, type Scheme } from './scheme.ts';

export interface PlacementDisk {
  /** What the disk's rank follows from. Unique. */
  readonly rankedAs: string;
  readonly zone: string;
}

/** The disk of each shard, by shard index; undefined if the disks are too few for the scheme and its limit of a zone. */
export function placeShards<D extends PlacementDisk>(
  segment: string,
  disks: readonly D[],
  scheme: Scheme = SCHEMES['6+3'],
  takesWrites: (disk: D) => boolean = () => true,
): D[] | undefined {
  const ranked = disks
    .map((disk) => ({ disk, rank: hash('sha256', `${segment}\0${disk.rankedAs}`, 'hex') }))
    .sort((a, b) => (a.rank < b.rank ? -1 : 1));
  const takers = ranked.filter(({ disk }) => takesWrites(disk));
  const perZone = new Map<string, number>();
  const chosen: D[] = [];
  for (const { disk } of [...takers, ...ranked.filter((other) => !takers.includes(other))]) {
    const taken = perZone.get(disk.zone) ?? 0;
    if (taken === scheme.shardsPerZoneMax || chosen.length === scheme.shards) continue;
    perZone.set(disk.zone, taken + 1);
    chosen.push(disk);
  }
  return chosen.length === scheme.shards ? chosen : undefined;
}

/** How many shards of any segment these disks can take, within the limit of a zone. */
export function placeableShards(disks: Iterable<PlacementDisk>, scheme: Scheme = SCHEMES['6+3']): number {
  const perZone = new Map<string, number>();
  for (const { zone } of disks) perZone.set(zone, Math.min((perZone.get(zone) ?? 0) + 1, scheme.shardsPerZoneMax));
  return Math.min(
    scheme.shards,
    perZone.values().reduce((sum, count) => sum + count, 0),
  );
}

/** A segment's shards and where they lie, by shard index; undefined for a shard that is on no disk. */
export interface HeldShards<D> {
  readonly segment: string;
  readonly scheme: Scheme;
  readonly group: string;
  readonly held: readonly (D | undefined)[];
}

/**
 * Where each shard of a segment should lie now, by shard index: where it is, if that is one of the disks that placement
 * chooses today, and otherwise on one of those that have no shard of it yet, in the same zone if there is one. So a shard
 * is misplaced if it is held and its home is another disk, and a missing one is rebuilt at its home. `disks` are those
 * that stay: not the ones that are drained or replaced. Whether they can take writes at the moment plays no part, so that
 * nothing is moved because a disk is away for an hour; `isLost` says which are away for good, which are homes only where
 * their zone has no others. Too few disks: every shard is at home where it is.
 */
export function homesOf<D extends PlacementDisk & { readonly group: string }>(
  { segment, scheme, group, held }: HeldShards<D>,
  disks: readonly D[],
  isLost: (disk: D) => boolean = () => false,
): (D | undefined)[] {
  const own = disks.filter((disk) => disk.group === group);
  const free = new Set(placeShards(segment, own, scheme, (disk) => !isLost(disk)));
  if (free.size === 0) return [...held];
  const homes = held.map((disk) => (disk && free.delete(disk) ? disk : undefined));
  const settle = (shard: number, home: D | undefined): void => {
    if (home && free.delete(home)) homes[shard] = home;
  };
  for (const [shard, disk] of held.entries()) {
    if (!homes[shard] && disk)
      settle(
        shard,
        [...free].find(({ zone }) => zone === disk.zone),
      );
  }
  for (const shard of held.keys()) if (!homes[shard]) settle(shard, [...free][0]);
  return homes;
}
