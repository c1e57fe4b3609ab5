/** Queues of events that clients fetch: those of the configuration, and those made by API, which are kept with who there is. */
import type { Config } from './config.ts';
import { durationMs } from './config-durations.ts';
import type { Engine } from './engine/types.ts';
import { messageOf } from './events/message.ts';
import { queueArnOf, runQueueAction } from './events/queues/actions.ts';
import { MessageQueue } from './events/queues/message-queue.ts';
import type { QueueSet } from './events/queues/queue-set.ts';
import type { Iam } from './iam/iam.ts';
import { keyByCase } from './iam/records.ts';
import type { Clock } from './lib/clock.ts';
import type { Queues } from './s3/queues/queue-api.ts';

/** Queues, and the end of their receivers' waiting. */
export interface OpenQueues extends Queues {
  /** Whether there is a queue of this ARN. */
  has(arn: string): boolean;
  close(): void;
}

interface Parts {
  readonly engine: Engine;
  readonly iam: Iam;
  readonly clock: Clock;
}

export function openQueues(config: Config, parts: Parts): OpenQueues {
  const { accountId: ownAccountId, region } = config;
  const shelf = new QueueShelf(config, parts);
  const set: QueueSet = {
    all: () => shelf.all(),
    create: (queue) => shelf.create(queue),
    remove: (queue) => shelf.remove(queue),
    clock: parts.clock,
    post: (messages) => parts.engine.outbox.post(messages),
    bodyOf: ({ entry }, arn) => messageOf(arn, entry.event, () => ownAccountId),
  };
  let isClosed = false;
  return {
    has: (arn) => shelf.all().some((queue) => queue.arn === arn),
    arnOf: (input, accountId) => queueArnOf(set, input, { region, accountId }),
    answer: ({ action, input, accountId, origin, isGone }) => {
      const call = { origin, accountId, isGone: () => isClosed || isGone() };
      return runQueueAction(set, { name: action, input }, call);
    },
    close() {
      isClosed = true;
    },
  };
}

/** What of a queue is out is known here alone, so that a queue is the same one for as long as it is there. */
class QueueShelf {
  readonly #parts: Parts;
  readonly #region: string;
  readonly #configured: ReadonlyMap<string, MessageQueue>;
  #made: ReadonlyMap<string, MessageQueue> = new Map();
  #revision = -1;

  constructor({ events, region }: Config, parts: Parts) {
    const { engine, clock } = parts;
    this.#parts = parts;
    this.#region = region;
    this.#configured = new Map(
      events.targets.flatMap(({ arn, queue }) => {
        if (queue === undefined) return [];
        const visibilityMs = durationMs(queue.visibilityTimeout);
        return [[arn, new MessageQueue({ arn, visibilityMs, outbox: engine.outbox, clock })]];
      }),
    );
  }

  all(): readonly MessageQueue[] {
    const { directory } = this.#parts.iam;
    if (directory.revision !== this.#revision) {
      this.#made = new Map(directory.accounts().flatMap(({ id }) => this.#madeIn(id)));
      this.#revision = directory.revision;
    }
    return [...this.#configured.values(), ...this.#made.values()];
  }

  #madeIn(accountId: string): [arn: string, queue: MessageQueue][] {
    const { engine, iam, clock } = this.#parts;
    return (iam.directory.view(accountId)?.queues.all() ?? []).flatMap(({ name, visibilitySeconds }) => {
      const arn = this.#arnOf(accountId, { name });
      if (this.#configured.has(arn)) return [];
      const visibilityMs = visibilitySeconds * 1000;
      return [[arn, this.#made.get(arn) ?? new MessageQueue({ arn, visibilityMs, outbox: engine.outbox, clock })]];
    });
  }

  async create({ accountId, name, visibilitySeconds }: Parameters<QueueSet['create']>[0]): Promise<string> {
    const { iam, clock } = this.#parts;
    await iam.directory.change(accountId, ({ queues }) => {
      const key = keyByCase(name);
      if (queues.get(key) === undefined) queues.put(key, { name, visibilitySeconds, createdMs: clock.nowMs() });
    });
    return this.#arnOf(accountId, { name });
  }

  async remove({ arn }: MessageQueue): Promise<boolean> {
    if (this.#configured.has(arn)) return false;
    const { engine, iam } = this.#parts;
    const [accountId = '', name = ''] = arn.split(':').slice(4);
    await iam.directory.change(accountId, ({ queues }) => queues.remove(keyByCase(name)));
    await engine.outbox.drop(arn, 'waiting');
    return true;
  }

  #arnOf(accountId: string, { name }: { readonly name: string }): string {
    return `arn:aws:sqs:${this.#region}:${accountId}:${name}`;
  }
}
