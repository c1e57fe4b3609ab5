/** Commands on the access tiers of Intelligent-Tiering. */
import { isDeepStrictEqual } from 'node:util';
import { CommandRejected } from '../commands.ts';
import { encodeKey } from '../keys.ts';
import type { ObjectAttributes, Tiering } from '../records.ts';
import { packAttributes, unpackAttributes } from '../tables/packing.ts';
import type { VersionRow } from '../tables/versions.ts';
import type { NoteAccesses, SetVersionTiering } from '../tiering-commands.ts';
import { checkSeen, requireBucket } from './conditions.ts';
import { announce } from './outbox.ts';
import type { Transaction } from './transaction.ts';

const tieringClass = 'INTELLIGENT_TIERING';

export function noteAccesses(transaction: Transaction, { accesses }: NoteAccesses): void {
  for (const { bucketId, key, ordinal, atMs } of accesses) {
    const row = transaction.versions.byOrdinal(bucketId, encodeKey(key), ordinal);
    if (row === undefined || row.isDeleteMarker === 1 || row.storageClass !== tieringClass) continue;
    const { tiering = {} } = unpackAttributes(row);
    const { archive, accessedMs = 0 } = tiering;
    const isArchived = archive !== undefined && !(archive.restore !== undefined && archive.restore.readyMs <= atMs);
    if (isArchived || atMs <= accessedMs) continue;
    // What it was restored from is to be told of yet.
    transaction.versions.setDetails(row, detailsWith(row, { ...tiering, accessedMs: atMs }));
  }
}

export function setVersionTiering(transaction: Transaction, command: SetVersionTiering): void {
  const bucket = requireBucket(transaction, command.bucketId);
  const row = transaction.versions.byId(bucket.id, encodeKey(command.key), command.versionId);
  checkSeen(transaction, command.seen, row);
  if (row === undefined || row.isDeleteMarker === 1) {
    throw new CommandRejected('NoSuchVersion', `Version ${command.versionId} does not exist.`);
  }
  if (row.storageClass !== tieringClass || !isDeepStrictEqual(unpackAttributes(row).tiering, command.before)) {
    throw new CommandRejected('VersionChanged', 'It has been read, archived or restored since it was looked at.');
  }
  transaction.versions.setDetails(row, detailsWith(row, command.tiering));
  const { key, ordinal, versionId, size, etag } = row;
  const { bucketId, dueMs } = command;
  if (dueMs !== undefined) transaction.restores.put({ bucketId, key, ordinal, versionId, dueMs });
  announce(transaction, bucket, command.notice, { key, versionId, size, etag });
}

/** What the row says in detail, with what its tier follows from, or without. */
export function detailsWith(row: VersionRow, tiering: Tiering | undefined): string | null {
  const { tiering: _, ...others } = unpackAttributes(row);
  const attributes: ObjectAttributes = tiering === undefined ? others : { ...others, tiering };
  return packAttributes(attributes).details;
}
