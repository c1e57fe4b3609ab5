/**
 * How often and how fast endpoints of subscriptions are tried, where a topic or a subscription says so.
 * https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html
 */
import { invalidParameter } from './action.ts';
import type { Subscription } from './topic-book.ts';

const numbers = {
  minDelayTarget: { from: 1, to: 3600, otherwise: 20 },
  maxDelayTarget: { from: 1, to: 3600, otherwise: 20 },
  numRetries: { from: 0, to: 100, otherwise: 3 },
  numNoDelayRetries: { from: 0, to: 100, otherwise: 0 },
  numMinDelayRetries: { from: 0, to: 100, otherwise: 0 },
  numMaxDelayRetries: { from: 0, to: 100, otherwise: 0 },
} as const;
const backoffs = ['arithmetic', 'exponential', 'geometric', 'linear'] as const;
const contentTypes =
  /^(text\/(plain|css|csv|html|xml)|application\/(json|xml|atom\+xml|rss\+xml|octet-stream|x-www-form-urlencoded))(; ?charset=utf-8)?$/i;

/** Delays are seconds. */
export type RetryPolicy = Readonly<Record<keyof typeof numbers, number>> & {
  readonly backoffFunction: (typeof backoffs)[number];
};

export interface DeliveryPolicy {
  readonly retry?: RetryPolicy;
  /** Most messages in a second. */
  readonly perSecond?: number;
  readonly contentType?: string;
}

interface TopicDeliveryPolicy extends DeliveryPolicy {
  /** Whether it holds whatever subscriptions say. */
  readonly isFinal: boolean;
}

/** Throws InvalidParameter for what is no policy of a topic. */
export function readTopicDelivery(text: string): TopicDeliveryPolicy {
  const { http } = membersOf(parse(text), ['http']);
  const given = membersOf(http ?? {}, [
    ...['defaultHealthyRetryPolicy', 'defaultThrottlePolicy', 'defaultRequestPolicy'],
    'disableSubscriptionOverrides',
  ]);
  const isFinal = given['disableSubscriptionOverrides'] ?? false;
  if (typeof isFinal !== 'boolean') throw invalid('disableSubscriptionOverrides must be true or false');
  const { defaultHealthyRetryPolicy: retry, defaultThrottlePolicy: throttle, defaultRequestPolicy: request } = given;
  return { ...policyOf({ retry, throttle, request }), isFinal };
}

/** Throws InvalidParameter for what is no policy of a subscription. */
export function readSubscriptionDelivery(text: string): DeliveryPolicy {
  const given = membersOf(parse(text), [
    'healthyRetryPolicy',
    'sicklyRetryPolicy',
    'throttlePolicy',
    'requestPolicy',
    'guaranteed',
  ]);
  if ((given['sicklyRetryPolicy'] ?? undefined) !== undefined) throw invalid('sicklyRetryPolicy is not implemented');
  if ((given['guaranteed'] ?? false) !== false) throw invalid('guaranteed is not implemented');
  return policyOf({
    retry: given['healthyRetryPolicy'],
    throttle: given['throttlePolicy'],
    request: given['requestPolicy'],
  });
}

/** What holds for a subscription: its own, and for what that does not say the topic's. */
export function deliveryPolicyOf({ topic, record }: Subscription): DeliveryPolicy {
  const byTopic =
    topic.record.deliveryPolicy === undefined ? undefined : readTopicDelivery(topic.record.deliveryPolicy);
  const own = record.deliveryPolicy === undefined ? undefined : readSubscriptionDelivery(record.deliveryPolicy);
  const { isFinal = false, ...common } = byTopic ?? {};
  return isFinal ? common : { ...common, ...own };
}

/** How long after its n-th failure a message is tried again. */
export function retryPauseMs(policy: RetryPolicy, failures: number): number | 'given up' {
  const { numRetries, numNoDelayRetries: atOnce, numMinDelayRetries: early, numMaxDelayRetries: late } = policy;
  if (failures > numRetries) return 'given up';
  if (failures <= atOnce) return 0;
  if (failures <= atOnce + early) return policy.minDelayTarget * 1000;
  const steps = numRetries - atOnce - early - late;
  const step = failures - atOnce - early;
  return (step > steps ? policy.maxDelayTarget : backoffSeconds(policy, { step, steps })) * 1000;
}

