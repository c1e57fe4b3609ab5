/** Queues of events that clients fetch: those of the configuration, and those made by API, which are kept with who there is. */
import type { Config } from './config.ts';
import { durationMs } from './config-durations.ts';
import type { Engine, OutboxEntry } from './engine/types.ts';
import { messageOf } from './events/message.ts';
import { runQueueAction } from './events/queues/actions.ts';
import { askedOf } from './events/queues/asked.ts';
import { MessageQueue, type QueueState } from './events/queues/message-queue.ts';
import { MoveTasks, type MoveTasksParts } from './events/queues/move-tasks.ts';
import { ofConfiguration, type QueueSet } from './events/queues/queue-set.ts';
import { deadLetterOf, redriven } from './events/queues/received-message.ts';
import { Receivers } from './events/queues/receivers.ts';
import type { Iam } from './iam/iam.ts';
import { missingPrincipal } from './iam/known-principals.ts';
import { compilePolicy } from './iam/policy/compile.ts';
import type { NamedPolicy } from './iam/policy/decide.ts';
import { PolicyFault } from './iam/policy/policy-fault.ts';
import { readResourcePolicy, withoutPermission, withPermission } from './iam/policy/resource-policy.ts';
import { keyByCase, type QueueRecord, type Tag } from './iam/records.ts';
import type { Clock } from './lib/clock.ts';
import type { Queues } from './s3/queues/queue-api.ts';

/** Queues, and the end of their receivers' waiting. */
export interface OpenQueues extends Queues {
  /** Whether there is a queue of this ARN. */
  has(arn: string): boolean;
  /** How long a queue keeps its messages; undefined where it keeps them until they are deleted. */
  retentionMsOf(arn: string): number | undefined;
  /** The policy of a queue, where it has one. */
  policyOf(arn: string): NamedPolicy | undefined;
  /** Goes on with the tasks that move messages. */
  moveOn(): ReturnType<MoveTasks['step']>;
  close(): void;
}

interface Parts {
  readonly engine: Engine;
  readonly iam: Iam;
  readonly clock: Clock;
  /** Keeps the tasks that move messages. */
  readonly moveState: MoveTasksParts['state'];
}

export function openQueues(config: Config, parts: Parts): OpenQueues {
  const { accountId: ownAccountId, region } = config;
  const { engine, iam, clock } = parts;
  const bodyOf: QueueSet['bodyOf'] = ({ event }, arn) => messageOf(arn, event, () => ownAccountId);
  const shelf = new QueueShelf(config, { ...parts, bodyOf });
  const receivers = new Receivers(engine.outbox);
  const find = (arn: string) => shelf.all().find((queue) => queue.arn === arn);
  const moves = new MoveTasks({
    ...{ state: parts.moveState, clock, find },
    move: (from, messages) =>
      engine.outbox.post(
        messages.map(({ entry, to }) => {
          const event = redriven(entry, { from, to, bodyOf, nowMs: clock.nowMs() });
          return { target: to.arn, event, from: entry.sequence };
        }),
      ),
  });
  const set: QueueSet = {
    all: () => shelf.all(),
    create: (queue, given) => shelf.create(queue, given),
    change: (queue, decide) => shelf.change(queue, decide),
    remove: (queue) => shelf.remove(queue),
    post: (messages) => engine.outbox.post(messages),
    policyFault(text) {
      try {
        const missing = missingPrincipal(readResourcePolicy(text, { service: 'sqs' }), (id) => iam.directory.view(id));
        return missing === undefined ? undefined : `There is no principal ${missing}.`;
      } catch (error) {
        if (error instanceof PolicyFault) return error.message;
        throw error;
      }
    },
    ...{ clock, receivers, moves, bodyOf, withPermission, withoutPermission },
  };
  return {
    moveOn: () => moves.step(),
    has: (arn) => find(arn) !== undefined,
    retentionMsOf: (arn) => find(arn)?.settings.retentionMs,
    policyOf: (arn) => policyOf(find(arn)),
    asked: ({ action: name, input }, accountId) =>
      askedOf(set, { name, input, region, accountId }).map(({ queue, sentTags, ...asked }) => {
        const tags = tagsOf(queue?.state.tags ?? {});
        return { ...asked, policy: policyOf(queue), tags, sentTags: tagsOf(sentTags) };
      }),
    answer: ({ action, input, ...call }) => runQueueAction(set, { name: action, input }, call),
    close: () => receivers.close(),
  };
}

const compiled = new WeakMap<QueueState, NamedPolicy>();

/** By the state, which every change makes anew. */
function policyOf(queue: MessageQueue | undefined): NamedPolicy | undefined {
  const text = queue?.state.attributes['Policy'];
  if (queue === undefined || text === undefined) return undefined;
  const known = compiled.get(queue.state);
  if (known !== undefined) return known;
  const policy = { name: "the queue's policy", policy: compilePolicy(readResourcePolicy(text, { service: 'sqs' })) };
  compiled.set(queue.state, policy);
  return policy;
}

