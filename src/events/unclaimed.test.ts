import { expect, test } from 'vitest';
import type { OutboxEntry } from '../engine/types.ts';
import { Unclaimed } from './unclaimed.ts';

const hour = 60 * 60 * 1000;

test('what is kept for a time → what has waited too long is forgotten, once an hour; nothing of what is kept until it is taken', async () => {
  const clock = { now: 10 * hour, nowMs: () => clock.now };
  const waiting = new Map([
    ['gone', [1, 9]],
    ['there', [1]],
  ]);
  const settled: number[] = [];
  const entries = (target: string) =>
    (waiting.get(target) ?? []).map((at) => ({ sequence: at, event: { atMs: at * hour } }) as OutboxEntry);
  const unclaimed = new Unclaimed({
    outbox: {
      sizes: async () =>
        [...waiting].map(([target, { length }]) => ({ target, isDead: false, events: length, oldestMs: 0 })),
      list: async ({ target }) => entries(target),
      settle: async ({ delivered }) => {
        settled.push(...delivered);
        waiting.set(
          'gone',
          (waiting.get('gone') ?? []).filter((at) => !delivered.includes(at)),
        );
      },
    },
    keepForMsOf: (arn) => (arn === 'there' ? undefined : 5 * hour),
    clock,
  });
  expect(await unclaimed.look()).toBe(1);
  expect(settled).toEqual([1]);
  clock.now += hour - 1;
  waiting.set('gone', [1, 9]);
  expect(await unclaimed.look()).toBe(0);
  clock.now += 1;
  expect(await unclaimed.look()).toBe(1);
  expect(unclaimed.forgotten).toBe(2);
});
