/** What of the outbox is told to who collects figures: how much waits for each target, and for how long. Pure. */
import type { Outbox } from '../engine/types.ts';
import type { Family } from './metrics-text.ts';

type OutboxSize = Awaited<ReturnType<Outbox['sizes']>>[number];

export function eventFamilies(sizes: readonly OutboxSize[], nowMs: number): readonly Family[] {
  const waiting = sizes.filter(({ isDead }) => !isDead);
  const dead = sizes.filter(({ isDead }) => isDead);
  const each = (of: readonly OutboxSize[], value: (size: OutboxSize) => number) =>
    of.map((size) => ({ labels: { target: size.target }, value: value(size) }));
  return [
    {
      name: 'ninefold_events_waiting',
      type: 'gauge',
      help: 'Events that the target has not taken yet.',
      samples: each(waiting, ({ events }) => events),
    },
    {
      name: 'ninefold_events_oldest_waiting_seconds',
      type: 'gauge',
      help: 'How long the oldest of them has waited.',
      samples: each(waiting, ({ oldestMs }) => (nowMs - oldestMs) / 1000),
    },
    {
      name: 'ninefold_events_dead_letters',
      type: 'gauge',
      help: 'Events that were given up and are kept.',
      samples: each(dead, ({ events }) => events),
    },
  ];
}
