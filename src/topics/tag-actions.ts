/** Tags of topics. https://docs.aws.amazon.com/sns/latest/api/API_TagResource.html */
import { type ResourceTags, withoutTags, withTags } from '../events/resource-tags.ts';
import { IamError } from '../iam/errors.ts';
import type { Tag, TopicRecord } from '../iam/records.ts';
import { type FurtherKeys, requestTagKeys } from '../iam/request-context.ts';
import { invalidParameter, parseTopicArn, topicAction } from './action.ts';

interface SentTag {
  readonly Key?: string | undefined;
  readonly Value?: string | undefined;
}

export const tagActions = [
  topicAction({
    name: 'TagResource',
    supports: ['ResourceArn', 'Tags'],
    async run({ topics, require }, { ResourceArn, Tags }) {
      const named = parseTopicArn(topics, ResourceArn);
      require({ action: 'sns:TagResource', arn: ResourceArn, keys: keysOf(Tags) });
      return topics.book.change(named, (record) => ({ record: tagged(found(record), Tags), result: {} }));
    },
  }),

  topicAction({
    name: 'UntagResource',
    supports: ['ResourceArn', 'TagKeys'],
    async run({ topics, require }, { ResourceArn, TagKeys }) {
      const named = parseTopicArn(topics, ResourceArn);
      require({ action: 'sns:UntagResource', arn: ResourceArn, keys: { 'aws:tagkeys': TagKeys } });
      return topics.book.change(named, (record) => {
        const topic = found(record);
        return { record: { ...topic, tags: listOf(withoutTags(byKey(topic.tags), TagKeys)) }, result: {} };
      });
    },
  }),

  topicAction({
    name: 'ListTagsForResource',
    supports: ['ResourceArn'],
    async run({ topics, require }, { ResourceArn }) {
      parseTopicArn(topics, ResourceArn);
      require({ action: 'sns:ListTagsForResource', arn: ResourceArn });
      const { tags = [] } = found(topics.book.find(ResourceArn)?.record);
      return { Tags: tags.map(({ key, value }) => ({ Key: key, Value: value })) };
    },
  }),
];

/** Keys of conditions for tags that a request brings. */
export function keysOf(sent: readonly SentTag[]): FurtherKeys {
  return requestTagKeys(sent.map(({ Key = '', Value = '' }) => ({ key: Key, value: Value })));
}

/** With tags over those that it has. Throws InvalidParameter, TagLimitExceeded. */
export function tagged(record: TopicRecord, sent: readonly SentTag[]): TopicRecord {
  const added = Object.fromEntries(sent.map(({ Key = '', Value = '' }) => [Key, Value]));
  if (Object.keys(added).length < sent.length)
    throw invalidParameter('Tags', { why: 'Duplicate keys are not allowed.' });
  const refuse = (why: string) =>
    why.startsWith('Too many')
      ? new IamError('TagLimitExceeded', 'Could not complete request: tag quota of per resource exceeded')
      : invalidParameter('Tags', { why });
  const tags = listOf(withTags(byKey(record.tags), { added, refuse }));
  return tags.length === 0 ? record : { ...record, tags };
}

/** Whether a topic has these tags and no others. */
export function isTagged({ tags }: TopicRecord, sent: readonly SentTag[]): boolean {
  const now = byKey(tags);
  return sent.length === Object.keys(now).length && sent.every(({ Key = '', Value = '' }) => now[Key] === Value);
}

function found(record: TopicRecord | undefined): TopicRecord {
  if (record === undefined) throw new IamError('ResourceNotFound', 'Resource does not exist');
  return record;
}

function byKey(tags: readonly Tag[] = []): ResourceTags {
  return Object.fromEntries(tags.map(({ key, value }) => [key, value]));
}

function listOf(tags: ResourceTags): readonly Tag[] {
  return Object.entries(tags).map(([key, value]) => ({ key, value }));
}
