/**
 * The actions of SQS that queues of events have, from the input of a request to what is answered, by the names of AWS's model.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_Operations.html
 */
import { z } from 'zod';
import { QueueError } from './errors.ts';
import type { MessageQueue } from './message-queue.ts';
import { moveActions, sourcesOf } from './move-actions.ts';
import {
  type Action,
  accountIn,
  action,
  batchMax,
  checkBatch,
  failureOf,
  handle,
  named,
  nameIn,
  names,
  noQueue,
  ofConfiguration,
  type QueueCall,
  type QueueSet,
  queueOf,
  queueUrl,
  requireKnown,
  urlOf,
  visibility,
} from './queue-set.ts';
import { receivedMessage, systemAttributes } from './received-message.ts';
import { sendActions } from './send-actions.ts';
import { settingActions } from './setting-actions.ts';
import { tagActions } from './tag-actions.ts';

/** How often a receiver that waits looks again, whatever it hears of. */
const lookEveryMs = 1000;

/** As SQS has it. */
const pageMax = 1000;
const page = { MaxResults: z.int().min(1).max(pageMax).optional(), NextToken: z.string().optional() };
interface Page {
  readonly MaxResults?: number | undefined;
  readonly NextToken?: string | undefined;
}

export const queueActions: ReadonlyMap<string, Action> = new Map<string, Action>([
  ['DeleteQueue', action(z.strictObject(queueUrl), deleteQueue)],
  [
    'GetQueueUrl',
    action(z.strictObject({ QueueName: z.string(), QueueOwnerAWSAccountId: z.string().optional() }), getQueueUrl),
  ],
  ['ListQueues', action(z.strictObject({ QueueNamePrefix: z.string().default(''), ...page }), listQueues)],
  ['ListDeadLetterSourceQueues', action(z.strictObject({ ...queueUrl, ...page }), listSources)],
  [
    'ReceiveMessage',
    action(
      z.strictObject({
        ...queueUrl,
        MaxNumberOfMessages: z.int().min(1).max(batchMax).default(1),
        VisibilityTimeout: visibility.optional(),
        WaitTimeSeconds: z.int().min(0).max(20).optional(),
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
  ...settingActions,
  ...tagActions,
  ...sendActions,
  ...moveActions,
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
    throw new QueueError('InvalidAction', `The action ${name} is not valid for this endpoint.`);
  }
  return found(set, input, call);
}

async function deleteQueue(set: QueueSet, { QueueUrl }: { QueueUrl: string }): Promise<undefined> {
  const queue = queueOf(set, QueueUrl);
  if (await set.remove(queue)) return;
  throw ofConfiguration(queue);
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
  { QueueNamePrefix, ...page }: { QueueNamePrefix: string } & Page,
  call: QueueCall,
): Promise<object> {
  const own = set.all().filter(({ arn }) => accountIn(arn) === call.accountId);
  const found = own.filter(({ arn }) => nameIn(arn).startsWith(QueueNamePrefix));
  const { items, ...rest } = pageOf(found, page);
  return { QueueUrls: items.map(({ arn }) => urlOf(arn, call)), ...rest };
}

/** Queues whose dead letters come to one. */
async function listSources(
  set: QueueSet,
  { QueueUrl, ...page }: { QueueUrl: string } & Page,
  call: QueueCall,
): Promise<object> {
  const queue = queueOf(set, QueueUrl);
  const { items, ...rest } = pageOf(sourcesOf(set, queue.arn), page);
  return { queueUrls: items.map(({ arn }) => urlOf(arn, call)), ...rest };
}

/** A page in order of ARN, and the token of the next one. */
function pageOf(
  all: readonly MessageQueue[],
  { MaxResults = pageMax, NextToken = '' }: Page,
): { readonly items: readonly MessageQueue[]; readonly NextToken?: string } {
  const after = Buffer.from(NextToken, 'base64url').toString();
  if (NextToken !== '' && !after.startsWith('arn:')) {
    throw new QueueError('InvalidParameterValue', `Value ${NextToken} for parameter NextToken is invalid.`);
  }
  const rest = all.filter(({ arn }) => arn > after).toSorted((a, b) => (a.arn < b.arn ? -1 : 1));
  const items = rest.slice(0, MaxResults);
  const last = items.at(-1);
  if (last === undefined || rest.length === items.length) return { items };
  return { items, NextToken: Buffer.from(last.arn).toString('base64url') };
}

interface ReceiveInput {
  readonly QueueUrl: string;
  readonly MaxNumberOfMessages: number;
  readonly VisibilityTimeout?: number | undefined;
  readonly WaitTimeSeconds?: number | undefined;
  readonly AttributeNames?: string[] | undefined;
  readonly MessageSystemAttributeNames?: string[] | undefined;
  readonly MessageAttributeNames?: string[] | undefined;
}

async function receiveMessage(set: QueueSet, input: ReceiveInput, call: QueueCall): Promise<object> {
  const queue = queueOf(set, input.QueueUrl);
  const { WaitTimeSeconds, VisibilityTimeout } = input;
  const { waitMs, visibilityMs: byDefaultMs } = queue.settings;
  const untilMs = set.clock.nowMs() + (WaitTimeSeconds === undefined ? waitMs : WaitTimeSeconds * 1000);
  const visibilityMs = VisibilityTimeout === undefined ? byDefaultMs : VisibilityTimeout * 1000;
  const system = [...(input.AttributeNames ?? []), ...(input.MessageSystemAttributeNames ?? [])];
  requireKnown(system, systemAttributes);
  const how = { wanted: { system, own: input.MessageAttributeNames ?? [] }, arn: queue.arn, bodyOf: set.bodyOf };
  const receiver = set.receivers.join(queue.arn, call.gone);
  try {
    for (;;) {
      const received = await queueOf(set, input.QueueUrl).receive({ max: input.MaxNumberOfMessages, visibilityMs });
      if (received.length > 0) return { Messages: received.map((one) => receivedMessage(one, how)) };
      const nowMs = set.clock.nowMs();
      if (nowMs >= untilMs || set.receivers.isClosed) return {};
      await receiver.wait(Math.max(0, Math.min(lookEveryMs, untilMs - nowMs, queue.backFromMs - nowMs)));
      // Nobody would get what is taken now.
      if (call.gone.aborted) return {};
    }
  } finally {
    receiver.leave();
  }
}

async function deleteMessage(
  set: QueueSet,
  { QueueUrl, ReceiptHandle }: { QueueUrl: string; ReceiptHandle: string },
): Promise<undefined> {
  await queueOf(set, QueueUrl).delete([sequenceIn(ReceiptHandle)]);
}

/** An entry that is refused does not keep the others from being deleted. */
async function deleteBatch(
  set: QueueSet,
  { QueueUrl, Entries }: { QueueUrl: string; Entries: readonly { Id: string; ReceiptHandle: string }[] },
): Promise<object> {
  const queue = queueOf(set, QueueUrl);
  checkBatch(Entries);
  const outcomes = Entries.map(({ Id, ReceiptHandle }) => {
    try {
      return { Id, sequence: sequenceIn(ReceiptHandle) };
    } catch (error) {
      return failureOf(Id, error);
    }
  });
  const good = outcomes.filter((outcome) => 'sequence' in outcome);
  await queue.delete(good.map(({ sequence }) => sequence));
  return {
    Successful: good.map(({ Id }) => ({ Id })),
    Failed: outcomes.filter((outcome) => 'Code' in outcome),
  };
}

async function changeVisibility(
  set: QueueSet,
  input: { QueueUrl: string; ReceiptHandle: string; VisibilityTimeout: number },
): Promise<undefined> {
  const sequence = sequenceIn(input.ReceiptHandle);
  const queue = queueOf(set, input.QueueUrl);
  queue.hide({ sequence, forMs: input.VisibilityTimeout * 1000 });
  set.receivers.wake(queue.arn);
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

function sequenceIn(receiptHandle: string): number {
  const [, digits] = /^(\d{1,15})\/\d+$/.exec(Buffer.from(receiptHandle, 'base64url').toString()) ?? [];
  if (digits === undefined)
    throw new QueueError('ReceiptHandleIsInvalid', 'The input receipt handle is not a valid receipt handle.');
  return Number(digits);
}
