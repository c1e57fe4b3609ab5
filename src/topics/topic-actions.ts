/** Topics. https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html and its neighbours */
import { IamError } from '../iam/errors.ts';
import { PolicyFault } from '../iam/policy/policy-fault.ts';
import type { TopicRecord } from '../iam/records.ts';
import { invalidParameter, noTopic, pageOf, parseTopicArn, type Topics, topicAction } from './action.ts';
import { heldSubscriptionsOf, subscriptionsOf } from './topic-book.ts';
import { policyTextOf, readTopicPolicy } from './topic-policy.ts';

/** Of an account: each is held in memory. */
const topicsMax = 1000;
const displayNameMax = 100;
const policyBytesMax = 30_720;
/** Attributes that AWS has beyond ours. */
const attributeOfAws =
  /^(DeliveryPolicy|FifoTopic|ContentBasedDeduplication|FifoThroughputScope|ArchivePolicy|KmsMasterKeyId|TracingConfig|DataProtectionPolicy|\w+Feedback(RoleArn|SampleRate))$/;

export const topicActions = [
  topicAction({
    name: 'CreateTopic',
    supports: ['Name', 'Attributes'],
    async run({ identity, topics, nowMs, require }, { Name, Attributes = {} }) {
      const arn = topics.book.arnOf({ accountId: identity.accountId, name: Name });
      require({ action: 'sns:CreateTopic', arn });
      const named = topics.book.parse(arn);
      if (named === undefined) throw invalidParameter('Topic Name');
      if (topics.isConfigured(arn)) {
        throw invalidParameter('Topic Name', { why: 'the configuration of the server has a target of this ARN' });
      }
      const result = { TopicArn: arn };
      return topics.book.change(named, (existing, count) => {
        const bare: TopicRecord = { name: Name, displayName: '', createdMs: nowMs, subscriptions: [], ended: 0 };
        const made = Object.entries(Attributes).reduce(
          (record: TopicRecord, [name, value]) => withAttribute(record, { name, value, topics }),
          existing ?? bare,
        );
        if (existing !== undefined) {
          if (!isSame(made, existing))
            throw invalidParameter('Attributes', { why: 'Topic already exists with different attributes' });
          return { record: existing, result };
        }
        if (count >= topicsMax) throw new IamError('TopicLimitExceeded', `An account has ${topicsMax} topics at most.`);
        return { record: made, result };
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
      const { displayName, ended, signatureVersion } = topic.record;
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
        return { record: withAttribute(record, { name: AttributeName, value: AttributeValue, topics }), result: {} };
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

/** Throws InvalidParameter for what is no value of an attribute, and for attributes that mean nothing here. */
function withAttribute(
  record: TopicRecord,
  { name, value, topics }: { name: string; value: string; topics: Topics },
): TopicRecord {
  if (name === 'DisplayName') {
    if (value.length > displayNameMax) throw invalidParameter('DisplayName');
    return { ...record, displayName: value };
  }
  if (name === 'SignatureVersion') {
    if (value !== '1' && value !== '2') throw invalidParameter('SignatureVersion', { why: 'it is 1 or 2' });
    return { ...record, signatureVersion: value };
  }
  if (name !== 'Policy') {
    if (!attributeOfAws.test(name)) throw invalidParameter('AttributeName');
    throw invalidParameter('AttributeName', { why: `${name} is not implemented` });
  }
  const { policy: _, ...rest } = record;
  if (value === '') return rest;
  checkPolicy(value, topics);
  return { ...rest, policy: value };
}

function isSame(a: TopicRecord, b: TopicRecord): boolean {
  return a.policy === b.policy && a.displayName === b.displayName && a.signatureVersion === b.signatureVersion;
}

function checkPolicy(text: string, topics: Topics): void {
  if (Buffer.byteLength(text) > policyBytesMax)
    throw invalidParameter('Policy', { why: `at most ${policyBytesMax} bytes` });
  try {
    if (topics.missingPrincipal(readTopicPolicy(text)) !== undefined) {
      throw new IamError('InvalidParameter', 'Invalid parameter: Policy Error: PrincipalNotFound');
    }
  } catch (error) {
    if (!(error instanceof PolicyFault)) throw error;
    throw new IamError('InvalidParameter', `Invalid parameter: Policy Error: ${error.message}`, { cause: error });
  }
}