function tagsOf(tags: Readonly<Record<string, string>>): readonly Tag[] {
  return Object.entries(tags).map(([key, value]) => ({ key, value }));
}

type ShelfParts = Pick<Parts, 'engine' | 'iam' | 'clock'> & Pick<QueueSet, 'bodyOf'>;

/** What of a queue is out is known here alone, so that a queue is the same one for as long as it is there. */
class QueueShelf {
  readonly #parts: ShelfParts;
  readonly #region: string;
  readonly #configured: ReadonlyMap<string, MessageQueue>;
  #made: ReadonlyMap<string, MessageQueue> = new Map();
  #revision = -1;

  constructor({ events, region }: Config, parts: ShelfParts) {
    this.#parts = parts;
    this.#region = region;
    this.#configured = new Map(
      events.targets.flatMap(({ arn, queue }) => {
        if (queue === undefined) return [];
        const VisibilityTimeout = String(durationMs(queue.visibilityTimeout) / 1000);
        return [[arn, this.#open(arn, { attributes: { VisibilityTimeout }, tags: {} })]];
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
    return (this.#parts.iam.directory.view(accountId)?.queues.all() ?? []).flatMap((record) => {
      const arn = this.#arnOf({ accountId, name: record.name });
      if (this.#configured.has(arn)) return [];
      const queue = this.#made.get(arn) ?? this.#open(arn, stateOf(record));
      queue.state = stateOf(record);
      return [[arn, queue]];
    });
  }

  #open(arn: string, state: QueueState): MessageQueue {
    const { engine, clock } = this.#parts;
    return new MessageQueue({ ...{ arn, state, clock, outbox: engine.outbox }, bury: (...one) => this.#bury(...one) });
  }

  async #bury(entry: OutboxEntry, from: MessageQueue): Promise<boolean> {
    const { engine, bodyOf } = this.#parts;
    const to = this.all().find(({ arn }) => arn === from.settings.deadLetters?.arn);
    if (to === undefined || to.settings.sources?.includes(from.arn) === false) return false;
    const event = deadLetterOf(entry, { from, to, bodyOf });
    await engine.outbox.post([{ target: to.arn, event, from: entry.sequence }]);
    return true;
  }

  async create(named: Parameters<QueueSet['create']>[0], given: Parameters<QueueSet['create']>[1]): Promise<string> {
    const { iam, clock } = this.#parts;
    const { accountId, name } = named;
    await iam.directory.change(accountId, ({ queues }) => {
      const key = keyByCase(name);
      if (queues.get(key) === undefined) queues.put(key, recordOf({ name, createdMs: clock.nowMs() }, given));
    });
    return this.#arnOf(named);
  }

  async change(queue: MessageQueue, decide: Parameters<QueueSet['change']>[1]): Promise<void> {
    if (this.#configured.has(queue.arn)) throw ofConfiguration(queue);
    const { iam, clock } = this.#parts;
    const [accountId = '', name = ''] = queue.arn.split(':').slice(4);
    await iam.directory.change(accountId, ({ queues }) => {
      const record = queues.get(keyByCase(name));
      if (record === undefined) return;
      const now = stateOf(record);
      const { name: own, createdMs } = record;
      queues.put(
        keyByCase(name),
        recordOf({ name: own, createdMs, modifiedMs: clock.nowMs() }, { ...now, ...decide(now) }),
      );
    });
  }

  async remove({ arn }: MessageQueue): Promise<boolean> {
    if (this.#configured.has(arn)) return false;
    const { engine, iam } = this.#parts;
    const [accountId = '', name = ''] = arn.split(':').slice(4);
    await iam.directory.change(accountId, ({ queues }) => queues.remove(keyByCase(name)));
    await engine.outbox.drop(arn, 'waiting');
    return true;
  }

  #arnOf({ accountId, name }: { readonly accountId: string; readonly name: string }): string {
    return `arn:aws:sqs:${this.#region}:${accountId}:${name}`;
  }
}

/** The visibility timeout has a member of its own, from when it was the only attribute. */
function stateOf({ visibilitySeconds, attributes, createdMs, modifiedMs, tags = [] }: QueueRecord): QueueState {
  return {
    attributes: { VisibilityTimeout: String(visibilitySeconds), ...attributes },
    tags: Object.fromEntries(tags.map(({ key, value }) => [key, value])),
    createdMs,
    ...(modifiedMs !== undefined && { modifiedMs }),
  };
}

function recordOf(
  known: Pick<QueueRecord, 'name' | 'createdMs' | 'modifiedMs'>,
  { attributes: { VisibilityTimeout = '30', ...attributes }, tags }: Pick<QueueState, 'attributes' | 'tags'>,
): QueueRecord {
  return { ...known, visibilitySeconds: Number(VisibilityTimeout), attributes, tags: tagsOf(tags) };
}
