/** Commands on versions and delete markers. */
import assert from 'node:assert';
import {
  CommandRejected,
  type CommandResults,
  type DeleteCurrent,
  type DeleteVersion,
  type PutVersion,
  type SetVersionAcl,
  type SetVersionRestore,
  type SetVersionTags,
} from '../commands.ts';
import { encodeKey } from '../keys.ts';
import type { Announced } from '../notices.ts';
import type { Bucket, ObjectAttributes } from '../records.ts';
import type { Replicated } from '../replication-commands.ts';
import { packAttributes, packChecksum, packDetails, unpackAttributes } from '../tables/packing.ts';
import type { VersionRow } from '../tables/versions.ts';
import { holdAnnotation } from './annotations.ts';
import { checkDelete, checkSeen, checkWrite, requireBucket, requireFit } from './conditions.ts';
import { removeVersion, takeContent, takeManifest } from './content.ts';
import { checkUnlocked } from './locks.ts';
import { announce } from './outbox.ts';
import { markChanged, placeReplica, queueChange } from './replication.ts';
import type { Transaction } from './transaction.ts';

export function putVersion(transaction: Transaction, command: PutVersion): void {
  const bucket = requireBucket(transaction, command.bucketId);
  requireFit(bucket, command.versionId);
  const key = encodeKey(command.key);
  const ordinal = placeOf(transaction, { ...command, key });
  if (ordinal === undefined) return;
  const current = transaction.versions.current(bucket.id, key);
  checkWrite(command.conditions, current);
  // Held before the replaced version lets go: an object may be copied onto itself.
  const slices = takeContent(transaction, command.content);
  const annotations = (command.annotations ?? []).map((annotation) =>
    holdAnnotation(transaction, { bucketId: bucket.id, key, ordinal }, annotation),
  );
  enterVersion(transaction, bucket, current, {
    bucketId: bucket.id,
    key,
    ordinal,
    versionId: command.versionId,
    isDeleteMarker: 0,
    lastModifiedMs: command.lastModifiedMs,
    size: command.size,
    etag: command.etag,
    checksum: packChecksum(command.checksum),
    ...packAttributes(command.attributes),
    slices,
    contentId: null,
    partCount: null,
    uploadId: null,
    manifest: takeManifest(transaction, command.manifest),
  });
  for (const annotation of annotations) transaction.annotations.put(annotation);
  announceEntered(transaction, bucket, command);
}

/** Where a new version stands among those of its key; undefined for a replica that is there already. */
export function placeOf(
  transaction: Transaction,
  version: Pick<VersionRow, 'bucketId' | 'key' | 'versionId' | 'ordinal'> & { readonly isReplica?: true },
): number | undefined {
  return version.isReplica ? placeReplica(transaction, version) : version.ordinal;
}

/** Tells of a version that was made, as whose values the command gives, and queues it. */
export function announceEntered(
  transaction: Transaction,
  bucket: Bucket,
  made: Announced & Replicated & { key: string; versionId: string; size: number; etag: string },
): void {
  const { notice, replicate, versionId, size, etag } = made;
  const key = encodeKey(made.key);
  announce(transaction, bucket, notice, { key, versionId, size, etag });
  queueChange(transaction, replicate, { bucketId: bucket.id, key, versionId, size, kind: 'version' });
}

/**
 * Makes room for a new version or marker and enters it. The null version replaces the null version; any other needs the
 * lone null version of the key, if that is what is there, listed by its id from now on.
 */
export function enterVersion(
  transaction: Transaction,
  bucket: Bucket,
  current: VersionRow | undefined,
  row: Omit<VersionRow, 'isListedById'>,
): { replaced: boolean } {
  assert(Number.isSafeInteger(row.ordinal) && row.ordinal > 0, 'an ordinal is a positive integer');
  let replaced = false;
  if (row.versionId === 'null') {
    // Mostly the current version is it, or there is none at all.
    const isCurrent = current === undefined || current.versionId === 'null';
    const old = isCurrent ? current : transaction.versions.byId(bucket.id, row.key, 'null');
    if (old !== undefined) removeVersion(transaction, old);
    replaced = old !== undefined;
  } else if (current !== undefined && current.isListedById === 0) {
    transaction.versions.listById(current);
  }
  transaction.versions.insert({ ...row, isListedById: bucket.versioning === 'Unversioned' ? 0 : 1 });
  transaction.sawOrdinal(row.ordinal);
  return { replaced };
}

