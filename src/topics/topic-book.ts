/** The topics that there are, kept with who there is: found by their ARNs, and changed one account at a time. */
import type { Directory } from '../iam/directory.ts';
import { keyByCase, type SubscriptionRecord, type TopicRecord } from '../iam/records.ts';

export interface Topic {
  readonly arn: string;
  readonly accountId: string;
  readonly record: TopicRecord;
}

export interface Subscription {
  readonly arn: string;
  readonly topic: Topic;
  readonly record: SubscriptionRecord;
}

/** What a change makes of a topic, and what it answers; without a record the topic is gone. */
export interface TopicChange<T> {
  readonly record: TopicRecord | undefined;
  readonly result: T;
}

const topicArnForm = /^arn:aws:sns:([a-z0-9-]+):(\d{12}):([A-Za-z0-9_-]{1,256})$/;

export class TopicBook {
  readonly #directory: Directory;
  readonly #region: string;

  constructor(directory: Directory, region: string) {
    this.#directory = directory;
    this.#region = region;
  }

  /** Grows whenever a topic or a subscription may have changed. */
  get revision(): number {
    return this.#directory.revision;
  }

  arnOf({ accountId, name }: { readonly accountId: string; readonly name: string }): string {
    return `arn:aws:sns:${this.#region}:${accountId}:${name}`;
  }

  /** Account and name in the ARN of a topic of this region; undefined for any other text. */
  parse(arn: string): { readonly accountId: string; readonly name: string } | undefined {
    const [, region, accountId, name] = topicArnForm.exec(arn) ?? [];
    return region === this.#region && accountId !== undefined && name !== undefined ? { accountId, name } : undefined;
  }

  find(arn: string): Topic | undefined {
    const named = this.parse(arn);
    if (named === undefined) return undefined;
    const record = this.#directory.view(named.accountId)?.topics.get(keyByCase(named.name));
    return record && { arn, accountId: named.accountId, record };
  }

  /** In order of ARN. */
  ofAccount(accountId: string): readonly Topic[] {
    const records = this.#directory.view(accountId)?.topics.all() ?? [];
    return records.map((record) => ({ arn: this.arnOf({ accountId, name: record.name }), accountId, record }));
  }

  all(): readonly Topic[] {
    return this.#directory.accounts().flatMap(({ id }) => this.ofAccount(id));
  }

  /** Also one that was ended and can be taken back. */
  findSubscription(arn: string): Subscription | undefined {
    const end = arn.lastIndexOf(':');
    const topic = this.find(arn.slice(0, end));
    const record = topic?.record.subscriptions.find(({ id }) => id === arn.slice(end + 1));
    return topic && record && { arn, topic, record };
  }

  /** Decides on what is committed; what `decide` throws is thrown on with nothing changed. Resolves once that is durable. */
  change<T>(
    { accountId, name }: { readonly accountId: string; readonly name: string },
    decide: (record: TopicRecord | undefined, topics: number) => TopicChange<T>,
  ): Promise<T> {
    return this.#directory.change(accountId, ({ topics }) => {
      const key = keyByCase(name);
      const before = topics.get(key);
      const { record, result } = decide(before, topics.all().length);
      if (record === undefined) {
        if (before !== undefined) topics.remove(key);
      } else if (record !== before) topics.put(key, record);
      return result;
    });
  }
}

/** Those that there are, confirmed or not. */
export function subscriptionsOf(topic: Topic): readonly Subscription[] {
  return heldSubscriptionsOf(topic).filter(({ record }) => record.hasEnded !== true);
}

/** With those that were ended and can be taken back. */
export function heldSubscriptionsOf(topic: Topic): readonly Subscription[] {
  return topic.record.subscriptions.map((record) => ({ arn: `${topic.arn}:${record.id}`, topic, record }));
}
