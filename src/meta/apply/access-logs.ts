/** Lines of access logs enter the index when they are a second old, and leave it with their delivery. */
import type { AddLogBatch, DropLogBatches } from '../access-log-commands.ts';
import type { Transaction } from './transaction.ts';

export function addLogBatch(transaction: Transaction, { type: _, text, ...batch }: AddLogBatch): void {
  const sequence = transaction.nextOutboxSequence();
  transaction.accessLogs.insert({ ...batch, sequence, text: Buffer.from(text, 'base64') });
}

/** What is not there any more was dropped before. */
export function dropLogBatches(transaction: Transaction, { sequences }: DropLogBatches): void {
  for (const sequence of sequences) transaction.accessLogs.remove(sequence);
}
