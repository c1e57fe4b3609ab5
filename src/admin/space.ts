/** Where the space went: the bytes of all shard files, by what they are for, and what the disks have left. Pure. */
import { SCHEMES } from '../blob/scheme.ts';
import type { SegmentState } from '../blob/types.ts';
import type { LiveBytes } from './redundancy.ts';
import type { DiskStatus, Status } from './status-schema.ts';

export interface SpaceSources {
  readonly disks: readonly DiskStatus[];
  readonly segments: readonly SegmentState[];
  readonly live: LiveBytes;
}

export function describeSpace({ disks, segments, live }: SpaceSources): Status['space'] {
  // Disks of one file system report the same space: each is counted once.
  const fileSystems = [...new Map(disks.map((disk) => [disk.device, disk])).values()];
  const shares = segments.map((segment) => divide(segment, live.get(segment.segment) ?? 0));
  return {
    liveBytes: sum([...live.values()]),
    storedBytes: sum(segments.map(({ fileBytes }) => fileBytes)),
    storedLiveBytes: sum(shares.map(({ live: bytes }) => bytes)),
    storedDeadBytes: sum(shares.map(({ dead }) => dead)),
    storedOverheadBytes: sum(shares.map(({ overhead }) => overhead)),
    segments: segments.length,
    sizeBytes: sum(fileSystems.map(({ sizeBytes = 0 }) => sizeBytes)),
    freeBytes: sum(fileSystems.map(({ freeBytes = 0 }) => freeBytes)),
    reserveBytes: sum(fileSystems.map(({ reserveBytes = 0 }) => reserveBytes)),
  };
}

/** The same of each group of disks, by name. */
export function describeGroups({ disks, segments, live }: SpaceSources): Status['groups'] {
  return [...new Set(disks.map(({ group }) => group))].toSorted().map((name) => {
    const own = disks.filter(({ group }) => group === name);
    const lying = segments.filter(({ group }) => group === name);
    const ownLive = new Map(lying.map(({ segment }) => [segment, live.get(segment) ?? 0]));
    const { liveBytes, storedBytes, storedDeadBytes } = describeSpace({ disks: own, segments: lying, live: ownLive });
    return {
      name,
      disks: own.length,
      disksInUse: own.filter(({ state }) => state === 'healthy').length,
      segments: lying.length,
      liveBytes,
      storedBytes,
      deadBytes: storedDeadBytes,
    };
  });
}

interface Shares {
  readonly live: number;
  readonly dead: number;
  readonly overhead: number;
}

/** What each byte of a segment's files is for; together they are all of them, whatever is missing, too short or not known. */
function divide({ scheme, sealed, files, fileBytes, dataBytes }: SegmentState, liveBytes: number): Shares {
  // What no row names goes as a whole, with headers, labels and all.
  if (sealed && liveBytes === 0) return { live: 0, dead: fileBytes, overhead: 0 };
  // Each file has as much of the content as a data shard.
  const inFiles = (bytes: number): number => Math.round((bytes * files) / SCHEMES[scheme].dataShards);
  const live = Math.min(fileBytes, inFiles(liveBytes));
  const dead = Math.min(fileBytes - live, inFiles(Math.max(0, (dataBytes ?? liveBytes) - liveBytes)));
  return { live, dead, overhead: fileBytes - live - dead };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
