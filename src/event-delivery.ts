/** The delivery of events as the configuration has it. */
import type { Config } from './config.ts';
import { durationMs } from './config-durations.ts';
import type { Engine } from './engine/types.ts';
import { messageOf } from './events/message.ts';
import { webhook } from './events/targets/webhook.ts';
import { type Delivery, deliverEvents } from './jobs/deliver-events.ts';
import type { Clock } from './lib/clock.ts';
import type { Log } from './lib/log.ts';

/** Undefined where events have nowhere to go. */
export function openDelivery(
  { events, accountId }: Config,
  { engine, clock, log }: { engine: Engine; clock: Clock; log: Log },
): Delivery | undefined {
  if (events.targets.length === 0) return undefined;
  return deliverEvents({
    outbox: engine.outbox,
    targets: events.targets.map(({ arn, webhook: options }) => webhook({ arn, ...options, clock })),
    messageOf: (arn, event) => messageOf(arn, event, accountId),
    clock,
    log,
    retryForMs: durationMs(events.retryFor),
  });
}
