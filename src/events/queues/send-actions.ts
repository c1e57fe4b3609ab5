/** Sending to a queue. https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { QueueMessage } from '../../engine/types.ts';
import { randomUuid } from '../../lib/ids.ts';
import { md5OfAttributes, readAttributes, sizeOf } from '../message-attributes.ts';
import { QueueError } from './errors.ts';
import { type Action, action, checkBatch, failureOf, type QueueSet, queueOf, queueUrl } from './queue-set.ts';

/** Of a message, and of all messages of a batch. */
const bytesMax = 1024 * 1024;
const attributesMax = 10;

const attribute = z.strictObject({
  DataType: z.string().optional(),
  StringValue: z.string().optional(),
  BinaryValue: z.base64().optional(),
});
const sent = {
  MessageBody: z.string(),
  DelaySeconds: z.int().min(0).max(900).default(0),
  MessageAttributes: z.record(z.string(), attribute).default({}),
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

async function sendMessage(set: QueueSet, { QueueUrl, ...given }: Sent & { QueueUrl: string }): Promise<object> {
  const { arn } = queueOf(set, QueueUrl);
  const message = messageFrom(given, { arn, nowMs: set.clock.nowMs() });
  if (bytesOf(message) > bytesMax) throw new QueueError('InvalidParameterValue', tooLong);
  await set.post([{ target: arn, event: message }]);
  return answerOf(message);
}

/** An entry that is refused does not keep the others from being sent. */
async function sendBatch(
  set: QueueSet,
  { QueueUrl, Entries }: { QueueUrl: string; Entries: readonly (Sent & { Id: string })[] },
): Promise<object> {
  const { arn } = queueOf(set, QueueUrl);
  checkBatch(Entries);
  const nowMs = set.clock.nowMs();
  const outcomes = Entries.map(({ Id, ...given }) => {
    try {
      return { Id, message: messageFrom(given, { arn, nowMs }) };
    } catch (error) {
      return failureOf(Id, error);
    }
  });
  const good = outcomes.filter((outcome) => 'message' in outcome);
  if (good.reduce((sum, { message }) => sum + bytesOf(message), 0) > bytesMax) {
    throw new QueueError(
      'AWS.SimpleQueueService.BatchRequestTooLong',
      `Batch requests cannot be longer than ${bytesMax} bytes.`,
    );
  }
  if (good.length > 0) await set.post(good.map(({ message }) => ({ target: arn, event: message })));
  return {
    Successful: good.map(({ Id, message }) => ({ Id, ...answerOf(message) })),
    Failed: outcomes.filter((outcome) => 'Code' in outcome),
  };
}

const tooLong = `One or more parameters are invalid. Reason: Message must be shorter than ${bytesMax} bytes.`;

/** Throws QueueError. */
function messageFrom(given: Sent, { arn, nowMs }: { arn: string; nowMs: number }): QueueMessage {
  const { MessageBody: message, DelaySeconds, MessageAttributes } = given;
  if (message === '')
    throw new QueueError('InvalidParameterValue', 'The request must contain the parameter MessageBody.');
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
  const messageId = randomUuid();
  return {
    ...{ event: 'Message', atMs: nowMs, bucket: arn, key: messageId, messageId, message },
    ...(Object.keys(attributes).length > 0 && { attributes }),
    ...(DelaySeconds > 0 && { visibleFromMs: nowMs + DelaySeconds * 1000 }),
  };
}

function bytesOf({ message, attributes = {} }: QueueMessage): number {
  return sizeOf(message, attributes);
}

function answerOf({ messageId, message, attributes }: QueueMessage): object {
  return {
    MessageId: messageId,
    MD5OfMessageBody: createHash('md5').update(message).digest('hex'),
    ...(attributes !== undefined && { MD5OfMessageAttributes: md5OfAttributes(attributes) }),
  };
}
