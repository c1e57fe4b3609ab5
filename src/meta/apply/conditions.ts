/** Preconditions of commands. A delete marker counts as no object. */
import assert from 'node:assert';
import { CommandRejected, type DeleteConditions, type SeenVersion, type WriteConditions } from '../commands.ts';
import type { Bucket } from '../records.ts';
import { unpackAttributes } from '../tables/packing.ts';
import type { UploadRow } from '../tables/uploads.ts';
import type { VersionRow } from '../tables/versions.ts';
import type { Transaction } from './transaction.ts';

export function requireBucket(transaction: Transaction, bucketId: number): Bucket {
  const bucket = transaction.buckets.byId(bucketId);
  if (bucket === undefined) throw new CommandRejected('NoSuchBucket', `Bucket ${bucketId} does not exist.`);
  return bucket;
}

export function requireUpload(
  transaction: Transaction,
  name: { bucketId: number; key: Buffer; uploadId: string },
): UploadRow {
  const upload = transaction.uploads.get(name.bucketId, name.key, name.uploadId);
  if (upload === undefined) throw new CommandRejected('NoSuchUpload', `Upload ${name.uploadId} does not exist.`);
  return upload;
}

/** New versions have ids of their own where the bucket is Enabled, and only there. */
export function requireFit(bucket: Bucket, versionId: string): void {
  if ((versionId !== 'null') !== (bucket.versioning === 'Enabled')) {
    throw new CommandRejected(
      'StaleBucket',
      `Version id ${versionId} does not fit: versioning is ${bucket.versioning}.`,
    );
  }
}

export function checkWrite(conditions: WriteConditions | undefined, current: VersionRow | undefined): void {
  if (conditions === undefined) return;
  const exists = current !== undefined && current.isDeleteMarker === 0;
  if (conditions.ifNoneMatch !== undefined && exists) {
    throw new CommandRejected('PreconditionFailed', 'If-None-Match: the object exists.');
  }
  if (conditions.ifMatch === undefined) return;
  if (!exists) throw new CommandRejected('NoSuchKey', 'If-Match: there is no object.');
  requireEtag(conditions.ifMatch, current);
}

/** `row` is the version to delete; undefined, or for a delete without a version id a marker, stands for no object. */
export function checkDelete(conditions: DeleteConditions | undefined, row: VersionRow | undefined): void {
  if (conditions === undefined || Object.keys(conditions).length === 0) return;
  if (row === undefined) throw new CommandRejected('NoSuchKey', 'A conditional delete found no object.');
  if (conditions.ifMatch !== undefined) requireEtag(conditions.ifMatch, row);
  const { ifMatchLastModifiedMs, ifMatchSize } = conditions;
  // Clients can name a time to the second only.
  const second = Math.floor(row.lastModifiedMs / 1000);
  if (ifMatchLastModifiedMs !== undefined && Math.floor(ifMatchLastModifiedMs / 1000) !== second) {
    throw new CommandRejected('PreconditionFailed', 'The time of the last modification does not match.');
  }
  if (ifMatchSize !== undefined && ifMatchSize !== row.size) {
    throw new CommandRejected('PreconditionFailed', 'The size does not match.');
  }
}

/** `row` is the version that the command is about to remove or hide. */
export function checkSeen(transaction: Transaction, seen: SeenVersion | undefined, row: VersionRow | undefined): void {
  if (seen === undefined) return;
  if (row === undefined || row.ordinal !== seen.ordinal) throw changed('it is another one');
  const { versions } = transaction;
  const { tags = [], isAlone, below, newerNoncurrent } = seen;
  if (tags.length > 0) {
    const now = unpackAttributes(row).tags;
    const hasAll = tags.every(({ key, value }) => now.some((tag) => tag.key === key && tag.value === value));
    if (!hasAll) throw changed('its tags are others');
  }
  if (isAlone === true && !versions.isAlone(row)) throw changed('it has others beside it');
  assert(below === undefined || below > row.ordinal, 'a version is below newer ones');
  if (below !== undefined && versions.byOrdinal(row.bucketId, row.key, below) === undefined) {
    throw changed('the version above it is gone');
  }
  if (newerNoncurrent !== undefined) {
    const newer = versions.countNewer(row, { limit: newerNoncurrent + 1 });
    if (newer <= newerNoncurrent) throw changed('fewer versions are newer');
  }
}

function changed(how: string): CommandRejected {
  return new CommandRejected('VersionChanged', `The version has changed since it was looked at: ${how}.`);
}

export function requireEtag(etags: readonly string[], row: VersionRow): void {
  if (!etags.includes('*') && !etags.includes(row.etag)) {
    throw new CommandRejected('PreconditionFailed', 'If-Match: the ETag does not match.');
  }
}
