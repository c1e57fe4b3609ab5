/** Subscriptions. https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html and its neighbours */
import { timingSafeEqual } from 'node:crypto';
import { IamError } from '../iam/errors.ts';
import type { SubscriptionRecord, TopicRecord } from '../iam/records.ts';
import { randomHex } from '../lib/ids.ts';
import {
  checkQueue,
  invalidParameter,
  noSubscription,
  noTopic,
  pageOf,
  parseTopicArn,
  requireArn,
  type TopicCall,
  type Topics,
  topicAction,
} from './action.ts';
import { shownForSubscription } from './delivery-policy.ts';
import { confirmationOf, messageIdOf } from './publications.ts';
import { attributesOf, checkSame, withAttribute } from './subscription-attributes.ts';
import { forget } from './topic-actions.ts';
import { type Subscription, subscriptionsOf } from './topic-book.ts';

/** Of a topic: each is a message of every publication. */
const subscriptionsMax = 1000;
/** How long an endpoint may take to say that it wants the messages, and may say so again. */
const confirmableForMs = 2 * 24 * 60 * 60 * 1000;
const tokenBytes = 32;
/** Those that AWS has beyond ours. */
const protocolsOfAws = new Set(['application', 'email', 'email-json', 'firehose', 'lambda', 'sms']);
const pendingArn = 'pending confirmation';

