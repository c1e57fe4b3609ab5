import { expect, test } from 'vitest';
import { eventually } from '../../test/support/eventually.ts';
import type { ObjectEvent, OutboxEntry } from '../engine/types.ts';
import { Lane } from './lane.ts';
import { NotTaken } from './target.ts';

/** A lane whose target takes what `takes` says, and what was sent to it. */
function laneTo(takes: (key: string) => boolean | Promise<boolean>, { retryForMs = 60_000 } = {}) {
  const sent: string[] = [];
  const clock = { now: 0, nowMs: () => clock.now };
  const abort = new AbortController();
  const lane = new Lane({
    target: {
      arn: 'arn',
      async send(message) {
        sent.push(message);
        if (!(await takes(message))) throw new NotTaken('answered 503');
      },
    },
    messageOf: (event) => ('key' in event ? event.key : 'test'),
    clock,
    retryForMs,
    signal: abort.signal,
  });
  const step = async (afterMs = 0): Promise<void> => {
    clock.now += afterMs;
    lane.pump();
    await lane.quiet();
  };
  return { lane, sent, step, abort };
}

function entries(...keys: string[]): OutboxEntry[] {
  const event = { event: 'E', bucket: 'b' } as ObjectEvent;
  return keys.map((key, at) => ({ sequence: at + 1, event: { ...event, key } }));
}

test('all are taken → sent in the order of each key, and settled once', async () => {
  const { lane, sent, step } = laneTo(() => true);
  lane.add(entries('a', 'a', 'b', 'a'));
  for (let times = 0; times < 3; times++) await step();
  expect(sent.filter((key) => key === 'a')).toHaveLength(3);
  expect(lane.takeSettled()).toEqual({ delivered: expect.arrayContaining([1, 2, 3, 4]), dead: [] });
  expect(lane.takeSettled()).toEqual({ delivered: [], dead: [] });
  expect(lane.last).toBe(4);
});

test('one is not taken → it alone is sent again, later and later, and what is behind it on its key waits', async () => {
  const { lane, sent, step } = laneTo((key) => key !== 'down');
  lane.add(entries('down', 'down', 'up'));
  await step();
  expect(sent.toSorted()).toEqual(['down', 'up']);
  await step(249);
  expect(sent).toHaveLength(2);
  await step(251);
  expect(sent).toHaveLength(3);
  await step(499);
  expect(sent).toHaveLength(3);
  await step(501);
  expect(sent).toHaveLength(4);
  expect(lane.takeSettled()).toEqual({ delivered: [3], dead: [] });
  expect(lane.lastError).toBe('answered 503');
});

test('not taken for too long → a dead letter, and its key goes on with the next', async () => {
  let isDown = true;
  const { lane, sent, step } = laneTo(() => !isDown, { retryForMs: 1000 });
  lane.add(entries('k', 'k'));
  await step();
  await step(1000);
  expect(lane.takeSettled()).toEqual({ delivered: [], dead: [1] });
  isDown = false;
  await step(60_000);
  expect(lane.takeSettled()).toEqual({ delivered: [2], dead: [] });
  expect(sent).toHaveLength(4);
});

test('a slow target → so many at once and no more', async () => {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const { lane, sent } = laneTo(() => promise);
  lane.add(entries(...Array.from({ length: 40 }, (_, at) => `key-${at}`)));
  lane.pump();
  lane.pump();
  expect(sent).toHaveLength(16);
  resolve(true);
  await eventually(() => expect(lane.delivered).toBe(40));
});

test('given up while something fails → it is neither settled nor sent again', async () => {
  const { lane, sent, step, abort } = laneTo(() => {
    abort.abort();
    return false;
  });
  lane.add(entries('k'));
  await step();
  await step(60_000);
  expect(sent).toHaveLength(1);
  expect(lane.takeSettled()).toEqual({ delivered: [], dead: [] });
});
