/** Topics. https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html and its neighbours */
import { IamError } from '../iam/errors.ts';
import type { TopicRecord } from '../iam/records.ts';
import { invalidParameter, noTopic, pageOf, parseTopicArn, type Topics, topicAction } from './action.ts';
import { shownForTopic } from './delivery-policy.ts';
import { isTagged, keysOf, tagged } from './tag-actions.ts';
import { hasSameAttributes, noFifo, withTopicAttribute } from './topic-attributes.ts';
import { heldSubscriptionsOf, subscriptionsOf } from './topic-book.ts';
import { policyTextOf } from './topic-policy.ts';

/** Of an account: each is held in memory. */
const topicsMax = 1000;

export const topicActions = [
  topicAction({
    name: 'CreateTopic',
    supports: ['Name', 'Attributes', 'Tags'],
    async run({ identity, topics, nowMs, require }, { Name, Attributes = {}, Tags = [] }) {
      const arn = topics.book.arnOf({ accountId: identity.accountId, name: Name });
      require({ action: 'sns:CreateTopic', arn, keys: keysOf(Tags) });
      if (Name.endsWith('.fifo')) throw invalidParameter('Topic Name', { why: noFifo });
      const named = topics.book.parse(arn);
      if (named === undefined) throw invalidParameter('Topic Name');
      if (topics.isConfigured(arn)) {
        throw invalidParameter('Topic Name', { why: 'the configuration of the server has a target of this ARN' });
      }
      const result = { TopicArn: arn };
      return topics.book.change(named, (existing, count) => {
        const bare: TopicRecord = { name: Name, displayName: '', createdMs: nowMs, subscriptions: [], ended: 0 };
        const given = Object.entries(Attributes).reduce(
          (record: TopicRecord, [name, value]) => withTopicAttribute(record, { name, value, topics }),
          existing ?? bare,
        );
        if (existing !== undefined) {
          if (!hasSameAttributes(given, existing))
            throw invalidParameter('Attributes', { why: 'Topic already exists with different attributes' });
          if (Tags.length > 0 && !isTagged(existing, Tags))
            throw invalidParameter('Tags', { why: 'Topic already exists with different tags' });
          return { record: existing, result };
        }
        if (count >= topicsMax) throw new IamError('TopicLimitExceeded', `An account has ${topicsMax} topics at most.`);
        return { record: tagged(given, Tags), result };
      });
    },
  }),

  topicAction({
    name: 'GetTopicAttributes',
    supports: ['TopicArn'],
    async run({ topics, require }, { TopicArn }) {
      const { accountId } = parseTopicArn(topics, TopicArn);
      require({ action: 'sns:GetTopicAttributes', arn: TopicArn });
      const topic = topics.book.find(TopicArn);
      if (topic === undefined) throw noTopic();
      const all = subscriptionsOf(topic);
      const { displayName, ended, signatureVersion, deliveryPolicy } = topic.record;
      const effective = shownForTopic(deliveryPolicy);
      const pending = all.filter(({ record }) => record.token !== undefined).length;
      return {
        Attributes: {
          TopicArn,
          Owner: accountId,
          Policy: policyTextOf(topic),
          DisplayName: displayName,
          SubscriptionsPending: String(pending),
          SubscriptionsConfirmed: String(all.length - pending),
          SubscriptionsDeleted: String(ended),
          ...(signatureVersion !== undefined && { SignatureVersion: signatureVersion }),
          ...(deliveryPolicy !== undefined && { DeliveryPolicy: deliveryPolicy }),
          ...(effective !== undefined && { EffectiveDeliveryPolicy: effective }),
        },
      };
    },
  }),

  topicAction({
    name: 'SetTopicAttributes',
    supports: ['TopicArn', 'AttributeName', 'AttributeValue'],
    async run({ topics, require }, { TopicArn, AttributeName, AttributeValue = '' }) {
      const named = parseTopicArn(topics, TopicArn);
      require({ action: 'sns:SetTopicAttributes', arn: TopicArn });
      return topics.book.change(named, (record) => {
        if (record === undefined) throw noTopic();
        return {
          record: withTopicAttribute(record, { name: AttributeName, value: AttributeValue, topics }),
          result: {},
        };
      });
    },
  }),

  topicAction({
    name: 'ListTopics',
    supports: ['NextToken'],
    async run({ identity, topics, require }, { NextToken }) {
      require({ action: 'sns:ListTopics', arn: topics.book.arnOf({ accountId: identity.accountId, name: '*' }) });
      const { items, ...rest } = pageOf(topics.book.ofAccount(identity.accountId), NextToken);
      return { Topics: items.map(({ arn }) => ({ TopicArn: arn })), ...rest };
    },
  }),

  topicAction({
    name: 'DeleteTopic',
    supports: ['TopicArn'],
    async run({ topics, require }, { TopicArn }) {
      const named = parseTopicArn(topics, TopicArn);
      require({ action: 'sns:DeleteTopic', arn: TopicArn });
      const topic = topics.book.find(TopicArn);
      if (topic === undefined) return {};
      const subscriptions = heldSubscriptionsOf(topic).map(({ arn }) => arn);
      await topics.book.change(named, () => ({ record: undefined, result: undefined }));
      for (const target of [TopicArn, ...subscriptions]) await forget(topics, target);
      return {};
    },
  }),
];

/** Nothing is told any more to what is gone. */
export async function forget({ outbox }: Topics, target: string): Promise<void> {
  await outbox.drop(target, 'waiting');
  await outbox.drop(target, 'dead');
}
