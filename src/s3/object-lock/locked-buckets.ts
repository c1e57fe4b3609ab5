/** Object lock of the bucket that a request is about. */
import { readObjectLock } from '../../engine/locks/configuration.ts';
import { invalidRequest } from '../lifecycle/refusals.ts';
import type { OperationRequest } from '../operation.ts';

/** Throws InvalidRequest for a bucket without object lock, whose objects have neither retention nor legal hold. */
export async function requireObjectLock({ engine, bucket }: OperationRequest): Promise<void> {
  if ((await readObjectLock(engine.buckets, bucket())) === undefined) {
    throw invalidRequest('Bucket is missing Object Lock Configuration');
  }
}
