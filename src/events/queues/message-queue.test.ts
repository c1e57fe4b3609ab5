import { expect, test } from 'vitest';
import type { Outbox, OutboxEntry, QueueMessage } from '../../engine/types.ts';
import { MessageQueue } from './message-queue.ts';

const second = 1000;

/** A queue with these attributes, on an outbox and a clock of its own. */
function queueWith(attributes: Record<string, string>) {
  const clock = { now: 0, nowMs: () => clock.now };
  const entries: OutboxEntry[] = [];
  const buried: number[] = [];
  const outbox = {
    list: async ({ after, limit }: { after: number; limit: number }) =>
      entries.filter(({ sequence }) => sequence > after).slice(0, limit),
    settle: async ({ delivered }: { delivered: readonly number[] }) => {
      entries.splice(0, entries.length, ...entries.filter(({ sequence }) => !delivered.includes(sequence)));
    },
  } as Pick<Outbox, 'list' | 'settle'> as Outbox;
  let takesDeadLetters = true;
  let last = 0;
  const queue = new MessageQueue({
    ...{ arn: 'arn', state: { attributes, tags: {} }, outbox, clock },
    async bury({ sequence }) {
      if (!takesDeadLetters) return false;
      buried.push(sequence);
      await outbox.settle({ delivered: [sequence], dead: [] });
      return true;
    },
  });
  const put = (more: Partial<QueueMessage> = {}) => {
    const event = { event: 'Message', atMs: clock.now, bucket: 'arn', messageId: 'id', message: 'm' } as const;
    entries.push({ sequence: ++last, event: { ...event, key: 'id', ...more } });
  };
  const receive = async (visibilityMs = second) =>
    (await queue.receive({ max: 10, visibilityMs })).map(({ entry }) => entry.sequence);
  return { queue, clock, entries, buried, put, receive, refuse: () => (takesDeadLetters = false) };
}

test('kept for a time → what is older is not given out, whether or not it was out, and goes', async () => {
  const { clock, entries, put, receive } = queueWith({ MessageRetentionPeriod: '60' });
  put();
  expect(await receive()).toEqual([1]);
  clock.now = 30 * second;
  put();
  clock.now = 61 * second;
  expect(await receive()).toEqual([2]);
  put({ atMs: 0 });
  expect(await receive(0)).toEqual([]);
  expect(entries.map(({ sequence }) => sequence)).toEqual([2]);
});

test('received as often as may be → it goes where dead letters do, and stays where they are not taken', async () => {
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: 'other', maxReceiveCount: 2 });
  const { clock, put, receive, buried, refuse } = queueWith({ RedrivePolicy });
  put();
  for (let times = 0; times < 2; times++) {
    expect(await receive()).toEqual([1]);
    expect(await receive()).toEqual([]);
    clock.now += second;
  }
  expect(await receive()).toEqual([]);
  expect(buried).toEqual([1]);
  refuse();
  put();
  for (let times = 0; times < 4; times++) {
    expect(await receive()).toEqual([2]);
    clock.now += second;
  }
});

test('a queue that delays → an event is given out when its time has come, a message when its sender says', async () => {
  const { queue, clock, entries, receive } = queueWith({ DelaySeconds: '5' });
  const event = { event: 'ObjectCreated:Put', atMs: 0, bucket: 'b', key: 'k' };
  entries.push({ sequence: 1, event: event as OutboxEntry['event'] });
  expect(await receive()).toEqual([]);
  expect(queue.backFromMs).toBe(5 * second);
  clock.now = 5 * second;
  expect(await receive()).toEqual([1]);
  queue.state = { attributes: { VisibilityTimeout: '7' }, tags: {} };
  expect(queue.settings).toMatchObject({ visibilityMs: 7 * second, delayMs: 0 });
});
