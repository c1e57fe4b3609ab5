/** Versions that come under another key. */
import type { SetVersionEncryption } from '../encryption-commands.ts';
import { packAttributes, unpackAttributes } from '../tables/packing.ts';
import { requireBucket } from './conditions.ts';
import { checkUnlocked } from './locks.ts';
import { describeAnew, requireSeen } from './seen.ts';
import type { Transaction } from './transaction.ts';

export function setVersionEncryption(transaction: Transaction, command: SetVersionEncryption): void {
  requireBucket(transaction, command.bucketId);
  const row = requireSeen(transaction, command);
  checkUnlocked(row, command);
  const { details } = packAttributes({ ...unpackAttributes(row), encryption: command.encryption });
  transaction.versions.setDetails(row, details);
  describeAnew(transaction, row, command.manifest);
}
