/** The command on versions whose bytes are lost. */
import type { NoteLoss } from '../commands.ts';
import { encodeKey } from '../keys.ts';
import { packAttributes, unpackAttributes } from '../tables/packing.ts';
import { requireBucket } from './conditions.ts';
import { announce } from './outbox.ts';
import type { Transaction } from './transaction.ts';

/** Nothing is told twice. */
export function noteLoss(transaction: Transaction, { bucketId, key, ordinal, atMs, notice }: NoteLoss): void {
  const bucket = requireBucket(transaction, bucketId);
  const row = transaction.versions.byOrdinal(bucketId, encodeKey(key), ordinal);
  if (row === undefined || row.isDeleteMarker === 1) return;
  const attributes = unpackAttributes(row);
  if (attributes.lostMs !== undefined) return;
  transaction.versions.setDetails(row, packAttributes({ ...attributes, lostMs: atMs }).details);
  announce(transaction, bucket, notice, { key: row.key, versionId: row.versionId, size: row.size, etag: row.etag });
}
