/** Tags of queues. https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-queue-tags.html */
import { z } from 'zod';
import { QueueError } from './errors.ts';
import { type Action, action, type QueueSet, queueOf, queueUrl } from './queue-set.ts';

/** By key. */
export type QueueTags = Readonly<Record<string, string>>;

/** As SQS has it. */
const tagsMax = 50;
const pattern = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;

export const tagsSchema = z.record(z.string(), z.string());

export const tagActions: readonly (readonly [name: string, run: Action])[] = [
  ['TagQueue', action(z.strictObject({ ...queueUrl, Tags: tagsSchema }), tagQueue)],
  ['UntagQueue', action(z.strictObject({ ...queueUrl, TagKeys: z.array(z.string()) }), untagQueue)],
  ['ListQueueTags', action(z.strictObject(queueUrl), listQueueTags)],
];

async function tagQueue(set: QueueSet, { QueueUrl, Tags }: { QueueUrl: string; Tags: QueueTags }): Promise<undefined> {
  await set.change(queueOf(set, QueueUrl), ({ tags }) => ({ tags: tagged(tags, Tags) }));
}

async function untagQueue(
  set: QueueSet,
  { QueueUrl, TagKeys }: { QueueUrl: string; TagKeys: string[] },
): Promise<undefined> {
  await set.change(queueOf(set, QueueUrl), ({ tags }) => ({
    tags: Object.fromEntries(Object.entries(tags).filter(([key]) => !TagKeys.includes(key))),
  }));
}

async function listQueueTags(set: QueueSet, { QueueUrl }: { QueueUrl: string }): Promise<object> {
  const { tags } = queueOf(set, QueueUrl).state;
  return Object.keys(tags).length === 0 ? {} : { Tags: tags };
}

/** With tags over others. Throws InvalidParameterValue. */
export function tagged(now: QueueTags, added: QueueTags): QueueTags {
  for (const [key, value] of Object.entries(added)) {
    const isKey = key.length >= 1 && key.length <= 128 && pattern.test(key) && !/^aws:/i.test(key);
    if (!isKey || value.length > 256 || !pattern.test(value)) {
      throw new QueueError('InvalidParameterValue', `The tag ${key} has a key or a value that no tag can have.`);
    }
  }
  const tags = { ...now, ...added };
  if (Object.keys(tags).length <= tagsMax) return tags;
  throw new QueueError('InvalidParameterValue', `Too many tags: a queue has ${tagsMax} at most.`);
}
