/**
 * Sends events from the outbox to their targets. A step only begins what can begin and writes down what has come to its end,
 * so a slow target holds up nothing: not the other targets, no request, no start. What a target has taken is removed from
 * the outbox afterwards: an event in between is sent again after a crash, and none is ever lost.
 */
import type { Outbox, OutboxEvent, SettledEvents } from '../engine/types.ts';
import type { Lane } from '../events/lane.ts';
import { Lanes } from '../events/lanes.ts';
import type { EventTarget } from '../events/target.ts';
import type { Unclaimed } from '../events/unclaimed.ts';
import type { Clock } from '../lib/clock.ts';
import type { Deference } from '../lib/deference.ts';
import type { Log } from '../lib/log.ts';
import type { Job } from './job.ts';

const idlePauseMs = 100;
/** Events read for a target in a step. */
const readMax = 1000;

export interface DeliveryOptions {
  readonly outbox: Outbox;
  /** Those that there are now. One that is gone is sent what was read for it. */
  readonly targets: () => readonly EventTarget[];
  /** JSON text of what a target is sent of an event. */
  readonly messageOf: (arn: string, event: OutboxEvent) => string;
  /** Has events wait for clients' requests. */
  readonly deference: Deference;
  readonly clock: Clock;
  readonly log: Log;
  /** What nobody takes. */
  readonly unclaimed: Unclaimed;
  /** How long an event is tried before it is a dead letter. */
  readonly retryForMs: number;
  /** Most events that are held for a target; without it as many as a window does. */
  readonly heldMax?: number;
}

export interface Delivery {
  readonly job: Job;
  /** Gives up what is under way, which stays in the outbox, and writes down what has been taken. After the job has stopped. */
  close(): Promise<void>;
}

export function deliverEvents(options: DeliveryOptions): Delivery {
  const { outbox, targets, unclaimed, messageOf, deference, clock, log, retryForMs, heldMax } = options;
  const abort = new AbortController();
  const lanes = new Lanes({
    messageOf,
    mayBegin: (sinceMs) => deference.mayBegin({ sinceMs }),
    clock,
    retryForMs,
    heldMax,
    signal: abort.signal,
  });
  /** What has come to its end and is not written down yet. */
  let settled: Required<SettledEvents> = { delivered: [], dead: [], aside: [] };

  async function settle(): Promise<void> {
    const more = lanes.takeSettled();
    settled = {
      delivered: [...settled.delivered, ...more.delivered],
      dead: [...settled.dead, ...more.dead],
      aside: [...settled.aside, ...more.aside],
    };
    const { delivered, dead, aside } = settled;
    if (delivered.length + dead.length + aside.length === 0) return;
    await outbox.settle(settled);
    settled = { delivered: [], dead: [], aside: [] };
    lanes.areAside(aside.map(({ sequence }) => sequence));
    if (dead.length > 0) log.warn({ events: dead.length }, 'Events were given up and are kept as dead letters');
  }

  async function fill(lane: Lane): Promise<void> {
    await lane.refill((passed) => outbox.listOn({ target: lane.arn, ...passed }));
    lane.pump();
    if (lane.isHeldBack) return;
    await lane.bringBack((query) => outbox.listAside({ target: lane.arn, ...query }));
    const limit = Math.min(readMax, lane.room);
    if (limit > 0) await takeIn(lane, outbox, limit);
    lane.pump();
  }

  return {
    job: {
      name: 'events',
      idlePauseMs,
      async step() {
        await settle();
        for (const lane of lanes.to(targets())) await fill(lane);
        const forgotten = await unclaimed.look();
        if (forgotten > 0) log.warn({ events: forgotten }, 'Events that nobody took in time were forgotten');
        return 'idle';
      },
      status: () => ({
        delivered: lanes.delivered,
        failedAttempts: lanes.failures,
        forgotten: unclaimed.forgotten,
        ...Object.fromEntries(
          lanes
            .all()
            .flatMap(({ arn, lastError }) => (lastError === undefined ? [] : [[`last failure of ${arn}`, lastError]])),
        ),
      }),
    },
    async close() {
      abort.abort();
      await lanes.quiet();
      await settle();
      await Promise.all(targets().map((target) => target.close?.()));
    },
  };
}

async function takeIn(lane: Lane, outbox: Outbox, limit: number): Promise<void> {
  const entries = await outbox.list({ target: lane.arn, after: lane.last, limit });
  const behind = lane.maybeBehind(entries);
  lane.add(entries, behind.length === 0 ? undefined : await outbox.findAside(behind));
}
