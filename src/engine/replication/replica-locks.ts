/**
 * Locks of replicas: a replica is retained and held as its source is, and only where its source says nothing of retention does it
 * get the default of its own bucket. https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock-managing.html
 */
import type { SourceLock } from '../../meta/object-lock.ts';
import type { ObjectLock } from '../../meta/records.ts';
import { readObjectLock } from '../locks/configuration.ts';
import type { Bucket, Buckets } from '../types.ts';
import { ReplicationRefused } from './types.ts';

export function sourceLock({ revision: _ownCount, ...lock }: ObjectLock): SourceLock {
  return lock;
}

/** What a replica is made with. */
export function lockOfReplica(lock: SourceLock): ObjectLock {
  return { revision: 1, ...lock };
}

/** What is in a bucket with object lock goes to such buckets alone, locked or not. Throws ReplicationRefused. */
export async function requireLocks(
  buckets: Pick<Buckets, 'getConfig'>,
  { source, destination }: { source: Bucket; destination: Bucket },
): Promise<void> {
  if ((await readObjectLock(buckets, source)) === undefined) return;
  if ((await readObjectLock(buckets, destination)) !== undefined) return;
  throw new ReplicationRefused(`Bucket ${source.name} has object lock, and bucket ${destination.name} has not`, {
    reason: 'DstBucketObjectLockConfigMissing',
  });
}
