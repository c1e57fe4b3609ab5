/**
 * How what gives space back lives on the reserve of full disks. Its unit is the segment: what is live in it is written again
 * before the whole goes. So segments become smaller as a file system fills up, and none is begun to be emptied that would
 * take the last of the reserve, which deletes need.
 */
import type { Disk } from './disk.ts';

type ReservedDisk = Pick<Disk, 'device' | 'space' | 'reserveBytes' | 'promisedBytes'>;

/** Part of what is free, and of the reserve, that the files of a segment may take. */
const FREE_SHARE = 1 / 4;
const RESERVE_SHARE = 1 / 2;
/** Part of the reserve that is for deletes alone. */
const DELETES_SHARE = 1 / 4;

/** Most bytes of the shard files of a segment that lies on these disks, so that it can be emptied also when they are full. */
export function shardBytesMaxOn(disks: Iterable<ReservedDisk>): number {
  const limits = Map.groupBy(disks, ({ device }) => device)
    .values()
    .flatMap(([disk, ...others]) => {
      if (!disk?.space || disk.reserveBytes === 0) return [];
      const bytes = Math.max(disk.space.freeBytes * FREE_SHARE, disk.reserveBytes * RESERVE_SHARE);
      return [Math.floor(bytes / (1 + others.length))];
    });
  return Math.min(...limits);
}

/** Those of the disks that have room for so many bytes each, be it in their reserve, and for deletes behind that. */
export function withRoom<D extends ReservedDisk>(disks: Iterable<D>, shardBytes: number): D[] {
  const byDevice = Map.groupBy(disks, ({ device }) => device);
  return [...byDevice.values()]
    .filter(([disk, ...others]) => {
      if (!disk?.space) return false;
      const leftBytes = disk.space.freeBytes - disk.promisedBytes - shardBytes * (1 + others.length);
      return leftBytes >= disk.reserveBytes * DELETES_SHARE;
    })
    .flat();
}
