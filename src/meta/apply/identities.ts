/** Commands on identities. */
import { CommandRejected, type SetIdentities } from '../commands.ts';
import type { Transaction } from './transaction.ts';

export function setIdentities(transaction: Transaction, { revision, changes }: SetIdentities): void {
  const { identities } = transaction;
  if (identities.revision() !== revision) {
    throw new CommandRejected('StaleIdentities', `The identities have changed since revision ${revision}.`);
  }
  for (const change of changes) identities.set(change);
  identities.setRevision(revision + 1);
}
