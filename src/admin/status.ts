/** Puts the status of the server together from what each part says of itself. */
import type { BlobStore, DiskState } from '../blob/types.ts';
import type { JobRunner } from '../jobs/runner.ts';
import type { Clock } from '../lib/clock.ts';
import type { Index } from '../meta/types.ts';
import { describeSharedFileSystems } from './file-systems.ts';
import { findProblems } from './problems.ts';
import type { DiskStatus, Status } from './status-schema.ts';

export interface StatusSources {
  readonly version: string;
  readonly clock: Clock;
  readonly startedMs: number;
  readonly zones: readonly { readonly name: string; readonly path: string }[];
  readonly index: Pick<Index, 'listSegments' | 'state'>;
  readonly blobs: Pick<BlobStore, 'disks' | 'segments'>;
  readonly jobs: Pick<JobRunner, 'status'>;
}

export async function readStatus(sources: StatusSources): Promise<Status> {
  const { version, clock, startedMs, index, blobs, jobs } = sources;
  const disks = blobs.disks().map(describeDisk);
  const { sequence, epoch, zones: logs } = index.state();
  const found = {
    version,
    nowMs: clock.nowMs(),
    startedMs,
    zones: sources.zones.map(({ name, path }) => {
      const own = disks.filter(({ zone }) => zone === name);
      return {
        name,
        path,
        disks: own.length,
        disksInUse: own.filter(({ state }) => state === 'healthy').length,
        log: logs.some((log) => log.zone === name && !log.isStale) ? ('counts' as const) : ('stale' as const),
      };
    }),
    sharedFileSystems: [...describeSharedFileSystems(disks)],
    disks,
    space: await readSpace(sources, disks),
    index: { sequence, epoch },
    jobs: jobs.status().map((job) => ({ ...job, details: { ...job.details } })),
  };
  return { ...found, problems: [...findProblems(found)] };
}

export function describeDisk({ device, sizeBytes, freeBytes, ...disk }: DiskState): DiskStatus {
  // A disk that was never seen has no figures.
  return device === '' ? disk : { ...disk, device, sizeBytes, freeBytes };
}

async function readSpace({ index, blobs }: StatusSources, disks: readonly DiskStatus[]): Promise<Status['space']> {
  const segments = blobs.segments();
  const used = await index.listSegments();
  // Disks of one file system report the same space: each is counted once.
  const fileSystems = [...new Map(disks.map((disk) => [disk.device, disk])).values()];
  return {
    liveBytes: used.reduce((sum, { liveBytes }) => sum + liveBytes, 0),
    segments: segments.length,
    sizeBytes: fileSystems.reduce((sum, { sizeBytes = 0 }) => sum + sizeBytes, 0),
    freeBytes: fileSystems.reduce((sum, { freeBytes = 0 }) => sum + freeBytes, 0),
  };
}
