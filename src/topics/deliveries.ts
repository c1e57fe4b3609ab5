/** Topics and their subscriptions as targets of events: a topic sends on what it gets, a subscription by HTTP posts it. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Outbox, QueueMessage } from '../engine/types.ts';
import { allTaken, type EventMessage, type EventTarget, NotTaken, oneByOne } from '../events/target.ts';
import { type Poster, poster } from '../events/targets/poster.ts';
import type { AccountRecord } from '../iam/records.ts';
import type { Clock } from '../lib/clock.ts';
import { deliveryPolicyOf, retryPauseMs } from './delivery-policy.ts';
import { messageIdOf, messagesOf, type Publishing } from './publications.ts';
import type { TopicSigner } from './signing.ts';
import { heldSubscriptionsOf, type Topic, type TopicBook } from './topic-book.ts';
import { mayPublish } from './topic-policy.ts';

/** Events that are sent on by one commit. */
const batchMax = 100;
const subject = 'Amazon S3 Notification';

export interface TopicDeliveryOptions {
  readonly book: TopicBook;
  readonly outbox: Pick<Outbox, 'post'>;
  readonly signer: Pick<TopicSigner, 'sign'>;
  /** Whether there is a queue of this ARN. */
  readonly hasQueue: (arn: string) => boolean;
  readonly clock: Clock;
  /** The account of a canonical id. */
  readonly accountOf: (canonicalId: string) => AccountRecord | undefined;
  readonly timeoutMs: number;
}

/** The targets that there are now; the same value for as long as they are the same. */
export function topicTargets(options: TopicDeliveryOptions): () => readonly EventTarget[] {
  const { book } = options;
  const post = poster();
  let known: { revision: number; targets: readonly EventTarget[] } | undefined;
  return () => {
    if (known?.revision !== book.revision) {
      const targets = book.all().flatMap((topic) => [
        topicTarget(topic.arn, options),
        ...heldSubscriptionsOf(topic)
          .filter(({ record }) => record.protocol !== 'sqs')
          .map(({ arn }) => subscriptionTarget(arn, { ...options, post })),
      ]);
      known = { revision: book.revision, targets };
    }
    return known.targets;
  };
}

function topicTarget(arn: string, options: TopicDeliveryOptions): EventTarget {
  const { book, outbox, accountOf } = options;
  return {
    arn,
    batchMax,
    async send(messages) {
      const topic = book.find(arn);
      if (topic === undefined) return allTaken;
      const notTaken = new Map<EventMessage, Error>();
      const posted: Parameters<Outbox['post']>[0][number][] = [];
      for (const message of messages) {
        if (mayCome(topic, message, accountOf)) posted.push(...(await sentOn(topic, message, options)));
        else notTaken.set(message, new NotTaken("the topic's policy does not let S3 publish for the bucket"));
      }
      if (posted.length > 0) await outbox.post(posted);
      return notTaken;
    },
  };
}

/** A test is sent when a configuration has been checked. */
function mayCome(topic: Topic, { event }: EventMessage, accountOf: TopicDeliveryOptions['accountOf']): boolean {
  if (!('owner' in event)) return true;
  const owner = accountOf(event.owner);
  return owner !== undefined && mayPublish(topic, { name: event.bucket, owner });
}

function sentOn(
  topic: Topic,
  { event, text, id }: EventMessage,
  publishing: Publishing,
): ReturnType<typeof messagesOf> {
  const publication = {
    messageId: messageIdOf(`${topic.arn} ${id}`),
    subject,
    textFor: () => text,
    atMs: event.atMs,
    about: 'key' in event ? { bucket: event.bucket, key: event.key } : undefined,
  };
  return messagesOf(topic, publication, publishing);
}

/** What waits for a subscription that has ended goes nowhere. */
function subscriptionTarget(arn: string, options: TopicDeliveryOptions & { readonly post: Poster }): EventTarget {
  const { book, clock, timeoutMs, post } = options;
  let freeAtMs = 0;
  /** Waits until the next message may be sent, where there is a limit on how many are in a second. */
  const takeTurn = async (perSecond: number | undefined, signal: AbortSignal): Promise<void> => {
    if (perSecond === undefined) return;
    const atMs = Math.max(freeAtMs, clock.nowMs());
    freeAtMs = atMs + 1000 / perSecond;
    await delay(atMs - clock.nowMs(), undefined, { signal });
  };
  const sending = oneByOne(arn, async ({ event, text }, signal) => {
    const found = book.findSubscription(arn);
    if (found === undefined || !('topic' in event)) return;
    if (found.record.hasEnded === true && event.event === 'Notification') return;
    const { perSecond, contentType = 'text/plain; charset=UTF-8' } = deliveryPolicyOf(found);
    await takeTurn(perSecond, signal);
    const { ok, status } = await post({
      ...{ url: found.record.endpoint, body: text, signal, timeoutMs },
      headers: {
        'content-type': contentType,
        'user-agent': 'Amazon Simple Notification Service Agent',
        'x-amz-sns-message-type': event.event,
        'x-amz-sns-message-id': event.messageId,
        'x-amz-sns-topic-arn': event.topic,
        ...(event.event === 'Notification' && { 'x-amz-sns-subscription-arn': arn }),
        ...(event.isRaw && { 'x-amz-sns-rawdelivery': 'true' }),
      },
    });
    if (!ok) throw new NotTaken(`answered ${status}`);
  });
  return {
    ...sending,
    pauseMs(failures) {
      const found = book.findSubscription(arn);
      const { retry } = found === undefined ? {} : deliveryPolicyOf(found);
      return retry && retryPauseMs(retry, failures);
    },
    bury: (message, why) => bury(arn, { message, why }, options),
  };
}

/** A message that was given up comes to the queue that the subscription names, as the endpoint would have had it. */
async function bury(
  arn: string,
  { message, why }: { readonly message: EventMessage; readonly why: string },
  { book, outbox, hasQueue }: TopicDeliveryOptions,
): Promise<boolean> {
  const { event, text } = message;
  const target = book.findSubscription(arn)?.record.deadLetters;
  if (target === undefined || !hasQueue(target) || !('topic' in event) || event.event !== 'Notification') return false;
  const messageId = messageIdOf(`${arn} ${event.messageId}`);
  const ErrorMessage = { type: 'String', value: why };
  const letter: QueueMessage = {
    ...{ event: 'Message', atMs: event.atMs, bucket: target, key: messageId, messageId, message: text },
    attributes: { ErrorMessage },
  };
  await outbox.post([{ target, event: letter }]);
  return true;
}
