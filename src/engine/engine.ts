import { DEFAULT_POOL } from '../blob/pool.ts';
import type { BlobStore } from '../blob/types.ts';
import type { Clock } from '../lib/clock.ts';
import { digest, digestGiven, openDigester } from '../lib/digests/digester.ts';
import type { Index } from '../meta/types.ts';
import { createAccessLogs } from './access-log/access-logs.ts';
import { AccessNotes } from './access-log/notes.ts';
import { createAnalytics } from './analytics/analytics.ts';
import { createAnnotations } from './annotations/annotations.ts';
import { createArchives } from './archives.ts';
import { createBuckets } from './buckets.ts';
import { ByteBudget } from './byte-budget.ts';
import type { DigestFunctions, EngineContext, EngineLimits } from './context.ts';
import { Keyring, type KeyringOptions } from './encryption/keyring.ts';
import { createEncryption } from './encryption/rekeying.ts';
import { createOutbox } from './events/outbox.ts';
import { createGarbage } from './garbage.ts';
import { createIdentities } from './identities.ts';
import { createInventory } from './inventory/inventory.ts';
import { dayMs } from './lifecycle/due.ts';
import { createLifecycle } from './lifecycle/lifecycle.ts';
import { createListing } from './listing.ts';
import { createLocks } from './locks/locks.ts';
import { createObjects } from './objects.ts';
import { createReplication } from './replication/replication.ts';
import { serviceWrites } from './service-writes.ts';
import { poolsByClass, type StorageSettings } from './storage-pools.ts';
import { createTiering } from './tiering/tiering.ts';
import type { Engine } from './types.ts';
import { createUploads } from './uploads.ts';
import { createUsage } from './usage/usage.ts';
import { VersionIds } from './version-ids.ts';
import { createWatches } from './watches.ts';

const mebibyte = 1024 * 1024;

const defaultLimits: EngineLimits = {
  bufferedBytesMax: 64 * mebibyte,
  partSizeMinBytes: 5 * mebibyte,
};

export interface EngineOptions extends StorageSettings, KeyringOptions {
  readonly index: Index;
  readonly blobs: BlobStore;
  readonly clock: Clock;
  readonly digests?: DigestFunctions;
  readonly limits?: Partial<EngineLimits>;
  /** How long a day of a lifecycle rule or of a restored copy is. */
  readonly dayLengthMs?: number;
  /** New versions have ids that MinIO takes. */
  readonly uuidVersions?: boolean | undefined;
  /** Bytes of a bucket's access log that wait for their delivery, at most. */
  readonly accessLogBytesMax?: number;
  /** Whether what S3 itself writes is encrypted where the bucket says nothing. */
  readonly encryptsByDefault?: boolean;
}

/** Joins an index and a blob store into what S3 means. Owns neither: whoever opened them closes them. */
export function createEngine(options: EngineOptions): Engine {
  const { index, blobs, clock, digests, limits, dayLengthMs = dayMs } = options;
  const { accessLogBytesMax: waitingBytesMax = 256 * mebibyte } = options;
  const accessNotes = new AccessNotes({ index, waitingBytesMax });
  const allLimits = { ...defaultLimits, ...limits };
  const pools = poolsByClass(options);
  const context: EngineContext = {
    index,
    blobs,
    clock,
    digests: digests ?? { open: openDigester, digest, digestGiven },
    limits: allLimits,
    ids: new VersionIds(clock, () => index.lastOrdinal(), {
      clusterId: index.state().clusterId,
      areUuids: options.uuidVersions,
    }),
    keyring: new Keyring(options),
    bufferBudget: new ByteBudget(allLimits.bufferedBytesMax),
    poolOf: (storageClass) => pools.get(storageClass) ?? DEFAULT_POOL,
    accessNotes,
    foundSlices: new WeakMap(),
  };
  const buckets = createBuckets(context);
  const objects = createObjects(context);
  const written = serviceWrites({ buckets, objects, encryptsByDefault: options.encryptsByDefault ?? false });
  const uploads = createUploads(context);
  const locks = createLocks(context);
  return {
    buckets,
    objects,
    listing: createListing(context),
    uploads,
    garbage: createGarbage(context),
    archives: createArchives(context, { dayLengthMs }),
    locks,
    annotations: createAnnotations(context),
    encryption: createEncryption(context),
    lifecycle: createLifecycle(context, { dayLengthMs }),
    tiering: createTiering(context, { dayLengthMs }),
    inventory: createInventory(context, { buckets, objects: written, dayLengthMs }),
    accessLogs: createAccessLogs(context, { notes: accessNotes, buckets, objects: written }),
    identities: createIdentities(context),
    outbox: createOutbox(context),
    watches: createWatches(context),
    usage: createUsage(context, { dayLengthMs }),
    replication: createReplication(context, { buckets, objects, uploads, locks }),
    analytics: createAnalytics(context, { buckets, objects: written, dayLengthMs }),
  };
}
