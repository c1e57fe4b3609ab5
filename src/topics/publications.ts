/** What is published to a topic, as it goes to each of its subscriptions: one message in the outbox for each. */
import { createHash } from 'node:crypto';
import type { MessageAttributes, Outbox, TopicMessage, TopicSignature } from '../engine/types.ts';
import { signedTextOf } from '../events/topic-envelope.ts';
import { filterOf, meets } from './filter-policy.ts';
import type { TopicSigner } from './signing.ts';
import type { Subscription, Topic } from './topic-book.ts';
import { subscriptionsOf } from './topic-book.ts';

export interface Publication {
  readonly messageId: string;
  readonly subject?: string | undefined;
  /** What goes to subscriptions of a protocol. */
  readonly textFor: (protocol: string) => string;
  readonly attributes?: MessageAttributes | undefined;
  readonly atMs: number;
  /** What happened to what, for messages that are ordered by that. */
  readonly about?: { readonly bucket: string; readonly key: string } | undefined;
}

type Posted = Parameters<Outbox['post']>[0];
type Signer = Pick<TopicSigner, 'sign'>;

/** What is asked of the rest of the server. */
export interface Publishing {
  readonly signer: Signer;
  /** Whether there is a queue of this ARN. */
  hasQueue(arn: string): boolean;
}

/** To nobody where nobody has subscribed. */
export async function messagesOf(
  topic: Topic,
  publication: Publication,
  { signer, hasQueue }: Publishing,
): Promise<Posted> {
  const { subject, textFor, about, attributes } = publication;
  const asked = subscriptionsOf(topic).filter(({ record }) => {
    if (record.token !== undefined) return false;
    const filter = filterOf(record);
    return filter === undefined || meets(filter, { message: textFor(record.protocol), attributes });
  });
  const signatures = new Map<string, TopicSignature>();
  const posted: Posted[number][] = [];
  for (const subscription of asked) {
    const message: TopicMessage = {
      event: 'Notification',
      ...addressOf(subscription, publication),
      ...about,
      ...(subject !== undefined && { subject }),
      message: textFor(subscription.record.protocol),
      ...(attributes !== undefined && { attributes }),
    };
    const signature = message.isRaw
      ? undefined
      : (signatures.get(message.message) ?? (await signatureOf(subscription, message, signer)));
    if (signature !== undefined) signatures.set(message.message, signature);
    posted.push({
      target: liveTargetOf(subscription, hasQueue),
      event: { ...message, ...(signature && { signature }) },
    });
  }
  return posted;
}

function signatureOf({ topic }: Subscription, message: TopicMessage, signer: Signer): Promise<TopicSignature> {
  return signer.sign(signedTextOf(message), topic.record.signatureVersion ?? '1');
}

/** What asks an endpoint whether it wants the messages of a topic, or of a subscription that was ended, whether it wants them again. */
export async function confirmationOf(
  subscription: Subscription,
  sent: { messageId: string; atMs: number },
  signer: Signer,
): Promise<Posted> {
  const { arn, topic, record } = subscription;
  const message = record.hasEnded
    ? `You have chosen to deactivate subscription ${arn}.\n` +
      'To cancel this operation and restore the subscription, visit the SubscribeURL included in this message.'
    : `You have chosen to subscribe to the topic ${topic.arn}.\n` +
      'To confirm the subscription, visit the SubscribeURL included in this message.';
  const event: TopicMessage = {
    event: record.hasEnded ? 'UnsubscribeConfirmation' : 'SubscriptionConfirmation',
    ...addressOf(subscription, sent),
    isRaw: false,
    message,
    ...(record.token !== undefined && { token: record.token }),
  };
  const signature = await signatureOf(subscription, event, signer);
  return [{ target: targetOf(subscription), event: { ...event, signature } }];
}

function addressOf(
  { arn, topic, record }: Subscription,
  { messageId, atMs }: { readonly messageId: string; readonly atMs: number },
): Omit<TopicMessage, 'event' | 'message'> {
  const { isRaw, origin } = record;
  return { atMs, bucket: topic.arn, key: messageId, topic: topic.arn, subscription: arn, messageId, isRaw, origin };
}

/** Queues have their messages under their own ARN, whoever sends them. */
export function targetOf({ arn, record }: Subscription): string {
  return record.protocol === 'sqs' ? record.endpoint : arn;
}

/** What is for a queue that is gone comes to that of the dead letters. */
function liveTargetOf(subscription: Subscription, hasQueue: Publishing['hasQueue']): string {
  const { protocol, endpoint, deadLetters } = subscription.record;
  const isGone = protocol === 'sqs' && deadLetters !== undefined && !hasQueue(endpoint);
  return isGone ? deadLetters : targetOf(subscription);
}

/** An id in the form of a UUID that follows from a text. */
export function messageIdOf(text: string): string {
  const digits = createHash('sha256').update(text).digest('hex');
  return [
    [0, 8],
    [8, 12],
    [12, 16],
    [16, 20],
    [20, 32],
  ]
    .map(([from, to]) => digits.slice(from, to))
    .join('-');
}
