/** Commands on restores of versions in archives. */
import { CommandRejected, type SettleRestore, type SetVersionRestore } from '../commands.ts';
import { encodeKey } from '../keys.ts';
import type { Restore } from '../records.ts';
import { requireBucket } from './conditions.ts';
import { announce } from './outbox.ts';
import type { Transaction } from './transaction.ts';
import { changeAttributes } from './versions.ts';

export function setVersionRestore(transaction: Transaction, command: SetVersionRestore): void {
  const row = changeAttributes(transaction, command, { restore: command.restore }, ({ restore }) => {
    if (!isSameRestore(restore, command.before)) {
      throw new CommandRejected('VersionChanged', 'It has been restored since it was looked at.');
    }
  });
  const { bucketId, key, ordinal, versionId } = row;
  const { dueMs } = command;
  if (dueMs !== undefined) transaction.restores.put({ bucketId, key, ordinal, versionId, dueMs });
}

/** Nothing is told twice: what is due at another time by now has been settled, or begun anew. */
export function settleRestore(transaction: Transaction, command: SettleRestore): void {
  const { bucketId, ordinal, dueMs, nextDueMs, notice } = command;
  const name = { bucketId, key: encodeKey(command.key), ordinal };
  const due = transaction.restores.get(name);
  if (due?.dueMs !== dueMs) return;
  if (nextDueMs === undefined) transaction.restores.remove(name);
  else transaction.restores.put({ ...due, dueMs: nextDueMs });
  const row = transaction.versions.byOrdinal(bucketId, name.key, ordinal);
  if (notice === undefined || row === undefined) return;
  const { key, versionId, size, etag } = row;
  announce(transaction, requireBucket(transaction, bucketId), notice, { key, versionId, size, etag });
}

function isSameRestore(one: Restore | undefined, other: Restore | undefined): boolean {
  return one?.readyMs === other?.readyMs && one?.days === other?.days && one?.tier === other?.tier;
}
