/** Commands that move versions to other storage classes. */
import assert from 'node:assert';
import { CommandRejected, type RewritePart, type TransitionVersion } from '../commands.ts';
import { encodeKey } from '../keys.ts';
import { checkSeen, requireBucket } from './conditions.ts';
import { releaseManifest, releaseSlices, takeContent, takeManifest } from './content.ts';
import { announce } from './outbox.ts';
import { checkRevisionsSeen } from './seen.ts';
import { detailsWith } from './tiering.ts';
import type { Transaction } from './transaction.ts';

export function transitionVersion(transaction: Transaction, command: TransitionVersion): void {
  const bucket = requireBucket(transaction, command.bucketId);
  const row = transaction.versions.byId(bucket.id, encodeKey(command.key), command.versionId);
  checkSeen(transaction, command.seen, row);
  if (row === undefined || row.isDeleteMarker === 1 || row.storageClass !== command.from) {
    throw new CommandRejected('VersionChanged', 'The version has another storage class by now.');
  }
  checkRevisionsSeen(row, command);
  const { content } = command;
  assert(content === undefined || row.contentId === null, 'a version with parts has no bytes of its own');
  // Held before the old ones are let go. What is written anew describes itself, and what described the old bytes goes with them.
  const slices = content === undefined ? row.slices : takeContent(transaction, content);
  const described = takeManifest(transaction, command.manifest);
  const manifest = described ?? (content === undefined ? row.manifest : null);
  if (slices !== row.slices) releaseSlices(transaction, row.slices);
  if (manifest !== row.manifest) releaseManifest(transaction, row.manifest);
  transaction.versions.setClass(row, { storageClass: command.to, slices, manifest });
  // Its days in a tier begin with the move into Intelligent-Tiering, and end with the move out of it.
  const tiering = command.accessedMs === undefined ? undefined : { accessedMs: command.accessedMs };
  const hadTier = row.details?.includes('"tiering"') === true;
  if (tiering !== undefined || hadTier) transaction.versions.setDetails(row, detailsWith(row, tiering));
  const { key, versionId, size, etag } = row;
  announce(transaction, bucket, command.notice, { key, versionId, size, etag });
}

export function rewritePart(transaction: Transaction, command: RewritePart): void {
  const { bucketId, ordinal, partNumber } = command;
  const row = transaction.versions.byOrdinal(bucketId, encodeKey(command.key), ordinal);
  const part = row?.contentId == null ? undefined : transaction.parts.get({ contentId: row.contentId, partNumber });
  if (part === undefined) throw new CommandRejected('VersionChanged', 'The version is gone.');
  const slices = takeContent(transaction, command.content);
  releaseSlices(transaction, part.slices);
  releaseManifest(transaction, part.manifest);
  transaction.parts.setContent(part, slices);
}
