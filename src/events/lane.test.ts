import { expect, test } from 'vitest';
import { eventually } from '../../test/support/eventually.ts';
import type { ObjectEvent, OutboxEntry } from '../engine/types.ts';
import { chainMax } from '../lib/ordered-window.ts';
import { Lane } from './lane.ts';
import { type EventTarget, NotTaken, notTakenAt } from './target.ts';

/** A lane whose target takes what `takes` says, and what was sent to it. */
function laneTo(
  takes: (key: string) => boolean | Promise<boolean>,
  { retryForMs = 60_000, batchMax = 1, ...more }: Partial<EventTarget> & { retryForMs?: number } = {},
) {
  const sent: string[] = [];
  const batches: number[] = [];
  const clock = { now: 0, nowMs: () => clock.now };
  const abort = new AbortController();
  const lane = new Lane({
    target: {
      arn: 'arn',
      batchMax,
      ...more,
      async send(messages) {
        batches.push(messages.length);
        sent.push(...messages.map(({ text }) => text));
        const taken = await Promise.all(messages.map(({ text }) => takes(text)));
        if (batchMax === 1 && taken.includes(false)) throw new NotTaken('answered 503');
        return notTakenAt(
          messages,
          taken.flatMap((isTaken, at) => (isTaken ? [] : [[at, 'answered 503'] as const])),
        );
      },
    },
    messageOf: (event) => ('key' in event ? event.key : 'test'),
    clock,
    retryForMs,
    mayBegin: () => true,
    signal: abort.signal,
  });
  const step = async (afterMs = 0): Promise<void> => {
    clock.now += afterMs;
    lane.pump();
    await lane.quiet();
  };
  return { lane, sent, batches, step, abort };
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
  expect(lane.takeSettled()).toEqual({ delivered: expect.arrayContaining([1, 2, 3, 4]), dead: [], aside: [] });
  expect(lane.takeSettled()).toEqual({ delivered: [], dead: [], aside: [] });
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
  expect(lane.takeSettled()).toEqual({ delivered: [3], dead: [], aside: [] });
  expect(lane.lastError).toBe('answered 503');
});

test('not taken for too long → a dead letter, and its key goes on with the next', async () => {
  let isDown = true;
  const { lane, sent, step } = laneTo(() => !isDown, { retryForMs: 1000 });
  lane.add(entries('k', 'k'));
  await step();
  await step(1000);
  expect(lane.takeSettled()).toEqual({ delivered: [], dead: [1], aside: [] });
  await lane.refill(async () => entries('k', 'k').slice(1));
  isDown = false;
  await step(60_000);
  expect(lane.takeSettled()).toEqual({ delivered: [2], dead: [], aside: [] });
  expect(sent).toHaveLength(3);
});

test('the target has its own way of trying again → that holds; what it gives up, and does not keep elsewhere, is a dead letter', async () => {
  const pauseMs = (failures: number) => (failures > 2 ? ('given up' as const) : failures * 10_000);
  const buried: string[] = [];
  const bury: EventTarget['bury'] = async ({ text }, why) => {
    buried.push(`${text} ${why}`);
    if (buried.length === 1) throw new Error('not now');
    return text === 'kept';
  };
  const { lane, sent, step } = laneTo(() => false, { pauseMs, bury });
  lane.add(entries('kept', 'lost'));
  await step();
  await step(9_999);
  expect(sent).toHaveLength(2);
  await step(1);
  expect(sent).toHaveLength(4);
  await step(20_000);
  expect(lane.takeSettled()).toEqual({ delivered: [], dead: [2], aside: [] });
  await step(60_000);
  expect(lane.takeSettled()).toEqual({ delivered: [1], dead: [], aside: [] });
  expect(buried).toEqual(['kept answered 503', 'lost answered 503', 'kept answered 503']);
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
  expect(lane.takeSettled()).toEqual({ delivered: [], dead: [], aside: [] });
});

test('the target takes several → of different keys together, of one key one after the other; what failed is alone', async () => {
  let takesAll = false;
  const { lane, sent, batches, step } = laneTo((key) => takesAll || key !== 'down', { batchMax: 3 });
  lane.add(entries('a', 'a', 'down', 'b', 'c'));
  await step();
  expect(batches.toSorted()).toEqual([1, 1, 3]);
  expect(sent.filter((key) => key === 'a')).toHaveLength(2);
  expect(lane.takeSettled().delivered.toSorted()).toEqual([1, 2, 4, 5]);
  takesAll = true;
  lane.add(entries('d', 'e'));
  await step(60_000);
  expect(batches.slice(3).toSorted()).toEqual([1, 2]);
});

test('one key fails for long → what is behind it takes no room, and comes in its order once it is taken', async () => {
  let isDown = true;
  const { lane, sent, step } = laneTo((key) => key === 'up' || !isDown);
  const outbox = entries(...Array.from({ length: 3 * chainMax }, () => 'down'), 'up');
  const { room } = lane;
  lane.add(outbox.slice(0, 1));
  await step();
  lane.add(outbox.slice(1));
  await step();
  expect(sent).toEqual(['down', 'up']);
  expect(lane.room).toBe(room - 1);
  isDown = false;
  const settled: number[] = [];
  for (let times = 0; times < 5; times++) {
    await step(60_000);
    settled.push(...lane.takeSettled().delivered);
    await lane.refill(async ({ bucket, key, after, through, limit }) => {
      expect({ bucket, key, through }).toEqual({ bucket: 'b', key: 'down', through: outbox.length });
      return outbox.filter(({ sequence }) => sequence > after && sequence < outbox.length).slice(0, limit);
    });
  }
  const last = outbox.length;
  expect(settled).toEqual([last, ...outbox.slice(0, -1).map(({ sequence }) => sequence)]);
  expect(lane.room).toBe(room);
});

test('what was set aside has been taken, and the outbox does not know it yet → what is behind it is sent', async () => {
  const { lane, sent, step } = laneTo(() => true);
  const [first, second] = entries('a', 'a');
  if (first === undefined || second === undefined) throw new Error('There are no events');
  lane.add([first]);
  await step();
  lane.add([second], new Map([[2, 1]]));
  await step();
  expect(sent).toEqual(['a', 'a']);
});

test('what is behind one that is set aside → is passed by', async () => {
  const { lane, sent, step } = laneTo(() => true);
  lane.add(entries('a', 'b'), new Map([[1, 0]]));
  await step();
  expect(sent).toEqual(['b']);
  expect(lane.last).toBe(2);
});
