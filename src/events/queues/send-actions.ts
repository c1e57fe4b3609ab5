/** Sending to a queue. https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { QueueMessage } from '../../engine/types.ts';
import { randomUuid } from '../../lib/ids.ts';
import { md5OfAttributes, readAttributes, sizeOf } from '../message-attributes.ts';
import { QueueError } from './errors.ts';
import type { MessageQueue } from './message-queue.ts';
import {
  type Action,
  action,
  checkBatch,
  failureOf,
  missing,
  type QueueCall,
  type QueueSet,
  queueOf,
  queueUrl,
} from './queue-set.ts';

/** Of all messages of a batch. */
const batchBytesMax = 1024 * 1024;
const attributesMax = 10;
const traceHeaderName = 'AWSTraceHeader';

const attribute = z.strictObject({
  DataType: z.string().optional(),
  StringValue: z.string().optional(),
  BinaryValue: z.base64().optional(),
});
const sent = {
  MessageBody: z.string(),
  DelaySeconds: z.int().min(0).max(900).optional(),
  MessageAttributes: z.record(z.string(), attribute).default({}),
  MessageSystemAttributes: z.record(z.string(), attribute).default({}),
  MessageGroupId: z
    .string()
    .regex(/^[\x21-\x7e]{1,128}$/)
    .optional(),
};
const sentSchema = z.object(sent);
type Sent = z.infer<typeof sentSchema>;

export const sendActions: readonly (readonly [name: string, run: Action])[] = [
  ['SendMessage', action(z.strictObject({ ...queueUrl, ...sent }), sendMessage)],
  [
    'SendMessageBatch',
    action(z.strictObject({ ...queueUrl, Entries: z.array(z.strictObject({ Id: z.string(), ...sent })) }), sendBatch),
  ],
];

async function sendMessage(
  set: QueueSet,
  { QueueUrl, ...given }: Sent & { QueueUrl: string },
  { senderId }: QueueCall,
): Promise<object> {
  const queue = queueOf(set, QueueUrl);
  const message = messageFrom(given, queue, { senderId, nowMs: set.clock.nowMs() });
  await set.post([{ target: queue.arn, event: message }]);
  return answerOf(message);
}

/** An entry that is refused does not keep the others from being sent. */
async function sendBatch(
  set: QueueSet,
  { QueueUrl, Entries }: { QueueUrl: string; Entries: readonly (Sent & { Id: string })[] },
  { senderId }: QueueCall,
): Promise<object> {
  const queue = queueOf(set, QueueUrl);
  checkBatch(Entries);
  const nowMs = set.clock.nowMs();
  const outcomes = Entries.map(({ Id, ...given }) => {
    try {
      return { Id, message: messageFrom(given, queue, { senderId, nowMs }) };
    } catch (error) {
      return failureOf(Id, error);
    }
  });
  const good = outcomes.filter((outcome) => 'message' in outcome);
  if (good.reduce((sum, { message }) => sum + bytesOf(message), 0) > batchBytesMax) {
    throw new QueueError(
      'AWS.SimpleQueueService.BatchRequestTooLong',
      `Batch requests cannot be longer than ${batchBytesMax} bytes.`,
    );
  }
  if (good.length > 0) await set.post(good.map(({ message }) => ({ target: queue.arn, event: message })));
  return {
    Successful: good.map(({ Id, message }) => ({ Id, ...answerOf(message) })),
    Failed: outcomes.filter((outcome) => 'Code' in outcome),
  };
}

/** Throws QueueError. */
function messageFrom(
  { MessageBody: message, DelaySeconds, MessageAttributes, MessageSystemAttributes, MessageGroupId: groupId }: Sent,
  { arn, settings }: MessageQueue,
  { senderId, nowMs }: { readonly senderId: string; readonly nowMs: number },
): QueueMessage {
  if (message === '') throw missing('MessageBody');
  // https://www.w3.org/TR/REC-xml/#charsets, as the protocol of forms answers in XML.
  if (/[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/u.test(message)) {
    throw new QueueError('InvalidMessageContents', 'The message contains characters outside the allowed set.');
  }
  if (Object.keys(MessageAttributes).length > attributesMax) {
    throw new QueueError(
      'InvalidParameterValue',
      `Number of message attributes [${Object.keys(MessageAttributes).length}] exceeds the allowed maximum [${attributesMax}].`,
    );
  }
  const attributes = readAttributes(MessageAttributes, (why) => new QueueError('InvalidParameterValue', why));
  const { delayMs: byDefaultMs, messageBytesMax } = settings;
  if (sizeOf(message, attributes) > messageBytesMax) {
    throw new QueueError(
      'InvalidParameterValue',
      `One or more parameters are invalid. Reason: Message must be shorter than ${messageBytesMax} bytes.`,
    );
  }
  const messageId = randomUuid();
  const delayMs = DelaySeconds === undefined ? byDefaultMs : DelaySeconds * 1000;
  return {
    ...{ event: 'Message', atMs: nowMs, bucket: arn, key: messageId, messageId, message, senderId },
    ...(Object.keys(attributes).length > 0 && { attributes }),
    ...traceIn(MessageSystemAttributes),
    ...(groupId !== undefined && { groupId }),
    ...(delayMs > 0 && { visibleFromMs: nowMs + delayMs }),
  };
}

/** The one attribute of SQS's own that a sender may give. It does not count as part of the message. */
function traceIn(given: Sent['MessageSystemAttributes']): Pick<QueueMessage, 'traceHeader'> {
  const attributes = readAttributes(given, (why) => new QueueError('InvalidParameterValue', why));
  const { [traceHeaderName]: header, ...others } = attributes;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) {
    throw new QueueError('InvalidParameterValue', `Message system attribute name '${unknown}' is invalid.`);
  }
  if (header === undefined) return {};
  if (header.type !== 'String') {
    throw new QueueError('InvalidParameterValue', `The data type of '${traceHeaderName}' must be 'String'.`);
  }
  return { traceHeader: header.value };
}

function bytesOf({ message, attributes = {} }: QueueMessage): number {
  return sizeOf(message, attributes);
}

function answerOf({ messageId, message, attributes, traceHeader }: QueueMessage): object {
  return {
    MessageId: messageId,
    MD5OfMessageBody: createHash('md5').update(message).digest('hex'),
    ...(attributes !== undefined && { MD5OfMessageAttributes: md5OfAttributes(attributes) }),
    ...(traceHeader !== undefined && {
      MD5OfMessageSystemAttributes: md5OfAttributes({ [traceHeaderName]: { type: 'String', value: traceHeader } }),
    }),
  };
}
