/** Commands on segments and on where blobs lie in them. */
import { CommandRejected, type DropSegment, type RelocateBlob } from '../commands.ts';
import type { Transaction } from './transaction.ts';

export function dropSegment(transaction: Transaction, command: DropSegment): void {
  const liveBytes = transaction.blobs.liveBytes(command.segment);
  if (liveBytes > 0) {
    throw new CommandRejected('SegmentInUse', `Segment ${command.segment} has ${liveBytes} live bytes.`);
  }
  transaction.blobs.dropSegment(command.segment);
}

export function relocateBlob(transaction: Transaction, { blob, from, to }: RelocateBlob): void {
  if (transaction.blobs.relocate(blob, from, to)) return;
  throw new CommandRejected('BlobMoved', `Blob ${blob} is gone or lies elsewhere.`);
}
