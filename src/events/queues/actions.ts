/**
 * The actions of SQS that queues of events have, from the input of a request to what is answered, by the names of AWS's model.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_Operations.html
 */
import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { md5OfAttributes, sqsAttributes } from '../message-attributes.ts';
import { QueueError } from './errors.ts';
import { isSent, type MessageQueue, type Received } from './message-queue.ts';
import {
  type Action,
  accountIn,
  action,
  batchMax,
  checkBatch,
  failureOf,
  handle,
  isAt,
  nameIn,
  noQueue,
  type QueueCall,
  type QueueNamed,
  type QueueSet,
  queueOf,
  queueUrl,
  urlOf,
  visibility,
} from './queue-set.ts';
import { sendActions } from './send-actions.ts';

/** How often a receiver that waits looks again. */
const lookEveryMs = 100;

/** How any input may name a queue; what does not is refused when the action reads it. */
const queueNamed = z
  .object({
    QueueUrl: z.string().optional().catch(undefined),
    QueueName: z.string().optional().catch(undefined),
    QueueOwnerAWSAccountId: z.string().optional().catch(undefined),
  })
  .catch({ QueueUrl: undefined, QueueName: undefined, QueueOwnerAWSAccountId: undefined });
const names = z.array(z.string()).optional();

export const queueActions: ReadonlyMap<string, Action> = new Map<string, Action>([
  [
    'CreateQueue',
    action(
      z.strictObject({
        QueueName: z.string().regex(/^[A-Za-z0-9_-]{1,80}$/, 'letters, digits, - and _, at most 80'),
        Attributes: z.strictObject({ VisibilityTimeout: z.coerce.number().pipe(visibility).optional() }).optional(),
      }),
      createQueue,
    ),
  ],
  ['DeleteQueue', action(z.strictObject(queueUrl), deleteQueue)],
  [
    'GetQueueUrl',
    action(z.strictObject({ QueueName: z.string(), QueueOwnerAWSAccountId: z.string().optional() }), getQueueUrl),
  ],
  ['ListQueues', action(z.strictObject({ QueueNamePrefix: z.string().default('') }), listQueues)],
  ['GetQueueAttributes', action(z.strictObject({ ...queueUrl, AttributeNames: names }), getQueueAttributes)],
  [
    'ReceiveMessage',
    action(
      z.strictObject({
        ...queueUrl,
        MaxNumberOfMessages: z.int().min(1).max(batchMax).default(1),
        VisibilityTimeout: visibility.optional(),
        WaitTimeSeconds: z.int().min(0).max(20).default(0),
        AttributeNames: names,
        MessageSystemAttributeNames: names,
        MessageAttributeNames: names,
      }),
      receiveMessage,
    ),
  ],
  ['DeleteMessage', action(z.strictObject({ ...queueUrl, ...handle }), deleteMessage)],
  [
    'DeleteMessageBatch',
    action(
      z.strictObject({ ...queueUrl, Entries: z.array(z.strictObject({ Id: z.string(), ...handle })) }),
      deleteBatch,
    ),
  ],
  [
    'ChangeMessageVisibility',
    action(z.strictObject({ ...queueUrl, ...handle, VisibilityTimeout: visibility }), changeVisibility),
  ],
  [
    'ChangeMessageVisibilityBatch',
    action(
      z.strictObject({
        ...queueUrl,
        Entries: z.array(z.strictObject({ Id: z.string(), ...handle, VisibilityTimeout: visibility.optional() })),
      }),
      changeVisibilityBatch,
    ),
  ],
  ...sendActions,
  ['PurgeQueue', action(z.strictObject(queueUrl), purgeQueue)],
]);

/** Runs the action of a name. Throws QueueError. */
export async function runQueueAction(
  set: QueueSet,
  { name, input }: { readonly name: string; readonly input: unknown },
  call: QueueCall,
): Promise<object | undefined> {
  const found = queueActions.get(name);
  if (found === undefined) {
    throw new QueueError('AWS.SimpleQueueService.UnsupportedOperation', `${name} is not implemented.`);
  }
  return found(set, input, call);
}

const visibilitySecondsDefault = 30;

async function createQueue(
  set: QueueSet,
  input: { QueueName: string; Attributes?: { VisibilityTimeout?: number | undefined } | undefined },
  call: QueueCall,
): Promise<object> {
  const { accountId } = call;
  const visibilitySeconds = input.Attributes?.VisibilityTimeout;
  const known = named(set, { accountId, name: input.QueueName });
  if (known !== undefined && visibilitySeconds !== undefined && known.visibilityMs !== visibilitySeconds * 1000) {
    throw new QueueError(
      'QueueAlreadyExists',
      'A queue already exists with the same name and a different value for VisibilityTimeout.',
    );
  }
  const wanted = { accountId, name: input.QueueName, visibilitySeconds: visibilitySeconds ?? visibilitySecondsDefault };
  return { QueueUrl: urlOf(known?.arn ?? (await set.create(wanted)), call) };
}