export const subscriptionActions = [
  topicAction({
    name: 'Subscribe',
    supports: ['TopicArn', 'Protocol', 'Endpoint', 'Attributes', 'ReturnSubscriptionArn'],
    async run(call, { TopicArn, Protocol, Endpoint = '', Attributes = {}, ReturnSubscriptionArn = false }) {
      const { topics, identity, require, origin, nowMs } = call;
      const named = parseTopicArn(topics, TopicArn);
      require({ action: 'sns:Subscribe', arn: TopicArn, keys: { 'sns:protocol': Protocol, 'sns:endpoint': Endpoint } });
      const protocol = checkEndpoint(call, { topic: TopicArn, protocol: Protocol, endpoint: Endpoint });
      const attributes = attributesOf(Attributes, (arn) => {
        checkDeadLetters(topics, arn, { topic: TopicArn, protocol, endpoint: Endpoint, owner: identity.accountId });
      });
      const isQueue = protocol === 'sqs';
      if (isQueue && attributes.deliveryPolicy !== undefined) throw onlyByHttp();
      const { id, isNew } = await topics.book.change(named, (record) => {
        if (record === undefined) throw noTopic();
        const known = record.subscriptions.find((one) => one.protocol === protocol && one.endpoint === Endpoint);
        if (known !== undefined && known.token === undefined) {
          checkSame({ known, asked: attributes });
          return { record, result: { id: known.id, isNew: false } };
        }
        const kept = record.subscriptions.filter((one) => one !== known && !hasExpired(one, nowMs));
        if (kept.length >= subscriptionsMax) {
          throw new IamError('SubscriptionLimitExceeded', `A topic has ${subscriptionsMax} subscriptions at most.`);
        }
        const made: SubscriptionRecord = {
          ...{ id: known?.id ?? messageIdOf(randomHex(tokenBytes)), protocol, endpoint: Endpoint },
          ...{ owner: identity.accountId, createdMs: nowMs, ...attributes, origin },
          ...(!isQueue && { token: tokenFor(known) }),
        };
        return { record: { ...record, subscriptions: [...kept, made] }, result: { id: made.id, isNew: true } };
      });
      const arn = `${TopicArn}:${id}`;
      if (isQueue || !isNew) return { SubscriptionArn: arn };
      const subscription = topics.book.findSubscription(arn);
      if (subscription !== undefined) {
        const sent = { messageId: messageIdOf(`${arn} ${nowMs}`), atMs: nowMs };
        await topics.outbox.post(await confirmationOf(subscription, sent, topics.signer));
      }
      return { SubscriptionArn: ReturnSubscriptionArn ? arn : pendingArn };
    },
  }),

  topicAction({
    name: 'ConfirmSubscription',
    supports: ['TopicArn', 'Token', 'AuthenticateOnUnsubscribe'],
    isOpen: true,
    async run({ identity, topics, nowMs, require }, { TopicArn, Token, AuthenticateOnUnsubscribe = 'false' }) {
      const named = parseTopicArn(topics, TopicArn);
      const needsSignature = AuthenticateOnUnsubscribe.toLowerCase() === 'true';
      // The token is what lets an endpoint in: without credentials it can give itself nothing more.
      if (identity.kind !== 'anonymous') require({ action: 'sns:ConfirmSubscription', arn: TopicArn });
      else if (needsSignature)
        throw invalidParameter('AuthenticateOnUnsubscribe', { why: 'the request is not signed' });
      const id = await topics.book.change(named, (record) => {
        if (record === undefined) throw noTopic();
        const found = record.subscriptions.find((one) => isToken(one, Token));
        if (found === undefined || nowMs - found.createdMs > confirmableForMs) throw invalidParameter('Token');
        const { token: _, hasEnded = false, ...confirmed } = found;
        const changed = { ...confirmed, confirmedBy: Token, ...(needsSignature && { needsSignature }) };
        const ended = record.ended - (hasEnded ? 1 : 0);
        return { record: { ...replacing(record, found, changed), ended }, result: found.id };
      });
      return { SubscriptionArn: `${TopicArn}:${id}` };
    },
  }),

  topicAction({
    name: 'Unsubscribe',
    supports: ['SubscriptionArn'],
    isOpen: true,
    async run(call, { SubscriptionArn }) {
      const { identity, topics } = call;
      const found = findOpen(call, SubscriptionArn);
      const byLink = identity.kind === 'anonymous';
      if (!byLink) requireOwn(call, 'sns:Unsubscribe', { found, arn: SubscriptionArn });
      else if (found?.record.needsSignature === true) {
        throw new IamError('AuthorizationError', 'The subscription can be ended by signed requests only.');
      }
      if (found === undefined) return {};
      const { owner, needsSignature = false } = found.record;
      const canTakeBack = byLink || (identity.accountId !== owner && !needsSignature);
      await end(topics, found, canTakeBack ? { takenBackFromMs: call.nowMs } : {});
      return {};
    },
  }),

  topicAction({
    name: 'ListSubscriptions',
    supports: ['NextToken'],
    async run({ identity, topics, require }, { NextToken }) {
      require({
        action: 'sns:ListSubscriptions',
        arn: topics.book.arnOf({ accountId: identity.accountId, name: '*' }),
      });
      const own = topics.book.all().flatMap(subscriptionsOf);
      return listed(
        own.filter(({ record }) => record.owner === identity.accountId),
        NextToken,
      );
    },
  }),

  topicAction({
    name: 'ListSubscriptionsByTopic',
    supports: ['TopicArn', 'NextToken'],
    async run({ topics, require }, { TopicArn, NextToken }) {
      parseTopicArn(topics, TopicArn);
      require({ action: 'sns:ListSubscriptionsByTopic', arn: TopicArn });
      const topic = topics.book.find(TopicArn);
      if (topic === undefined) throw noTopic();
      return listed(subscriptionsOf(topic), NextToken);
    },
  }),

  topicAction({
    name: 'GetSubscriptionAttributes',
    supports: ['SubscriptionArn'],
    async run(call, { SubscriptionArn }) {
      const found = findOpen(call, SubscriptionArn);
      requireOwn(call, 'sns:GetSubscriptionAttributes', { found, arn: SubscriptionArn });
      if (found === undefined) throw noSubscription();
      const { owner, protocol, endpoint, token, isRaw, needsSignature = false, filterPolicy } = found.record;
      const { deliveryPolicy, deadLetters } = found.record;
      const effective = shownForSubscription(found);
      return {
        Attributes: {
          ...{ SubscriptionArn, TopicArn: found.topic.arn, Owner: owner, Protocol: protocol, Endpoint: endpoint },
          PendingConfirmation: String(token !== undefined),
          ConfirmationWasAuthenticated: String(protocol === 'sqs' || needsSignature),
          RawMessageDelivery: String(isRaw),
          ...(filterPolicy !== undefined && {
            FilterPolicy: filterPolicy,
            FilterPolicyScope: found.record.filterScope ?? 'MessageAttributes',
          }),
          ...(deadLetters !== undefined && { RedrivePolicy: JSON.stringify({ deadLetterTargetArn: deadLetters }) }),
          ...(deliveryPolicy !== undefined && { DeliveryPolicy: deliveryPolicy }),
          ...(effective !== undefined && protocol !== 'sqs' && { EffectiveDeliveryPolicy: effective }),
        },
      };
    },
  }),

  topicAction({
    name: 'SetSubscriptionAttributes',
    supports: ['SubscriptionArn', 'AttributeName', 'AttributeValue'],
    async run(call, { SubscriptionArn, AttributeName, AttributeValue = '' }) {
      const { topics } = call;
      const found = findOpen(call, SubscriptionArn);
      requireOwn(call, 'sns:SetSubscriptionAttributes', { found, arn: SubscriptionArn });
      if (found === undefined) throw noSubscription();
      const name = AttributeName;
      return topics.book.change(parseTopicArn(topics, found.topic.arn), (record) => {
        const now = record?.subscriptions.find(({ id }) => id === found.record.id);
        if (record === undefined || now === undefined) throw noSubscription();
        const changed = withAttribute(now, {
          ...{ name, value: AttributeValue },
          checkDeadLetters: (arn) => checkDeadLetters(topics, arn, { ...now, topic: found.topic.arn }),
        });
        if (now.protocol === 'sqs' && changed.deliveryPolicy !== undefined) throw onlyByHttp();
        return { record: replacing(record, now, changed), result: {} };
      });
    },
  }),
];

