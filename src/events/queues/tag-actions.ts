/** Tags of queues. https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-queue-tags.html */
import { z } from 'zod';
import { type ResourceTags, withoutTags, withTags } from '../resource-tags.ts';
import { QueueError } from './errors.ts';
import { type Action, action, type QueueSet, queueOf, queueUrl } from './queue-set.ts';

export const tagsSchema = z.record(z.string(), z.string());

export const tagActions: readonly (readonly [name: string, run: Action])[] = [
  ['TagQueue', action(z.strictObject({ ...queueUrl, Tags: tagsSchema }), tagQueue)],
  ['UntagQueue', action(z.strictObject({ ...queueUrl, TagKeys: z.array(z.string()) }), untagQueue)],
  ['ListQueueTags', action(z.strictObject(queueUrl), listQueueTags)],
];

async function tagQueue(
  set: QueueSet,
  { QueueUrl, Tags }: { QueueUrl: string; Tags: ResourceTags },
): Promise<undefined> {
  await set.change(queueOf(set, QueueUrl), ({ tags }) => ({ tags: tagged(tags, Tags) }));
}

async function untagQueue(
  set: QueueSet,
  { QueueUrl, TagKeys }: { QueueUrl: string; TagKeys: string[] },
): Promise<undefined> {
  await set.change(queueOf(set, QueueUrl), ({ tags }) => ({
    tags: withoutTags(tags, TagKeys),
  }));
}

async function listQueueTags(set: QueueSet, { QueueUrl }: { QueueUrl: string }): Promise<object> {
  const { tags } = queueOf(set, QueueUrl).state;
  return Object.keys(tags).length === 0 ? {} : { Tags: tags };
}

/** With tags over others. Throws InvalidParameterValue. */
export function tagged(now: ResourceTags, added: ResourceTags): ResourceTags {
  return withTags(now, { added, refuse: (why) => new QueueError('InvalidParameterValue', why) });
}