async function deleteQueue(set: QueueSet, { QueueUrl }: { QueueUrl: string }): Promise<undefined> {
  const queue = queueOf(set, QueueUrl);
  if (await set.remove(queue)) return;
  throw new QueueError(
    'AWS.SimpleQueueService.UnsupportedOperation',
    `The queue ${nameIn(queue.arn)} is one of the configuration: take it out of events.targets.`,
  );
}

function named(set: QueueSet, { accountId, name }: QueueNamed): MessageQueue | undefined {
  return set.all().find(({ arn }) => accountIn(arn) === accountId && nameIn(arn) === name);
}

async function getQueueUrl(
  set: QueueSet,
  { QueueName, QueueOwnerAWSAccountId }: { QueueName: string; QueueOwnerAWSAccountId?: string | undefined },
  call: QueueCall,
): Promise<object> {
  const queue = named(set, { accountId: QueueOwnerAWSAccountId ?? call.accountId, name: QueueName });
  if (queue === undefined) throw noQueue();
  return { QueueUrl: urlOf(queue.arn, call) };
}

async function listQueues(
  set: QueueSet,
  { QueueNamePrefix }: { QueueNamePrefix: string },
  call: QueueCall,
): Promise<object> {
  const own = set.all().filter(({ arn }) => accountIn(arn) === call.accountId);
  const found = own.filter(({ arn }) => nameIn(arn).startsWith(QueueNamePrefix));
  return { QueueUrls: found.map(({ arn }) => urlOf(arn, call)) };
}

async function getQueueAttributes(
  set: QueueSet,
  { QueueUrl, AttributeNames = [] }: { QueueUrl: string; AttributeNames?: string[] | undefined },
): Promise<object> {
  const queue = queueOf(set, QueueUrl);
  const { waiting, out, delayed } = await queue.sizes();
  const all: Record<string, string> = {
    QueueArn: queue.arn,
    ApproximateNumberOfMessages: String(waiting),
    ApproximateNumberOfMessagesNotVisible: String(out),
    ApproximateNumberOfMessagesDelayed: String(delayed),
    VisibilityTimeout: String(queue.visibilityMs / 1000),
  };
  requireKnown(AttributeNames, new Set(['All', ...Object.keys(all)]));
  return { Attributes: chosen(all, AttributeNames) };
}

interface ReceiveInput {
  readonly QueueUrl: string;
  readonly MaxNumberOfMessages: number;
  readonly VisibilityTimeout?: number | undefined;
  readonly WaitTimeSeconds: number;
  readonly AttributeNames?: string[] | undefined;
  readonly MessageSystemAttributeNames?: string[] | undefined;
  readonly MessageAttributeNames?: string[] | undefined;
}

async function receiveMessage(set: QueueSet, input: ReceiveInput, call: QueueCall): Promise<object> {
  const queue = queueOf(set, input.QueueUrl);
  const untilMs = set.clock.nowMs() + input.WaitTimeSeconds * 1000;
  const visibilityMs = input.VisibilityTimeout === undefined ? queue.visibilityMs : input.VisibilityTimeout * 1000;
  const wanted = [...(input.AttributeNames ?? []), ...(input.MessageSystemAttributeNames ?? [])];
  requireKnown(wanted, messageAttributes);
  const wantedOwn = input.MessageAttributeNames ?? [];
  for (;;) {
    const received = await queue.receive({ max: input.MaxNumberOfMessages, visibilityMs });
    if (received.length > 0)
      return { Messages: received.map((one) => messageOf(set, queue, { one, wanted, wantedOwn })) };
    if (set.clock.nowMs() >= untilMs || call.isGone()) return {};
    await delay(lookEveryMs);
  }
}

function messageOf(
  set: QueueSet,
  { arn }: MessageQueue,
  { one, wanted, wantedOwn }: { one: Received; wanted: string[]; wantedOwn: string[] },
): object {
  const { entry, receives, firstReceivedMs } = one;
  const Body = set.bodyOf(one, arn);
  const attributes = {
    SentTimestamp: String(entry.event.atMs),
    ApproximateReceiveCount: String(receives),
    ApproximateFirstReceiveTimestamp: String(firstReceivedMs),
  };
  return {
    MessageId: idOf(entry),
    ReceiptHandle: Buffer.from(`${entry.sequence}/${receives}`).toString('base64url'),
    MD5OfBody: createHash('md5').update(Body).digest('hex'),
    Body,
    ...(wanted.length > 0 && { Attributes: chosen(attributes, wanted) }),
    ...ownAttributes(entry, wantedOwn),
  };
}

function idOf({ event, sequence }: Received['entry']): string {
  if (isSent(event)) return event.messageId;
  return `00000000-0000-4000-8000-${sequence.toString(16).padStart(12, '0')}`;
}

