/**
 * Locks, as commands meet them: each is checked in the transaction that makes the change, so of a request that locks and one
 * that removes the first one counts. Time is the command's.
 */
import { CommandRejected } from '../commands.ts';
import type { AgainstLocks, SetVersionLock } from '../lock-commands.ts';
import { allowsRemoval, allowsRetention, objectLockKind } from '../object-lock.ts';
import type { Bucket } from '../records.ts';
import { packAttributes, unpackAttributes, unpackLock } from '../tables/packing.ts';
import type { VersionRow } from '../tables/versions.ts';
import { requireBucket } from './conditions.ts';
import { announce } from './outbox.ts';
import { pending, queueChange } from './replication.ts';
import { describeAnew, requireSeen } from './seen.ts';
import type { Transaction } from './transaction.ts';

/** Of delete markers none is ever locked. */
export function checkUnlocked(row: VersionRow, command: AgainstLocks): void {
  if (allowsRemoval(unpackLock(row.details), command)) return;
  throw new CommandRejected('ObjectLocked', `Version ${row.versionId} is locked.`);
}

export function requireNoObjectLock(transaction: Transaction, bucketId: number): void {
  if (transaction.buckets.config(bucketId, objectLockKind) === undefined) return;
  throw new CommandRejected('BucketLocked', 'Versioning of a bucket with object lock stays enabled.');
}

export function requireVersions({ name, versioning }: Bucket): void {
  if (versioning === 'Enabled') return;
  throw new CommandRejected('VersioningNotEnabled', `Versioning of bucket ${name} is ${versioning}.`);
}

export function setVersionLock(transaction: Transaction, command: SetVersionLock): void {
  const bucket = requireBucket(transaction, command.bucketId);
  const row = requireSeen(transaction, command);
  const { lock, replicate } = command;
  const attributes = unpackAttributes(row);
  if (!allowsRetention(attributes.lock, lock.retention, command)) {
    throw new CommandRejected('ObjectLocked', `Version ${row.versionId} is retained otherwise.`);
  }
  const changed = { ...attributes, lock };
  const { details } = packAttributes(replicate === undefined ? changed : pending(changed));
  transaction.versions.setDetails(row, details);
  describeAnew(transaction, row, command.manifest);
  const { key, versionId, size, etag } = row;
  announce(transaction, bucket, command.notice, { key, versionId, size, etag });
  queueChange(transaction, replicate, { bucketId: bucket.id, key, versionId, size, kind: 'attributes' });
}
