/**
 * Locks, as commands meet them: each is checked in the transaction that makes the change, so of a request that locks and one
 * that removes the first one counts. Time is the command's.
 */
import { CommandRejected } from '../commands.ts';
import { encodeKey } from '../keys.ts';
import type { AgainstLocks, SetVersionLock } from '../lock-commands.ts';
import { allowsRemoval, allowsRetention, objectLockKind } from '../object-lock.ts';
import type { Bucket } from '../records.ts';
import { packAttributes, unpackAttributes, unpackLock } from '../tables/packing.ts';
import type { VersionRow } from '../tables/versions.ts';
import { requireBucket } from './conditions.ts';
import { releaseManifest, takeManifest } from './content.ts';
import { announce } from './outbox.ts';
import { pending, queueChange } from './replication.ts';
import type { Transaction } from './transaction.ts';

/** Of delete markers none is ever locked. */
export function checkUnlocked(row: VersionRow, command: AgainstLocks): void {
  if (allowsRemoval(unpackLock(row.details), command)) return;
  throw new CommandRejected('ObjectLocked', `Version ${row.versionId} is locked.`);
}

/** Whether the lock is the one that was seen. */
export function checkLockSeen(row: VersionRow, seenRevision: number | undefined): void {
  if (unpackLock(row.details)?.revision === seenRevision) return;
  throw new CommandRejected('VersionChanged', 'The version has another lock by now.');
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
  const row = transaction.versions.byId(bucket.id, encodeKey(command.key), command.versionId);
  if (row === undefined || row.isDeleteMarker === 1) {
    throw new CommandRejected('NoSuchVersion', `Version ${command.versionId} does not exist.`);
  }
  const { lock, seen, replicate } = command;
  if (row.ordinal !== seen.ordinal || row.storageClass !== seen.storageClass) {
    throw new CommandRejected('VersionChanged', 'The version is another, or has another storage class by now.');
  }
  checkLockSeen(row, seen.lockRevision);
  const attributes = unpackAttributes(row);
  if (!allowsRetention(attributes.lock, lock.retention, command)) {
    throw new CommandRejected('ObjectLocked', `Version ${row.versionId} is retained otherwise.`);
  }
  const changed = { ...attributes, lock };
  const { details } = packAttributes(replicate === undefined ? changed : pending(changed));
  transaction.versions.setDetails(row, details);
  // What described the version before says less than it is now.
  const described = takeManifest(transaction, command.manifest);
  if (described !== null) {
    releaseManifest(transaction, row.manifest);
    transaction.versions.setManifest(row, described);
  }
  const { key, versionId, size, etag } = row;
  announce(transaction, bucket, command.notice, { key, versionId, size, etag });
  queueChange(transaction, replicate, { bucketId: bucket.id, key, versionId, size, kind: 'attributes' });
}
