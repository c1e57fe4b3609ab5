/** Making queues, and what they are like. https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html and its neighbours */
import { z } from 'zod';
import { QueueError } from './errors.ts';
import type { MessageQueue } from './message-queue.ts';
import {
  type Action,
  accountIn,
  action,
  chosen,
  named,
  nameIn,
  names,
  type QueueCall,
  type QueueNamed,
  type QueueSet,
  queueOf,
  queueUrl,
  requireKnown,
  urlOf,
} from './queue-set.ts';
import { type AttributeChecks, attributeNames, attributesOtherwise, withAttributes } from './queue-settings.ts';
import { tagged, tagsSchema } from './tag-actions.ts';

const attributes = z.record(z.string(), z.string());
const statement = { ...queueUrl, Label: z.string().regex(/^[\w-]{1,80}$/) };

export const settingActions: readonly (readonly [name: string, run: Action])[] = [
  [
    'CreateQueue',
    action(
      z.strictObject({
        QueueName: z.string(),
        Attributes: attributes.default({}),
        tags: tagsSchema.default({}),
      }),
      createQueue,
    ),
  ],
  ['GetQueueAttributes', action(z.strictObject({ ...queueUrl, AttributeNames: names }), getQueueAttributes)],
  ['SetQueueAttributes', action(z.strictObject({ ...queueUrl, Attributes: attributes }), setQueueAttributes)],
  [
    'AddPermission',
    action(
      z.strictObject({
        ...statement,
        AWSAccountIds: z.array(z.string().regex(/^\d{12}$/)).min(1),
        Actions: z
          .array(z.string().regex(/^(\*|[A-Za-z]+)$/))
          .min(1)
          .max(7),
      }),
      addPermission,
    ),
  ],
  ['RemovePermission', action(z.strictObject(statement), removePermission)],
];

async function createQueue(
  set: QueueSet,
  {
    QueueName,
    Attributes,
    tags,
  }: { QueueName: string; Attributes: Record<string, string>; tags: Record<string, string> },
  call: QueueCall,
): Promise<object> {
  const { accountId } = call;
  if (QueueName.endsWith('.fifo')) withAttributes({}, { FifoQueue: 'true' }, nothingToCheck);
  if (!/^[A-Za-z0-9_-]{1,80}$/.test(QueueName)) {
    throw new QueueError(
      'InvalidParameterValue',
      'Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length',
    );
  }
  const wanted = { accountId, name: QueueName };
  const checks = checksFor(set, wanted);
  const known = named(set, wanted);
  if (known !== undefined) {
    const shown = { ...attributesOtherwise, ...known.state.attributes };
    const other = Object.entries(withAttributes({}, Attributes, checks)).find(([name, value]) => shown[name] !== value);
    if (other === undefined) return { QueueUrl: urlOf(known.arn, call) };
    throw new QueueError(
      'QueueAlreadyExists',
      `A queue already exists with the same name and a different value for attribute ${other[0]}`,
    );
  }
  const given = { attributes: withAttributes({}, Attributes, checks), tags: tagged({}, tags) };
  return { QueueUrl: urlOf(await set.create(wanted, given), call) };
}

const nothingToCheck: AttributeChecks = { policyFault: () => undefined, takesDeadLetters: () => true };

/** Of a queue, whether or not it is there. */
function checksFor(set: QueueSet, { accountId, name }: QueueNamed): AttributeChecks {
  return {
    policyFault: set.policyFault,
    takesDeadLetters(arn) {
      const other = set.all().find((one) => one.arn === arn);
      if (other === undefined || accountIn(arn) !== accountId) return false;
      const own = [...arn.split(':').slice(0, -1), name].join(':');
      return other.settings.sources?.includes(own) ?? true;
    },
  };
}

function checksOf(set: QueueSet, { arn }: MessageQueue): AttributeChecks {
  return checksFor(set, { accountId: accountIn(arn), name: nameIn(arn) });
}

async function getQueueAttributes(
  set: QueueSet,
  { QueueUrl, AttributeNames = [] }: { QueueUrl: string; AttributeNames?: string[] | undefined },
): Promise<object> {
  const queue = queueOf(set, QueueUrl);
  const { createdMs, modifiedMs = createdMs, attributes: given } = queue.state;
  const { waiting, out, delayed } = await queue.sizes();
  const all: Record<string, string> = {
    QueueArn: queue.arn,
    ApproximateNumberOfMessages: String(waiting),
    ApproximateNumberOfMessagesNotVisible: String(out),
    ApproximateNumberOfMessagesDelayed: String(delayed),
    ...(createdMs !== undefined && { CreatedTimestamp: String(Math.floor(createdMs / 1000)) }),
    ...(modifiedMs !== undefined && { LastModifiedTimestamp: String(Math.floor(modifiedMs / 1000)) }),
    ...attributesOtherwise,
    ...given,
  };
  const known = new Set(['All', 'CreatedTimestamp', 'LastModifiedTimestamp', ...attributeNames, ...Object.keys(all)]);
  requireKnown(AttributeNames, known);
  return { Attributes: chosen(all, AttributeNames) };
}

async function setQueueAttributes(
  set: QueueSet,
  { QueueUrl, Attributes }: { QueueUrl: string; Attributes: Record<string, string> },
): Promise<undefined> {
  const queue = queueOf(set, QueueUrl);
  const checks = checksOf(set, queue);
  await set.change(queue, (now) => ({ attributes: withAttributes(now.attributes, Attributes, checks) }));
}

async function addPermission(
  set: QueueSet,
  input: { QueueUrl: string; Label: string; AWSAccountIds: string[]; Actions: string[] },
): Promise<undefined> {
  const { QueueUrl, Label: label, AWSAccountIds: accountIds, Actions } = input;
  const queue = queueOf(set, QueueUrl);
  const permission = { label, accountIds, actions: Actions.map((name) => `SQS:${name}`), resource: queue.arn };
  await changePolicy(set, queue, (policy) => {
    const changed = set.withPermission(policy, permission);
    if (changed === undefined) throw badLabel(label, { why: 'Already exists.' });
    return changed;
  });
}

async function removePermission(
  set: QueueSet,
  { QueueUrl, Label }: { QueueUrl: string; Label: string },
): Promise<undefined> {
  await changePolicy(set, queueOf(set, QueueUrl), (policy) => {
    const changed = set.withoutPermission(policy, { label: Label });
    if (changed === undefined) throw badLabel(Label, { why: "can't find label." });
    return changed;
  });
}

async function changePolicy(set: QueueSet, queue: MessageQueue, change: (policy: string) => string): Promise<void> {
  const checks = checksOf(set, queue);
  await set.change(queue, ({ attributes: now }) => ({
    attributes: withAttributes(now, { Policy: change(now['Policy'] ?? '') }, checks),
  }));
}

function badLabel(label: string, { why }: { readonly why: string }): QueueError {
  return new QueueError('InvalidParameterValue', `Value ${label} for parameter Label is invalid. Reason: ${why}`);
}
