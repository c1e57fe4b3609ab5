/** The targets of events as the configuration has them: those that events are sent to, and queues that they are fetched from. */
import { openAwsTarget } from './aws-targets.ts';
import type { Config } from './config.ts';
import { durationMs } from './config-durations.ts';
import type { Engine } from './engine/types.ts';
import { type AccountOf, messageOf } from './events/message.ts';
import { EventTail } from './events/tail.ts';
import type { EventTarget } from './events/target.ts';
import { webhook } from './events/targets/webhook.ts';
import { Unclaimed } from './events/unclaimed.ts';
import type { Iam } from './iam/iam.ts';
import { type Delivery, deliverEvents } from './jobs/deliver-events.ts';
import type { Job } from './jobs/job.ts';
import { jobStateIn } from './jobs/job-state.ts';
import { moveMessages } from './jobs/move-messages.ts';
import type { Clock } from './lib/clock.ts';
import { Deference, type Foreground } from './lib/deference.ts';
import type { Log } from './lib/log.ts';
import type { Index } from './meta/types.ts';
import { type OpenQueues, openQueues } from './queues.ts';
import { type OpenTopics, openTopics } from './topics.ts';

/** So long clients' requests go first. */
const patienceMs = 1000;

interface Parts {
  readonly brokers: readonly EventTarget[];
  readonly engine: Engine;
  readonly iam: Iam;
  readonly serverKey: Buffer;
  /** Has settings copied to the disks. */
  readonly copy: () => Promise<unknown>;
  readonly index: Pick<Index, 'getJobState' | 'submit'>;
  readonly foreground: Foreground;
  readonly clock: Clock;
  readonly log: Log;
}

/** All that events go to: queues and topics with their ways in, and what delivers. */
export interface OpenEvents {
  readonly queues: OpenQueues;
  readonly topics: OpenTopics;
  readonly delivery: Delivery;
  /** Moves messages between queues. */
  readonly moving: Job;
  readonly tail: EventTail;
}

export function openEvents(config: Config, parts: Parts): OpenEvents {
  const queues = openQueues(config, { ...parts, moveState: jobStateIn(parts.index, 'message-moves') });
  const topics = openTopics(config, { ...parts, queues });
  const accountOf = accountsOf(config, parts.iam);
  const tail = new EventTail({
    ...{ outbox: parts.engine.outbox, clock: parts.clock },
    messageOf: (arn, event) => messageOf(arn, event, accountOf),
  });
  const delivery = openDelivery(config, { ...parts, queues, topics });
  return { queues, topics, delivery, moving: moveMessages({ step: queues.moveOn }), tail };
}

function openDelivery(
  { events, ...config }: Config,
  { engine, iam, brokers, foreground, clock, log, queues, topics }: Parts & Pick<OpenEvents, 'queues' | 'topics'>,
): Delivery {
  const requested = events.targets.flatMap(({ arn, webhook: hook, ...settings }) => {
    return (hook === undefined ? openAwsTarget(arn, settings, clock) : webhook({ arn, ...hook, clock })) ?? [];
  });
  const configured = [...requested, ...brokers];
  const accountOf = accountsOf(config, iam);
  return deliverEvents({
    outbox: engine.outbox,
    targets: () => [...configured, ...topics.targets()],
    unclaimed: new Unclaimed({
      ...{ outbox: engine.outbox, clock },
      keepForMsOf(arn) {
        if (queues.has(arn)) return queues.retentionMsOf(arn);
        const isThere = events.targets.some((target) => target.arn === arn) || topics.has(arn);
        return isThere ? undefined : durationMs(events.keepUnclaimedFor);
      },
    }),
    messageOf: (arn, event) => messageOf(arn, event, accountOf),
    deference: new Deference({ foreground, clock, patienceMs }),
    clock,
    log,
    retryForMs: durationMs(events.retryFor),
  });
}

/** The server's own account stands for one that is gone. */
function accountsOf({ accountId }: Pick<Config, 'accountId'>, { directory }: Iam): AccountOf {
  return (canonicalId) => directory.accountOfCanonicalId(canonicalId)?.id ?? accountId;
}