export function deleteCurrent(transaction: Transaction, command: DeleteCurrent): CommandResults['delete-current'] {
  const bucket = requireBucket(transaction, command.bucketId);
  if (bucket.versioning !== 'Unversioned') requireFit(bucket, command.markerId);
  const key = encodeKey(command.key);
  const current = transaction.versions.current(bucket.id, key);
  const object = current?.isDeleteMarker === 1 ? undefined : current;
  checkDelete(command.conditions, object);
  checkSeen(transaction, command.seen, object);
  if (bucket.versioning === 'Unversioned') {
    if (current === undefined) return {};
    removeVersion(transaction, current);
    announce(transaction, bucket, command.notice, { key, versionId: 'null' });
    return { deletedVersionId: 'null', ...sizeOf(object) };
  }
  const { markerId: versionId, isReplica, replicate, looked } = command;
  const ordinal = placeOf(transaction, {
    bucketId: bucket.id,
    key,
    versionId,
    ordinal: command.ordinal,
    ...(isReplica && { isReplica }),
  });
  if (ordinal === undefined) return { markerId: versionId };
  const { replaced } = enterVersion(transaction, bucket, current, {
    bucketId: bucket.id,
    key,
    ordinal,
    versionId,
    isDeleteMarker: 1,
    lastModifiedMs: command.lastModifiedMs,
    size: 0,
    etag: '',
    checksum: null,
    owner: command.owner,
    storageClass: 'STANDARD',
    details: detailsOfMarker(command),
    slices: null,
    contentId: null,
    partCount: null,
    uploadId: null,
    manifest: takeManifest(transaction, command.manifest),
  });
  announce(transaction, bucket, command.notice, { key, versionId });
  const change = { bucketId: bucket.id, key, versionId, size: 0, kind: 'marker' } as const;
  queueChange(transaction, replicate, change);
  queueChange(transaction, looked, { ...change, look: {} });
  return { markerId: versionId, ...(replaced && { deletedVersionId: 'null' }), ...sizeOf(object) };
}

/** A marker says nothing of itself but how it stands to replication. */
function detailsOfMarker({ isReplica, replicate }: DeleteCurrent): string | null {
  if (isReplica) return packDetails({ replication: 'REPLICA' });
  return replicate === undefined ? null : packDetails({ replication: 'PENDING' });
}

function sizeOf(object: VersionRow | undefined): { size?: number } {
  return object === undefined ? {} : { size: object.size };
}

export function deleteVersion(transaction: Transaction, command: DeleteVersion): CommandResults['delete-version'] {
  const bucket = requireBucket(transaction, command.bucketId);
  const row = transaction.versions.byId(bucket.id, encodeKey(command.key), command.versionId);
  checkDelete(command.conditions, row);
  checkSeen(transaction, command.seen, row);
  if (row === undefined) return { deleted: false, wasDeleteMarker: false };
  checkUnlocked(row, command);
  removeVersion(transaction, row);
  announce(transaction, bucket, command.notice, { key: row.key, versionId: row.versionId });
  const wasDeleteMarker = row.isDeleteMarker === 1;
  return { deleted: true, wasDeleteMarker, ...(!wasDeleteMarker && sizeOf(row)) };
}

export function setVersionTags(transaction: Transaction, command: SetVersionTags): void {
  changeAttributes(transaction, command, { tags: command.tags });
}

export function setVersionAcl(transaction: Transaction, command: SetVersionAcl): void {
  changeAttributes(transaction, command, { acl: command.acl });
}

/** Replaces some attributes of a version, unless `check` throws at what they are, and tells of it. Returns its row. */
export function changeAttributes(
  transaction: Transaction,
  name: (SetVersionTags | SetVersionAcl | SetVersionRestore) & Replicated,
  changed: Partial<ObjectAttributes>,
  check: (attributes: ObjectAttributes) => void = () => {},
): VersionRow {
  const bucket = requireBucket(transaction, name.bucketId);
  const row = transaction.versions.byId(bucket.id, encodeKey(name.key), name.versionId);
  if (row === undefined || row.isDeleteMarker === 1) {
    throw new CommandRejected('NoSuchVersion', `Version ${name.versionId} does not exist.`);
  }
  const attributes = unpackAttributes(row);
  check(attributes);
  const { replicate } = name;
  const { details } = packAttributes(markChanged({ ...attributes, ...changed }, replicate));
  transaction.versions.setDetails(row, details);
  const { key, versionId, size, etag } = row;
  announce(transaction, bucket, name.notice, { key, versionId, size, etag });
  queueChange(transaction, replicate, { bucketId: bucket.id, key, versionId, size, kind: 'attributes' });
  return row;
}
