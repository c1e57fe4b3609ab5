/** The document that keeps a bucket's replication rules. */
import type { Bucket } from '../../meta/records.ts';
import type { Buckets } from '../types.ts';
import { configurationSchema, type ReplicationConfiguration } from './configuration.ts';

/** Its name. */
export const replicationKind = 'replication';

/** By the bucket's value, which every change of a bucket or of its documents makes anew (`meta/hot-rows.ts`). */
const known = new WeakMap<Bucket, ReplicationConfiguration | 'none'>();

/** What was read of late; undefined where it is to be read first. */
export function knownReplication(bucket: Bucket): ReplicationConfiguration | 'none' | undefined {
  return known.get(bucket);
}

/** The configuration of a bucket, if it has one. */
export async function readReplication(
  buckets: Pick<Buckets, 'getConfig'>,
  bucket: Bucket,
): Promise<ReplicationConfiguration | undefined> {
  const recent = known.get(bucket);
  if (recent !== undefined) return recent === 'none' ? undefined : recent;
  const document = await buckets.getConfig(bucket, replicationKind);
  const configuration = document === undefined ? undefined : configurationSchema.parse(JSON.parse(document));
  known.set(bucket, configuration ?? 'none');
  return configuration;
}

/** Replaces the configuration, or removes it. */
export async function writeReplication(
  buckets: Buckets,
  bucket: Bucket,
  configuration: ReplicationConfiguration | undefined,
): Promise<void> {
  await buckets.setConfig(bucket, replicationKind, configuration === undefined ? null : JSON.stringify(configuration));
}
