/** Topics as the configuration and what there is put them together: their API, and what they are as targets of events. */
import type { Config } from './config.ts';
import type { Engine } from './engine/types.ts';
import type { EventTarget } from './events/target.ts';
import type { QueryAnswer, QueryRequest } from './iam/api/answer.ts';
import type { Iam } from './iam/iam.ts';
import { missingPrincipal } from './iam/known-principals.ts';
import type { EventTargets } from './s3/events/check-targets.ts';
import type { Topics } from './topics/action.ts';
import { answerSns } from './topics/answer.ts';
import { topicTargets } from './topics/deliveries.ts';
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
}

interface Parts {
  readonly engine: Engine;
  readonly iam: Iam;
  /** Those made by API. */
  readonly queues: { has(arn: string): boolean };
}

export function openTopics({ region, events }: Config, { engine, iam, queues }: Parts): OpenTopics {
  const { directory } = iam;
  const { outbox } = engine;
  const book = new TopicBook(directory, region);
  const configured = new Set(events.targets.map(({ arn }) => arn));
  const accountOf = (canonicalId: string) => directory.accountOfCanonicalId(canonicalId);
  const topics: Topics = {
    book,
    outbox,
    hasQueue: (arn) => queues.has(arn) || (configured.has(arn) && arn.split(':')[2] === 'sqs'),
    isConfigured: (arn) => configured.has(arn),
    missingPrincipal: (policy) => missingPrincipal(policy, (accountId) => directory.view(accountId)),
  };
  return {
    answer: (request) => answerSns(iam, topics, request),
    has: (arn) => (book.find(arn) ?? book.findSubscription(arn)) !== undefined,
    targets: topicTargets({ book, outbox, accountOf, timeoutMs }),
    eventTargets: {
      configured,
      queue: (arn, { owner }) => queues.has(arn) && accountOf(owner)?.id === arn.split(':')[4],
      topic(arn, { name, owner }) {
        const [topic, account] = [book.find(arn), accountOf(owner)];
        if (topic === undefined) return 'absent';
        if (account !== undefined && mayPublish(topic, { name, owner: account })) return 'taken';
        return topic.accountId === account?.id ? 'refused' : 'refused elsewhere';
      },
    },
  };
}