/** Those that the sender gave it and the receiver asks for: by name, all, or all that begin so (`price.*`). */
function ownAttributes({ event }: Received['entry'], wanted: readonly string[]): object {
  const isVisible = 'attributes' in event && (isSent(event) || event.isRaw);
  const own = Object.entries(isVisible ? (event.attributes ?? {}) : {}).filter(([name]) =>
    wanted.some(
      (one) =>
        one === 'All' || one === name || (one.endsWith('.*') && name.startsWith(one.slice(0, -1))) || one === '.*',
    ),
  );
  if (own.length === 0) return {};
  const attributes = Object.fromEntries(own);
  return { MessageAttributes: sqsAttributes(attributes), MD5OfMessageAttributes: md5OfAttributes(attributes) };
}

async function deleteMessage(
  set: QueueSet,
  { QueueUrl, ReceiptHandle }: { QueueUrl: string; ReceiptHandle: string },
): Promise<undefined> {
  await queueOf(set, QueueUrl).delete([sequenceIn(ReceiptHandle)]);
}

async function deleteBatch(
  set: QueueSet,
  { QueueUrl, Entries }: { QueueUrl: string; Entries: readonly { Id: string; ReceiptHandle: string }[] },
): Promise<object> {
  const queue = queueOf(set, QueueUrl);
  checkBatch(Entries);
  await queue.delete(Entries.map(({ ReceiptHandle }) => sequenceIn(ReceiptHandle)));
  return { Successful: Entries.map(({ Id }) => ({ Id })), Failed: [] };
}

async function changeVisibility(
  set: QueueSet,
  input: { QueueUrl: string; ReceiptHandle: string; VisibilityTimeout: number },
): Promise<undefined> {
  const sequence = sequenceIn(input.ReceiptHandle);
  queueOf(set, input.QueueUrl).hide({ sequence, forMs: input.VisibilityTimeout * 1000 });
}

/** An entry that is refused does not keep the others from being changed. */
async function changeVisibilityBatch(
  set: QueueSet,
  input: {
    QueueUrl: string;
    Entries: readonly { Id: string; ReceiptHandle: string; VisibilityTimeout?: number | undefined }[];
  },
): Promise<object> {
  const { QueueUrl, Entries } = input;
  queueOf(set, QueueUrl);
  checkBatch(Entries);
  const outcomes = await Promise.all(
    Entries.map(async ({ Id, ReceiptHandle, VisibilityTimeout = 0 }) =>
      changeVisibility(set, { QueueUrl, ReceiptHandle, VisibilityTimeout }).then(
        () => ({ Id }),
        (error: unknown) => failureOf(Id, error),
      ),
    ),
  );
  return {
    Successful: outcomes.filter((outcome) => !('Code' in outcome)),
    Failed: outcomes.filter((outcome) => 'Code' in outcome),
  };
}

async function purgeQueue(set: QueueSet, { QueueUrl }: { QueueUrl: string }): Promise<undefined> {
  await queueOf(set, QueueUrl).purge();
}

/** What an input names, for whoever decides whether it may be used: the ARN of a queue, or of one that is not there. */
export function queueArnOf(
  set: QueueSet,
  input: unknown,
  { region, accountId }: { readonly region: string; readonly accountId: string },
): string {
  const { QueueUrl, QueueName, QueueOwnerAWSAccountId: owner = accountId } = queueNamed.parse(input);
  const found = QueueUrl === undefined ? undefined : set.all().find((queue) => isAt(queue, QueueUrl));
  const name = QueueName ?? QueueUrl?.split('/').at(-1) ?? '*';
  return (found ?? named(set, { accountId: owner, name }))?.arn ?? `arn:aws:sqs:${region}:${owner}:${name}`;
}

function sequenceIn(receiptHandle: string): number {
  const [, digits] = /^(\d{1,15})\/\d+$/.exec(Buffer.from(receiptHandle, 'base64url').toString()) ?? [];
  if (digits === undefined) throw new QueueError('ReceiptHandleIsInvalid', 'The input receipt handle is invalid.');
  return Number(digits);
}

/** Attributes of messages that SQS has; those that no message here has are left out, as there. */
const messageAttributes = new Set([
  ...['All', 'SentTimestamp', 'ApproximateReceiveCount', 'ApproximateFirstReceiveTimestamp', 'SenderId'],
  ...['AWSTraceHeader', 'MessageDeduplicationId', 'MessageGroupId', 'SequenceNumber', 'DeadLetterQueueSourceArn'],
]);

/** Throws InvalidAttributeName. */
function requireKnown(wanted: readonly string[], known: { has(name: string): boolean }): void {
  const unknown = wanted.find((name) => !known.has(name));
  if (unknown !== undefined) throw new QueueError('InvalidAttributeName', `Unknown Attribute ${unknown}.`);
}

function chosen(all: Readonly<Record<string, string>>, wanted: readonly string[]): Record<string, string> {
  return Object.fromEntries(Object.entries(all).filter(([name]) => wanted.includes(name) || wanted.includes('All')));
}