/** Undefined for one that has ended. Throws InvalidParameter for what is no ARN. */
function findOpen({ topics }: TopicCall, arn: string): Subscription | undefined {
  requireArn({ parameter: 'SubscriptionArn', arn });
  const found = topics.book.findSubscription(arn);
  return found?.record.hasEnded === true ? undefined : found;
}

/** Who subscribes again before the endpoint has confirmed may have it confirm by either message. */
function tokenFor(known: SubscriptionRecord | undefined): string {
  return (known?.hasEnded === true ? undefined : known?.token) ?? randomHex(tokenBytes);
}

/**
 * Ends a subscription. Whoever has a link, or the topic, may be mistaken, or not the one whom the endpoint belongs to: it is told, and
 * can take that back from then on.
 */
async function end(
  topics: Topics,
  { arn, topic, record: { id, protocol, token } }: Subscription,
  { takenBackFromMs: atMs }: { readonly takenBackFromMs?: number },
): Promise<void> {
  const isHeld = atMs !== undefined && protocol !== 'sqs' && token === undefined;
  await topics.book.change(parseTopicArn(topics, topic.arn), (record) => {
    const now = record?.subscriptions.find((one) => one.id === id && one.hasEnded !== true);
    if (record === undefined || now === undefined) return { record, result: undefined };
    const others = record.subscriptions.filter((one) => one !== now);
    const { confirmedBy: _, ...rest } = now;
    const held = isHeld ? [{ ...rest, token: randomHex(tokenBytes), createdMs: atMs, hasEnded: true }] : [];
    return { record: { ...record, subscriptions: [...others, ...held], ended: record.ended + 1 }, result: undefined };
  });
  if (protocol !== 'sqs') await forget(topics, arn);
  const kept = isHeld ? topics.book.findSubscription(arn) : undefined;
  if (atMs === undefined || kept?.record.hasEnded !== true) return;
  const sent = { messageId: messageIdOf(`${arn} ended ${atMs}`), atMs };
  await topics.outbox.post(await confirmationOf(kept, sent, topics.signer));
}