/** Of the first step the shortest delay, of the last one the longest. */
function backoffSeconds(
  { minDelayTarget: min, maxDelayTarget: max, backoffFunction }: RetryPolicy,
  { step, steps }: { readonly step: number; readonly steps: number },
): number {
  const share = steps === 1 ? 0 : (step - 1) / (steps - 1);
  switch (backoffFunction) {
    case 'linear':
      return min + (max - min) * share;
    case 'arithmetic':
      return min + (max - min) * share ** 2;
    case 'geometric':
      return min * (max / min) ** share;
    case 'exponential':
      return min + ((max - min) * (2 ** (step - 1) - 1)) / Math.max(1, 2 ** (steps - 1) - 1);
  }
}

/** As AWS shows what holds for a topic; undefined where that has no policy and the server's way of trying again holds. */
export function shownForTopic(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const { retry, perSecond, contentType, isFinal } = readTopicDelivery(text);
  return JSON.stringify({
    http: {
      ...(retry && { defaultHealthyRetryPolicy: retry }),
      disableSubscriptionOverrides: isFinal,
      ...(perSecond !== undefined && { defaultThrottlePolicy: { maxReceivesPerSecond: perSecond } }),
      ...(contentType !== undefined && { defaultRequestPolicy: { headerContentType: contentType } }),
    },
  });
}

/** The same for a subscription. */
export function shownForSubscription(subscription: Subscription): string | undefined {
  const { retry, perSecond, contentType } = deliveryPolicyOf(subscription);
  if (retry === undefined && perSecond === undefined && contentType === undefined) return undefined;
  return JSON.stringify({
    ...(retry && { healthyRetryPolicy: retry }),
    ...(perSecond !== undefined && { throttlePolicy: { maxReceivesPerSecond: perSecond } }),
    ...(contentType !== undefined && { requestPolicy: { headerContentType: contentType } }),
  });
}

function policyOf(given: Readonly<Record<'retry' | 'throttle' | 'request', unknown>>): DeliveryPolicy {
  const { maxReceivesPerSecond: perSecond } = membersOf(given.throttle ?? {}, ['maxReceivesPerSecond']);
  const { headerContentType: contentType } = membersOf(given.request ?? {}, ['headerContentType']);
  return {
    ...((given.retry ?? undefined) !== undefined && { retry: retryOf(given.retry) }),
    ...((perSecond ?? undefined) !== undefined && {
      perSecond: numberIn(perSecond, { name: 'maxReceivesPerSecond', from: 1, to: 100_000 }),
    }),
    ...((contentType ?? undefined) !== undefined && { contentType: contentTypeOf(contentType) }),
  };
}

function retryOf(given: unknown): RetryPolicy {
  const members = membersOf(given, [...Object.keys(numbers), 'backoffFunction']);
  const read = Object.fromEntries(
    Object.entries(numbers).map(([name, { otherwise, ...range }]) => [
      name,
      numberIn(members[name] ?? otherwise, { name, ...range }),
    ]),
  ) as Record<keyof typeof numbers, number>;
  const backoffFunction = backoffs.find((name) => name === (members['backoffFunction'] ?? 'linear'));
  if (backoffFunction === undefined) throw invalid(`backoffFunction must be one of ${backoffs.join(', ')}`);
  if (read.minDelayTarget > read.maxDelayTarget) throw invalid('minDelayTarget must not be more than maxDelayTarget');
  if (read.numNoDelayRetries + read.numMinDelayRetries + read.numMaxDelayRetries > read.numRetries) {
    throw invalid(
      'numRetries must not be less than the sum of numNoDelayRetries, numMinDelayRetries and numMaxDelayRetries',
    );
  }
  return { ...read, backoffFunction };
}

function contentTypeOf(value: unknown): string {
  if (typeof value === 'string' && contentTypes.test(value)) return value;
  throw invalid('headerContentType must be one of the types that SNS has');
}

function numberIn(
  value: unknown,
  { name, from, to }: { readonly name: string; readonly from: number; readonly to: number },
): number {
  if (Number.isInteger(value) && Number(value) >= from && Number(value) <= to) return Number(value);
  throw invalid(`${name} must be a number from ${from} to ${to}`);
}

/** Members of an object that has no others. */
function membersOf(value: unknown, names: readonly string[]): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw invalid('it must be an object of JSON');
  const other = Object.keys(value).find((name) => !names.includes(name));
  if (other !== undefined) throw invalid(`unexpected JSON member: ${other}`);
  return Object.fromEntries(Object.entries(value));
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw invalid('failed to parse JSON');
  }
}

function invalid(why: string): Error {
  return invalidParameter(`DeliveryPolicy: ${why}`);
}
