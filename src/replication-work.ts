/** Replication as the configuration has it. */
import type { Config } from './config.ts';
import { durationMs } from './config-durations.ts';
import type { ReplicaTarget } from './engine/replication/types.ts';
import type { Engine } from './engine/types.ts';
import { jobStateIn } from './jobs/job-state.ts';
import { KnownDestinations } from './jobs/known-destinations.ts';
import { type ReplicationWork, replicate } from './jobs/replicate.ts';
import type { ObjectKeys } from './kms/object-keys.ts';
import type { Clock } from './lib/clock.ts';
import { Deference, type Foreground } from './lib/deference.ts';
import type { Log } from './lib/log.ts';
import type { Index } from './meta/types.ts';
import { S3Client } from './replication/s3-client.ts';
import { s3Target } from './replication/s3-target.ts';
import type { ReplicationRoles } from './s3/access/replication-roles.ts';
import type { ReplicationPlaces } from './s3/operation.ts';
import { encryptionOfReplica } from './s3/replication/replica-encryption.ts';

/** So long clients' requests go first. */
const patienceMs = 5000;
const arnPrefix = 'arn:aws:s3:::';

interface Parts {
  readonly engine: Engine;
  readonly index: Index;
  readonly roles: ReplicationRoles;
  readonly objectKeys: ObjectKeys;
  readonly foreground: Foreground;
  readonly clock: Clock;
  readonly log: Log;
}

/** What operations know of where buckets may be replicated to. */
export function replicationPlaces({ replication }: Config, roles: ReplicationRoles): ReplicationPlaces {
  const arnsOf = (destinations: Config['replication']['destinations']) =>
    new Set(destinations.flatMap(({ buckets }) => buckets.map(({ arn }) => arn)));
  return {
    elsewhere: arnsOf(replication.destinations),
    minios: arnsOf(replication.destinations.filter(({ minio }) => minio)),
    accountOf: (canonicalId) => roles.accountOf(canonicalId),
    passRole: (identity, passed) => roles.pass(identity, passed),
  };
}

export function openReplication(
  { replication, encryption }: Config,
  { engine, index, roles, objectKeys, foreground, clock, log }: Parts,
): ReplicationWork {
  const encryptsByDefault = encryption.default === 'AES256';
  const clients: S3Client[] = [];
  const elsewhere = new Map<string, ReplicaTarget>();
  for (const { ninefold, minio, buckets, ...options } of replication.destinations) {
    const client = new S3Client({ ...options, clock });
    clients.push(client);
    for (const { arn, name = arn.slice(arnPrefix.length) } of buckets) {
      const server = ninefold ? 'ninefold' : minio ? 'minio' : 'any';
      elsewhere.set(arn, s3Target({ client, bucket: name, server, clock }));
    }
  }
  const work = replicate({
    replication: engine.replication,
    elsewhere,
    known: new KnownDestinations([...elsewhere.keys()], jobStateIn(index, 'replication-destinations')),
    admit: async (asked) => {
      const identity = await roles.check(asked);
      return encryptionOfReplica(
        { buckets: engine.buckets, objectKeys, encryptsByDefault, clock },
        { ...asked, identity },
      );
    },
    deference: new Deference({ foreground, clock, patienceMs }),
    ...{ clock, log },
    retryForMs: durationMs(replication.retryFor),
    bytesPerSecond: replication.bytesPerSecond,
  });
  return {
    job: work.job,
    whyAway: work.whyAway,
    async close() {
      const closed = work.close();
      // Requests that are under way end with their connections.
      for (const client of clients) client.close();
      await closed;
    },
  };
}
