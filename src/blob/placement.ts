/**
 * Which disk holds which shard of a segment: rendezvous hashing, a pure function of the segment id and the disks. Every
 * disk has a rank in every segment; a disk that is added or removed changes only the places it wins or leaves. No zone
 * gets more than three shards, so that the loss of a zone is one that the code repairs. Disks that are missing keep their
 * place: a segment made meanwhile lacks exactly their shards.
 */
import { hash } from 'node:crypto';
import { PARITY_SHARDS, SHARDS } from './coding/reed-solomon.ts';

export interface PlacementDisk {
  /** What the disk's rank follows from. Unique. */
  readonly path: string;
  readonly zone: string;
}

/** The disk of each shard, by shard index; undefined if there are not nine disks with at most three in a zone. */
export function placeShards<D extends PlacementDisk>(segment: string, disks: readonly D[]): D[] | undefined {
  const ranked = disks
    .map((disk) => ({ disk, rank: hash('sha256', `${segment}\0${disk.path}`, 'hex') }))
    .sort((a, b) => (a.rank < b.rank ? -1 : 1));
  const perZone = new Map<string, number>();
  const chosen: D[] = [];
  for (const { disk } of ranked) {
    const taken = perZone.get(disk.zone) ?? 0;
    if (taken === PARITY_SHARDS || chosen.length === SHARDS) continue;
    perZone.set(disk.zone, taken + 1);
    chosen.push(disk);
  }
  return chosen.length === SHARDS ? chosen : undefined;
}