function listed(subscriptions: readonly Subscription[], token: string | undefined) {
  const inOrder = subscriptions.toSorted((a, b) => (a.arn < b.arn ? -1 : 1));
  const { items, ...rest } = pageOf(inOrder, token);
  const Subscriptions = items.map(({ arn, topic, record }) => ({
    SubscriptionArn: record.token === undefined ? arn : 'PendingConfirmation',
    Owner: record.owner,
    Protocol: record.protocol,
    Endpoint: record.endpoint,
    TopicArn: topic.arn,
  }));
  return { Subscriptions, ...rest };
}

/** The account that has a subscription decides on it; of any other one, or of none, the account of the topic. */
function requireOwn(
  { identity, require }: TopicCall,
  action: string,
  { found, arn }: { readonly found: Subscription | undefined; readonly arn: string },
): void {
  const isOwn = found !== undefined && found.record.owner === identity.accountId;
  const topic = arn.slice(0, arn.lastIndexOf(':'));
  require({ action, arn: topic, ...(isOwn && { accountId: identity.accountId }) });
}

/** Throws InvalidParameter for protocols that are not spoken, and endpoints that are none of theirs. */
function checkEndpoint(
  { topics, identity }: TopicCall,
  { topic, protocol, endpoint }: { topic: string; protocol: string; endpoint: string },
): SubscriptionRecord['protocol'] {
  if (protocol === 'sqs') {
    checkQueue(topics, endpoint, { topic, accountId: identity.accountId, parameter: 'Endpoint' });
    return protocol;
  }
  if (protocol !== 'http' && protocol !== 'https') {
    if (!protocolsOfAws.has(protocol)) {
      throw invalidParameter(`Amazon SNS does not support this protocol string: ${protocol}`);
    }
    throw invalidParameter('Protocol', { why: `${protocol} is not implemented: http, https and sqs are` });
  }
  const url = URL.parse(endpoint);
  if (url?.protocol !== `${protocol}:`) {
    throw invalidParameter('Endpoint must match the specified protocol');
  }
  return protocol;
}

/** Throws where what a subscription could not deliver cannot come to a queue. */
function checkDeadLetters(
  topics: Topics,
  arn: string,
  by: { readonly topic: string } & Pick<SubscriptionRecord, 'protocol' | 'endpoint' | 'owner'>,
): void {
  checkQueue(topics, arn, { topic: by.topic, accountId: by.owner, parameter: 'RedrivePolicy: deadLetterTargetArn' });
  if (by.protocol !== 'sqs' || topics.isFetched(by.endpoint)) return;
  throw invalidParameter('RedrivePolicy', {
    why: 'what a target of the configuration does not take is kept: see `ninefold events list`',
  });
}

function onlyByHttp(): IamError {
  return invalidParameter('DeliveryPolicy', { why: 'it is for subscriptions by http and https' });
}

function hasExpired({ token, createdMs }: SubscriptionRecord, nowMs: number): boolean {
  return token !== undefined && nowMs - createdMs > confirmableForMs;
}

function isToken({ token, confirmedBy }: SubscriptionRecord, given: string): boolean {
  const [known, asked] = [Buffer.from(token ?? confirmedBy ?? ''), Buffer.from(given)];
  return asked.length > 0 && known.length === asked.length && timingSafeEqual(known, asked);
}

function replacing(record: TopicRecord, one: SubscriptionRecord, by: SubscriptionRecord): TopicRecord {
  return { ...record, subscriptions: record.subscriptions.map((each) => (each === one ? by : each)) };
}
