/**
 * Which copy of a stripe a read asks first, where shards are full copies: one that is not known to be damaged, on the disk
 * with the fewest operations; among equals the place of the stripe decides, so that what is hot is spread over all disks.
 */
import type { Segment } from './segments.ts';

/** A shard whose disk can be read, if there is one. */
export function chooseCopy({ disks, condition }: Segment, offset: number): number {
  const first = spread(offset) % disks.length;
  let chosen = first;
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < disks.length; i++) {
    const shard = (first + i) % disks.length;
    const disk = disks[shard];
    if (!disk?.readable) continue;
    // One that is damaged may be good where this stripe is, and is better than none.
    const load = disk.gate.load + (condition.isDamaged(shard) ? Number.MAX_SAFE_INTEGER : 0);
    if (load >= least) continue;
    chosen = shard;
    least = load;
  }
  return chosen;
}

/** Stripes lie at any multiples of 16, mostly at equal distances. */
function spread(offset: number): number {
  return Math.imul((offset / 16) >>> 0, 0x9e3779b1) >>> 16;
}
