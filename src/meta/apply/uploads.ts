/** Commands on multipart uploads. */
import {
  type AbortUpload,
  CommandRejected,
  type CompleteUpload,
  type CreateUpload,
  type PutPart,
} from '../commands.ts';
import { encodeKey } from '../keys.ts';
import { type AttributeColumns, packAttributes, packChecksum, unpackAttributes } from '../tables/packing.ts';
import type { PartRow } from '../tables/parts.ts';
import type { UploadRow } from '../tables/uploads.ts';
import { checkWrite, requireBucket, requireFit, requireUpload } from './conditions.ts';
import { releaseManifest, releaseParts, releaseSlices, takeContent, takeManifest } from './content.ts';
import type { Transaction } from './transaction.ts';
import { announceEntered, enterVersion, placeOf } from './versions.ts';

export function createUpload(transaction: Transaction, command: CreateUpload): void {
  const bucket = requireBucket(transaction, command.bucketId);
  transaction.uploads.insert({
    bucketId: bucket.id,
    key: encodeKey(command.key),
    uploadId: command.uploadId,
    initiatedMs: command.initiatedMs,
    contentId: transaction.nextContentId(),
    ...packAttributes(command.attributes),
    checksumAlgorithm: command.checksumAlgorithm ?? null,
    checksumType: command.checksumType ?? null,
    manifest: takeManifest(transaction, command.manifest),
  });
}

export function putPart(transaction: Transaction, command: PutPart): void {
  const bucket = requireBucket(transaction, command.bucketId);
  const key = encodeKey(command.key);
  const { contentId } = requireUpload(transaction, { bucketId: bucket.id, key, uploadId: command.uploadId });
  const slices = takeContent(transaction, command.content);
  const replaced = transaction.parts.get({ contentId, partNumber: command.partNumber });
  if (replaced !== undefined) {
    removePart(transaction, replaced);
  }
  transaction.parts.insert({
    contentId,
    partNumber: command.partNumber,
    size: command.size,
    etag: command.etag,
    lastModifiedMs: command.lastModifiedMs,
    checksum: packChecksum(command.checksum),
    slices,
    manifest: takeManifest(transaction, command.manifest),
  });
}

/** Removes a part with everything it holds. */
function removePart(transaction: Transaction, part: PartRow): void {
  transaction.parts.remove(part);
  releaseSlices(transaction, part.slices);
  releaseManifest(transaction, part.manifest);
}

export function completeUpload(transaction: Transaction, command: CompleteUpload): void {
  // 1. Everything that can refuse the command, before anything changes.
  const bucket = requireBucket(transaction, command.bucketId);
  requireFit(bucket, command.versionId);
  const key = encodeKey(command.key);
  const upload = requireUpload(transaction, { bucketId: bucket.id, key, uploadId: command.uploadId });
  const current = transaction.versions.current(bucket.id, key);
  checkWrite(command.conditions, current);
  const ordinal = placeOf(transaction, { ...command, key });
  if (ordinal === undefined) {
    removeUpload(transaction, upload);
    return;
  }

  // 2. The listed parts get their places; the others go.
  placeParts(transaction, upload.contentId, command);

  // 3. The upload ends and its content becomes the version's.
  releaseManifest(transaction, upload.manifest);
  transaction.uploads.remove(upload);
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
    ...attributesOf(upload, command),
    slices: null,
    contentId: upload.contentId,
    partCount: command.parts.length,
    uploadId: upload.uploadId,
    manifest: takeManifest(transaction, command.manifest),
  });
  announceEntered(transaction, bucket, command);
}

/** The upload's, with what completing it adds to them. */
function attributesOf(upload: UploadRow, { replicate, isReplica, lock }: CompleteUpload): AttributeColumns {
  const { owner, storageClass, details } = upload;
  const isReplicated = replicate !== undefined || isReplica !== undefined;
  if (!isReplicated && lock === undefined) return { owner, storageClass, details };
  return packAttributes({
    ...unpackAttributes(upload),
    ...(isReplicated && { replication: isReplica ? 'REPLICA' : 'PENDING' }),
    ...(lock !== undefined && { lock }),
  });
}

function placeParts(transaction: Transaction, contentId: number, command: CompleteUpload): void {
  const listed = new Map(command.parts.map((part) => [part.partNumber, part.etag]));
  let start = 0;
  let position = 0;
  for (const part of transaction.parts.all(contentId)) {
    if (!listed.has(part.partNumber)) {
      removePart(transaction, part);
      continue;
    }
    // Ascending, each once, with the ETag the engine saw: the list in the command's order is the rows in theirs.
    const expected = command.parts[position];
    if (expected?.partNumber !== part.partNumber || expected.etag !== part.etag) throw invalidPart(part.partNumber);
    position += 1;
    transaction.parts.place(part, { start, position });
    start += part.size;
  }
  if (position !== command.parts.length || position === 0) throw invalidPart(command.parts[position]?.partNumber ?? 0);
  if (start !== command.size) {
    throw new CommandRejected('InvalidPart', `The parts have ${start} bytes together, not ${command.size}.`);
  }
}

function invalidPart(partNumber: number): CommandRejected {
  return new CommandRejected(
    'InvalidPart',
    `Part ${partNumber} is missing, out of order or not the one that was named.`,
  );
}

export function abortUpload(transaction: Transaction, command: AbortUpload): void {
  const bucket = requireBucket(transaction, command.bucketId);
  const key = encodeKey(command.key);
  removeUpload(transaction, requireUpload(transaction, { bucketId: bucket.id, key, uploadId: command.uploadId }));
}

/** Removes an upload with everything it holds. */
function removeUpload(transaction: Transaction, upload: UploadRow): void {
  releaseParts(transaction, upload.contentId);
  releaseManifest(transaction, upload.manifest);
  transaction.uploads.remove(upload);
}
