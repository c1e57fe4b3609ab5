/** Buckets of a store whose changes are replicated to destinations that a test plays. */
import type { ReplicationRule } from '../../src/engine/replication/configuration.ts';
import { writeReplication } from '../../src/engine/replication/rules.ts';
import type { Bucket } from '../../src/engine/types.ts';
import { jobStateIn } from '../../src/jobs/job-state.ts';
import { KnownDestinations } from '../../src/jobs/known-destinations.ts';
import { type ReplicationOptions, type ReplicationWork, replicate } from '../../src/jobs/replicate.ts';
import { Deference } from '../../src/lib/deference.ts';
import { createLog } from '../../src/lib/log.ts';
import type { EngineStore } from './engine-store.ts';
import { eventually } from './eventually.ts';

export const hourMs = 3_600_000;

/** A bucket of which everything is replicated. */
export async function newRuledBucket(
  store: EngineStore,
  { name, destination }: { name: string; destination: ReplicationRule['destination'] },
): Promise<Bucket> {
  const bucket = await store.newVersionedBucket(name);
  const rule = {
    id: 'rule',
    isEnabled: true,
    form: 'filter',
    prefix: '',
    tags: [],
    markers: true,
    destination,
  } as const;
  await writeReplication(store.engine.buckets, bucket, { role: 'role', rules: [{ ...rule, tags: [] }] });
  return store.engine.buckets.get(name);
}

/** Replicates for a day at most, by the store's clock. */
export function replicating(
  store: EngineStore,
  { elsewhere, ...different }: Pick<ReplicationOptions, 'elsewhere'> & Partial<ReplicationOptions>,
): ReplicationWork {
  return replicate({
    replication: store.engine.replication,
    elsewhere,
    known: new KnownDestinations([...elsewhere.keys()], jobStateIn(store.index, 'replication-destinations')),
    admit: async () => undefined,
    deference: new Deference({ foreground: { isBusy: false }, clock: store.clock, patienceMs: 1 }),
    clock: store.clock,
    log: createLog('silent'),
    retryForMs: 24 * hourMs,
    ...different,
  });
}

/** Steps until a condition holds. */
export async function until({ job }: ReplicationWork, holds: () => Promise<void> | void): Promise<void> {
  await eventually(async () => {
    await job.step();
    await holds();
  });
}
