/** Replication as the configuration has it. */
import type { Config } from './config.ts';
import { durationMs } from './config-durations.ts';
import type { Engine } from './engine/types.ts';
import { type ReplicationWork, replicate } from './jobs/replicate.ts';
import type { Clock } from './lib/clock.ts';
import type { Log } from './lib/log.ts';
import type { ReplicationRoles } from './s3/access/replication-roles.ts';
import type { ReplicationPlaces } from './s3/operation.ts';

interface Parts {
  readonly engine: Engine;
  readonly roles: ReplicationRoles;
  readonly clock: Clock;
  readonly log: Log;
}

/** What operations know of where buckets may be replicated to. */
export function replicationPlaces(_config: Config, roles: ReplicationRoles): ReplicationPlaces {
  return {
    elsewhere: new Set(),
    accountOf: (canonicalId) => roles.accountOf(canonicalId),
    passRole: (identity, passed) => roles.pass(identity, passed),
  };
}

export function openReplication({ replication }: Config, { engine, roles, clock, log }: Parts): ReplicationWork {
  return replicate({
    replication: engine.replication,
    elsewhere: new Map(),
    check: (asked) => roles.refusalOf(asked),
    ...{ clock, log },
    retryForMs: durationMs(replication.retryFor),
    bytesPerSecond: replication.bytesPerSecond,
  });
}
