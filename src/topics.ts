/** Topics as the configuration and what there is put them together: their API, and what they are as targets of events. */
import type { Config } from './config.ts';
import type { Engine } from './engine/types.ts';
import type { EventTarget } from './events/target.ts';
import type { QueryAnswer, QueryRequest } from './iam/api/answer.ts';
import type { Iam } from './iam/iam.ts';
import { missingPrincipal } from './iam/known-principals.ts';
import type { NamedPolicy } from './iam/policy/decide.ts';
import { createSealer } from './iam/sealing.ts';
import type { Clock } from './lib/clock.ts';
import type { Certificates } from './s3/certificate-route.ts';
import type { EventTargets } from './s3/events/check-targets.ts';
import type { Topics } from './topics/action.ts';
import { answerSns } from './topics/answer.ts';
import { topicTargets } from './topics/deliveries.ts';
import { type Destination, maySend } from './topics/service-permission.ts';
import { certificatePrefix, TopicSigner } from './topics/signing.ts';
import { TopicBook } from './topics/topic-book.ts';
import { mayPublish } from './topics/topic-policy.ts';

/** How long who has subscribed by HTTP may take to answer. */
const timeoutMs = 10_000;

export interface OpenTopics {
  readonly answer: (request: QueryRequest) => Promise<QueryAnswer>;
  readonly targets: () => readonly EventTarget[];
  /** Whether there is a topic or a subscription of this ARN. */
  readonly has: (arn: string) => boolean;
  /** What rules of buckets may name. */
  readonly eventTargets: EventTargets;
  /** What messages are verified with. */
  readonly certificates: Certificates;
}

interface Parts {
  readonly engine: Engine;
  readonly iam: Iam;
  readonly serverKey: Buffer;
  readonly clock: Clock;
  /** Those made by API. */
  readonly queues: { has(arn: string): boolean; policyOf(arn: string): NamedPolicy | undefined };
  /** Has settings copied to the disks. */
  readonly copy: () => Promise<unknown>;
}

export function openTopics({ region, accountId, events }: Config, parts: Parts): OpenTopics {
  const { engine, iam, queues, serverKey, clock, copy } = parts;
  const { directory } = iam;
  const { outbox } = engine;
  const book = new TopicBook(directory, region);
  const sealer = createSealer(serverKey, 'signatures of topics');
  const signer = new TopicSigner({ directory, sealer, accountId, region, clock, copy });
  const configured = new Set(events.targets.map(({ arn }) => arn));
  const accountOf = (canonicalId: string) => directory.accountOfCanonicalId(canonicalId);
  const queueAt = (arn: string): Destination => {
    return { action: 'sqs:SendMessage', arn, accountId: accountIdIn(arn), policy: queues.policyOf(arn) };
  };
  const topics: Topics = {
    ...{ book, outbox, signer },
    hasQueue: (arn) => queues.has(arn) || (configured.has(arn) && arn.split(':')[2] === 'sqs'),
    isFetched: (arn) => queues.has(arn),
    mayQueue(arn, { topic, accountId }) {
      const account = directory.view(accountId)?.account;
      const source = { service: 'sns.amazonaws.com', arn: topic } as const;
      return account !== undefined && maySend(queueAt(arn), { ...source, account });
    },
    isConfigured: (arn) => configured.has(arn),
    missingPrincipal: (policy) => missingPrincipal(policy, (accountId) => directory.view(accountId)),
  };
  return {
    answer: (request) => answerSns(iam, topics, request),
    has: (arn) => (book.find(arn) ?? book.findSubscription(arn)) !== undefined,
    targets: topicTargets({ book, outbox, signer, clock, hasQueue: topics.hasQueue, accountOf, timeoutMs }),
    certificates: { prefix: certificatePrefix, at: (path) => signer.certificateAt(path) },
    eventTargets: {
      configured,
      queue(arn, { name, owner }) {
        if (!queues.has(arn)) return 'absent';
        const account = accountOf(owner);
        const bucket = { service: 's3.amazonaws.com', arn: `arn:aws:s3:::${name}` } as const;
        if (account !== undefined && maySend(queueAt(arn), { ...bucket, account })) return 'taken';
        return accountIdIn(arn) === account?.id ? 'refused' : 'refused elsewhere';
      },
      topic(arn, { name, owner }) {
        const [topic, account] = [book.find(arn), accountOf(owner)];
        if (topic === undefined) return 'absent';
        if (account !== undefined && mayPublish(topic, { name, owner: account })) return 'taken';
        return topic.accountId === account?.id ? 'refused' : 'refused elsewhere';
      },
    },
  };
}

function accountIdIn(arn: string): string {
  return arn.split(':')[4] ?? '';
}
