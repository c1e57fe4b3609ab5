/** Events enter the outbox in the transaction of the change that they tell of, and leave it by commands of their own. */
import type { DropEvents, Notice, PostMessages, PostTestEvents, ReplayEvents, SettleEvents } from '../commands.ts';
import { decodeKey } from '../keys.ts';
import type { Bucket, ObjectEvent } from '../records.ts';
import type { Transaction } from './transaction.ts';

/** Hexadecimal digits of the largest ordinal, and of more events than will ever be. */
const ordinalDigits = 14;
const sequenceDigits = 12;

/** What an event says of the version. */
export interface Told {
  readonly key: Buffer;
  readonly versionId: string;
  readonly size?: number;
  readonly etag?: string;
}

/** Tells those whom the command's notice names. Without a notice nobody asked. */
export function announce(transaction: Transaction, bucket: Bucket, notice: Notice | undefined, told: Told): void {
  if (notice === undefined) return;
  const { event, cause, atMs, facts: beyond, to } = notice;
  const { key, ...facts } = told;
  // An index made anew counts events from the beginning again: the time, of which ordinals are made, keeps the order.
  transaction.sawOrdinal(atMs * 1000);
  for (const { target, rule } of to) {
    const sequence = transaction.nextOutboxSequence();
    const entry: ObjectEvent = {
      ...{ event, rule, atMs, ...cause },
      ...{ bucket: bucket.name, region: bucket.region, owner: bucket.owner },
      ...{ key: decodeKey(key), ...facts, ...beyond },
      sequencer: sequencerOf({ ordinal: transaction.lastOrdinal, sequence }),
    };
    transaction.outbox.insert(sequence, target, entry);
  }
}

function sequencerOf({ ordinal, sequence }: { ordinal: number; sequence: number }): string {
  const digits =
    ordinal.toString(16).padStart(ordinalDigits, '0') + sequence.toString(16).padStart(sequenceDigits, '0');
  return digits.toUpperCase();
}

export function postTestEvents(transaction: Transaction, { targets, event }: PostTestEvents): void {
  for (const target of targets) transaction.outbox.insert(transaction.nextOutboxSequence(), target, event);
}

export function postMessages(transaction: Transaction, { messages }: PostMessages): void {
  for (const { target, event, from } of messages) {
    if (from !== undefined && !transaction.outbox.remove(from)) continue;
    transaction.outbox.insert(transaction.nextOutboxSequence(), target, event);
  }
}

/** What is not there any more was settled before. */
export function settleEvents(transaction: Transaction, { delivered, dead, aside = [] }: SettleEvents): void {
  for (const sequence of delivered) transaction.outbox.remove(sequence);
  for (const sequence of dead) transaction.outbox.bury(sequence);
  for (const { sequence, triedMs, failures, againMs } of aside) {
    transaction.outbox.setAside({ sequence, triedMs, failures, againMs });
  }
}

export function replayEvents(transaction: Transaction, { target, limit }: ReplayEvents): { events: number } {
  const dead = transaction.outbox.oldest({ target, isDead: true, limit });
  // Whoever delivers has passed the place where they were.
  for (const sequence of dead) transaction.outbox.revive({ sequence, as: transaction.nextOutboxSequence() });
  return { events: dead.length };
}

export function dropEvents(transaction: Transaction, { type: _, ...chosen }: DropEvents): { events: number } {
  const dropped = transaction.outbox.oldest(chosen);
  for (const sequence of dropped) transaction.outbox.remove(sequence);
  return { events: dropped.length };
}
