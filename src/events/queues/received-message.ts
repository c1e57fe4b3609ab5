/** What a receiver gets of a message. https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_Message.html */
import { createHash } from 'node:crypto';
import type { MessageAttributes, OutboxEntry, OutboxEvent, QueueMessage } from '../../engine/types.ts';
import { randomUuid } from '../../lib/ids.ts';
import { md5OfAttributes, sqsAttributes } from '../message-attributes.ts';
import { isSent, type MessageQueue, type Received } from './message-queue.ts';
import { chosen, type QueueSet } from './queue-set.ts';

/** Attributes of messages that SQS has; those that no message here has are left out, as there. */
export const systemAttributes = new Set([
  ...['All', 'SentTimestamp', 'ApproximateReceiveCount', 'ApproximateFirstReceiveTimestamp', 'SenderId'],
  ...['AWSTraceHeader', 'MessageDeduplicationId', 'MessageGroupId', 'SequenceNumber', 'DeadLetterQueueSourceArn'],
]);

export interface Wanted {
  /** Of SQS's own attributes. */
  readonly system: readonly string[];
  /** Of those that the sender gave. */
  readonly own: readonly string[];
}

export function receivedMessage(
  { entry, receives, firstReceivedMs }: Received,
  { wanted, arn, bodyOf }: { readonly wanted: Wanted; readonly arn: string } & Pick<QueueSet, 'bodyOf'>,
): object {
  const Body = bodyOf(entry, arn);
  const { traceHeader, groupId, deadLetterSource }: Partial<QueueMessage> = isSent(entry.event) ? entry.event : {};
  const senderId = senderIn(entry.event);
  const attributes = {
    SentTimestamp: String(entry.event.atMs),
    ApproximateReceiveCount: String(receives),
    ApproximateFirstReceiveTimestamp: String(firstReceivedMs),
    ...(senderId !== undefined && { SenderId: senderId }),
    ...(traceHeader !== undefined && { AWSTraceHeader: traceHeader }),
    ...(groupId !== undefined && { MessageGroupId: groupId }),
    ...(deadLetterSource !== undefined && { DeadLetterQueueSourceArn: deadLetterSource }),
  };
  return {
    MessageId: idOf(entry),
    ReceiptHandle: Buffer.from(`${entry.sequence}/${receives}`).toString('base64url'),
    MD5OfBody: createHash('md5').update(Body).digest('hex'),
    Body,
    ...(wanted.system.length > 0 && { Attributes: chosen(attributes, wanted.system) }),
    ...chosenAttributes(attributesOf(entry), wanted.own),
  };
}

/** A message as it is in the queue of the dead letters of another one, where it is as old as it was there. */
export function deadLetterOf(
  entry: OutboxEntry,
  { from, to, bodyOf }: { readonly from: MessageQueue; readonly to: MessageQueue } & Pick<QueueSet, 'bodyOf'>,
): QueueMessage {
  const messageId = idOf(entry);
  const attributes = attributesOf(entry);
  const { traceHeader, groupId }: Partial<QueueMessage> = isSent(entry.event) ? entry.event : {};
  const senderId = senderIn(entry.event);
  return {
    ...{ event: 'Message', atMs: entry.event.atMs, bucket: to.arn, key: messageId, messageId },
    message: bodyOf(entry, from.arn),
    ...(Object.keys(attributes).length > 0 && { attributes }),
    ...(senderId !== undefined && { senderId }),
    ...(traceHeader !== undefined && { traceHeader }),
    ...(groupId !== undefined && { groupId }),
    deadLetterSource: from.arn,
  };
}

/** A message as it is in the queue that a dead letter is moved to: one that has just been sent there. */
export function redriven(
  entry: OutboxEntry,
  {
    from,
    to,
    bodyOf,
    nowMs,
  }: { readonly from: MessageQueue; readonly to: MessageQueue; readonly nowMs: number } & Pick<QueueSet, 'bodyOf'>,
): QueueMessage {
  const { deadLetterSource: _, visibleFromMs: __, ...message } = deadLetterOf(entry, { from, to, bodyOf });
  const messageId = randomUuid();
  const { delayMs } = to.settings;
  return {
    ...{ ...message, atMs: nowMs, key: messageId, messageId },
    ...(delayMs > 0 && { visibleFromMs: nowMs + delayMs }),
  };
}

function idOf({ event, sequence }: OutboxEntry): string {
  if (isSent(event)) return event.messageId;
  return `00000000-0000-4000-8000-${sequence.toString(16).padStart(12, '0')}`;
}

/** Whoever sent it: an identity, or the service. Of messages from before it was kept nobody knows. */
function senderIn(event: OutboxEvent): string | undefined {
  if (isSent(event)) return event.senderId;
  return 'topic' in event ? 'sns.amazonaws.com' : 's3.amazonaws.com';
}

/** Those that the sender gave it; of a topic's message they are in its envelope, where it has one. */
function attributesOf({ event }: OutboxEntry): MessageAttributes {
  const isVisible = 'attributes' in event && (isSent(event) || event.isRaw);
  return isVisible ? (event.attributes ?? {}) : {};
}

/** Those that the receiver asks for: by name, all, or all that begin so (`price.*`). */
function chosenAttributes(all: MessageAttributes, wanted: readonly string[]): object {
  const own = Object.entries(all).filter(([name]) =>
    wanted.some(
      (one) =>
        one === 'All' || one === name || (one.endsWith('.*') && name.startsWith(one.slice(0, -1))) || one === '.*',
    ),
  );
  if (own.length === 0) return {};
  const attributes = Object.fromEntries(own);
  return { MessageAttributes: sqsAttributes(attributes), MD5OfMessageAttributes: md5OfAttributes(attributes) };
}
