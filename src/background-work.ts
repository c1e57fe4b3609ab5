/** The jobs of a server, each with its part of the configuration. */
import type { ErasureBlobStore } from './blob/store.ts';
import type { Config } from './config.ts';
import { durationMs } from './config-durations.ts';
import type { Compaction } from './engine/compaction.ts';
import { createLosses } from './engine/losses.ts';
import type { Engine } from './engine/types.ts';
import type { Iam } from './iam/iam.ts';
import { saveKeyUses } from './iam/key-uses.ts';
import { deliverAccessLogs } from './jobs/access-logs.ts';
import { analyse } from './jobs/analytics.ts';
import { collectGarbage } from './jobs/collect-garbage.ts';
import { compact } from './jobs/compact.ts';
import { countUsage } from './jobs/count-usage.ts';
import { tierIntelligently } from './jobs/intelligent-tiering.ts';
import { writeInventories } from './jobs/inventory.ts';
import type { Job } from './jobs/job.ts';
import { jobStateIn } from './jobs/job-state.ts';
import { keepKeyUses } from './jobs/keep-key-uses.ts';
import { keepSettings } from './jobs/keep-settings.ts';
import { actOnLifecycle } from './jobs/lifecycle.ts';
import { rebalance } from './jobs/rebalance.ts';
import { repair } from './jobs/repair.ts';
import { scrub } from './jobs/scrub.ts';
import { keepSnapshots } from './jobs/snapshot.ts';
import { tellLosses } from './jobs/tell-losses.ts';
import { tellRestores } from './jobs/tell-restores.ts';
import type { ObjectKeys } from './kms/object-keys.ts';
import type { Clock } from './lib/clock.ts';
import type { Log } from './lib/log.ts';
import type { Index } from './meta/types.ts';
import type { BucketAccesses } from './s3/access/bucket-accesses.ts';
import { deliveryPermission } from './s3/access/delivery-permission.ts';
import { logPlaces } from './s3/access-log/log-places.ts';
import type { FindLogTarget } from './s3/access-log/log-targets.ts';
import type { SettingsCopies } from './settings-copies.ts';

export interface WorkParts {
  readonly engine: Engine;
  readonly compaction: Compaction;
  readonly iam: Iam;
  readonly accesses: BucketAccesses;
  readonly objectKeys: ObjectKeys;
  readonly findLogTarget: FindLogTarget;
  readonly index: Index;
  readonly blobs: ErasureBlobStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly dayLengthMs: number;
  readonly settings: SettingsCopies;
}

export function backgroundWork({ store, jobs, accessLogs }: Config, parts: WorkParts): Job[] {
  const { engine, compaction, iam, accesses, index, blobs, clock, log, dayLengthMs, settings } = parts;
  const { maintenance } = blobs;
  const ownerOf = (owner: string) => accountOf(iam, owner);
  const { objectKeys } = parts;
  const check = deliveryPermission({ accesses, accountOf: ownerOf, buckets: engine.buckets, objectKeys });
  const mending = { maintenance, clock, bytesPerSecond: jobs.repairBytesPerSecond };
  return [
    collectGarbage({ garbage: engine.garbage, clock, graceMs: store.garbageGraceMs }),
    compact({ compaction, clock, deadShareMin: jobs.compactDeadShareMin, bytesPerSecond: jobs.compactBytesPerSecond }),
    keepSnapshots({ upkeep: index.upkeep }),
    keepKeyUses({ save: () => saveKeyUses(iam) }),
    keepSettings(settings),
    repair(mending),
    rebalance(mending),
    scrub({
      maintenance,
      clock,
      state: jobStateIn(index, 'scrub'),
      periodMs: jobs.scrubPeriodMs,
      bytesPerSecond: jobs.scrubBytesPerSecond,
    }),
    actOnLifecycle({
      lifecycle: engine.lifecycle,
      clock,
      state: jobStateIn(index, 'lifecycle'),
      dayLengthMs,
      looksPerSecond: jobs.lifecycleLooksPerSecond,
      changesPerSecond: jobs.lifecycleChangesPerSecond,
      bytesPerSecond: jobs.lifecycleBytesPerSecond,
    }),
    countUsage({ usage: engine.usage, clock, dayLengthMs }),
    analyse({
      ...{ analytics: engine.analytics, watches: engine.watches, check, clock, log, dayLengthMs },
      state: jobStateIn(index, 'analytics'),
      accessState: jobStateIn(index, 'analytics-accesses'),
    }),
    tellLosses({ losses: createLosses({ index, blobs, maintenance, clock }), log }),
    tellRestores({ archives: engine.archives, dayLengthMs }),
    tierIntelligently({
      tiering: engine.tiering,
      clock,
      state: jobStateIn(index, 'intelligent-tiering'),
      dayLengthMs,
      looksPerSecond: jobs.lifecycleLooksPerSecond,
      changesPerSecond: jobs.lifecycleChangesPerSecond,
    }),
    writeInventories({
      inventory: engine.inventory,
      check,
      clock,
      log,
      state: jobStateIn(index, 'inventory'),
      dayLengthMs,
    }),
    deliverAccessLogs({
      accessLogs: engine.accessLogs,
      place: logPlaces(parts.findLogTarget),
      accountOf: ownerOf,
      clock,
      log,
      intervalMs: durationMs(accessLogs.deliveryInterval),
      objectBytesMax: accessLogs.objectBytesMax,
      keepForMs: durationMs(accessLogs.keepFor),
    }),
  ];
}

/** The account id of an owner's canonical id. */
export function accountOf({ directory }: Iam, canonicalId: string): string | undefined {
  return directory.accountOfCanonicalId(canonicalId)?.id;
}
