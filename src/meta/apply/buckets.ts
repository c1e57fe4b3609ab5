/** Commands on buckets. */
import {
  CommandRejected,
  type CreateBucket,
  type DeleteBucket,
  type SetBucketConfig,
  type SetVersioning,
} from '../commands.ts';
import { objectLockKind } from '../object-lock.ts';
import { requireBucket } from './conditions.ts';
import { releaseManifest, releaseParts, takeManifest } from './content.ts';
import { requireNoObjectLock, requireVersions } from './locks.ts';
import type { Transaction } from './transaction.ts';

export function createBucket(transaction: Transaction, command: CreateBucket): { bucketId: number } {
  if (transaction.buckets.byName(command.name) !== undefined) {
    throw new CommandRejected('BucketExists', `Bucket ${command.name} exists.`);
  }
  const { name, region, owner, createdMs, versioning = 'Unversioned' } = command;
  const bucketId = transaction.nextBucketId();
  const manifest = takeManifest(transaction, command.manifest);
  transaction.buckets.insert({ id: bucketId, name, region, owner, createdMs, versioning, manifest });
  for (const [kind, document] of Object.entries(command.configs ?? {})) {
    transaction.buckets.setConfig(bucketId, kind, document);
  }
  return { bucketId };
}

export function deleteBucket(transaction: Transaction, command: DeleteBucket): void {
  const bucket = requireBucket(transaction, command.bucketId);
  if (transaction.versions.hasAny(bucket.id)) {
    throw new CommandRejected('BucketNotEmpty', `Bucket ${bucket.name} has versions.`);
  }
  for (const upload of transaction.uploads.ofBucket(bucket.id)) {
    releaseParts(transaction, upload.contentId);
    releaseManifest(transaction, upload.manifest);
    transaction.uploads.remove(upload);
  }
  releaseManifest(transaction, transaction.buckets.manifest(bucket.id));
  transaction.buckets.remove(bucket.id);
}

export function setVersioning(transaction: Transaction, command: SetVersioning): void {
  requireBucket(transaction, command.bucketId);
  if (command.versioning !== 'Enabled') requireNoObjectLock(transaction, command.bucketId);
  transaction.buckets.setVersioning(command.bucketId, command.versioning);
}

export function setBucketConfig(transaction: Transaction, command: SetBucketConfig): void {
  const bucket = requireBucket(transaction, command.bucketId);
  if (command.kind === objectLockKind) requireVersions(bucket);
  transaction.buckets.setConfig(command.bucketId, command.kind, command.document);
}
