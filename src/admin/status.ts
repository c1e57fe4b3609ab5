/** Puts the status of the server together from what each part says of itself. */
import type { BlobMaintenance } from '../blob/maintenance/types.ts';
import type { BlobStore, DiskState } from '../blob/types.ts';
import type { JobRunner } from '../jobs/runner.ts';
import type { Clock } from '../lib/clock.ts';
import type { Index, ZoneHoldings } from '../meta/types.ts';
import { describeSharedFileSystems } from './file-systems.ts';
import { findProblems } from './problems.ts';
import { describeRedundancy, type LiveBytes } from './redundancy.ts';
import { sumOf } from './replication-routes.ts';
import { describeGroups, describeSpace } from './space.ts';
import type { DiskStatus, Status } from './status-schema.ts';

export interface StatusSources {
  readonly version: string;
  readonly clock: Clock;
  readonly startedMs: number;
  readonly zones: readonly { readonly name: string; readonly path: string }[];
  readonly index: Pick<Index, 'countEvents' | 'countReplication' | 'listSegments' | 'state' | 'upkeep'>;
  readonly blobs: Pick<BlobStore, 'disks' | 'segments'> & { readonly maintenance: Pick<BlobMaintenance, 'health'> };
  readonly jobs: Pick<JobRunner, 'status'>;
}

export async function readStatus(sources: StatusSources): Promise<Status> {
  const { version, clock, startedMs, index, blobs, jobs } = sources;
  const disks = blobs.disks().map(describeDisk);
  const health = blobs.maintenance.health();
  const segments = blobs.segments();
  const live: LiveBytes = new Map((await index.listSegments()).map(({ segment, liveBytes }) => [segment, liveBytes]));
  const logs = index.state().zones;
  const holdings = index.upkeep.holdings();
  const redundancy = describeRedundancy(health, live);
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
        ...describeHoldings(holdings.get(name)),
      };
    }),
    sharedFileSystems: [...describeSharedFileSystems(disks)],
    disks,
    groups: [...describeGroups({ disks, segments, live })],
    space: describeSpace({ disks, segments, live }),
    ...(redundancy && { redundancy }),
    contradictions: health
      .filter(({ undecidedStripes }) => undecidedStripes.length > 0)
      .map(({ segment, undecidedStripes }) => ({ segment, offsets: [...undecidedStripes] })),
    index: describeIndex(index),
    events: describeEvents(await index.countEvents()),
    replication: describeReplication(await index.countReplication()),
    jobs: jobs.status().map((job) => ({ ...job, details: { ...job.details } })),
  };
  return { ...found, problems: [...findProblems(found)] };
}

export function describeDisk({ device, sizeBytes, freeBytes, reserveBytes, ...disk }: DiskState): DiskStatus {
  // A disk that was never seen has no figures.
  return device === '' ? disk : { ...disk, device, sizeBytes, freeBytes, reserveBytes };
}

function describeHoldings({ snapshot, log }: ZoneHoldings = {}): Partial<Status['zones'][number]> {
  return { ...(snapshot && { snapshot: { ...snapshot } }), ...(log && { logFiles: { ...log } }) };
}

function describeEvents(sizes: Awaited<ReturnType<Index['countEvents']>>): Status['events'] {
  return [...new Set(sizes.map(({ target }) => target))].map((target) => {
    const waiting = sizes.find((size) => size.target === target && !size.isDead);
    const dead = sizes.find((size) => size.target === target && size.isDead);
    return {
      target,
      waiting: waiting?.events ?? 0,
      ...(waiting !== undefined && { oldestMs: waiting.oldestMs }),
      deadLetters: dead?.events ?? 0,
    };
  });
}

function describeReplication(sizes: Awaited<ReturnType<Index['countReplication']>>): Status['replication'] {
  return [...new Set(sizes.map(({ destination }) => destination))].map((destination) => {
    const { oldestMs, waiting, failed } = sumOf(sizes, destination);
    return { destination, waiting, ...(oldestMs !== undefined && { oldestMs }), failed };
  });
}

function describeIndex(index: StatusSources['index']): Status['index'] {
  const { sequence, epoch } = index.state();
  const { sequence: snapshotSequence, logBytesSince } = index.upkeep.status();
  return {
    sequence,
    epoch,
    ...(snapshotSequence > 0 && { snapshotSequence }),
    logBytesSinceSnapshot: logBytesSince,
  };
}
