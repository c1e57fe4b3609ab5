import { expect, test } from 'vitest';
import type { Outbox, OutboxEntry } from '../../engine/types.ts';
import { MessageQueue } from './message-queue.ts';
import { MoveTasks } from './move-tasks.ts';

/** Queues `dead`, with dead letters of these queues, and `a` and `b`; and their tasks, which `restart` makes anew. */
function open(...sources: string[]) {
  const clock = { now: 1000, nowMs: () => clock.now };
  let waiting = sources.map((deadLetterSource, at) => {
    const event = { event: 'Message', atMs: at, bucket: 'dead', key: '', messageId: '', message: '' } as const;
    return { target: 'dead', entry: { sequence: at + 1, event: { ...event, deadLetterSource } } as OutboxEntry };
  });
  const in_ = (arn: string) => waiting.filter(({ target }) => target === arn).map(({ entry }) => entry);
  const outbox = {
    list: async ({ target, after, limit }: { target: string; after: number; limit: number }) =>
      in_(target)
        .filter(({ sequence }) => sequence > after)
        .slice(0, limit),
    sizes: async () => [{ target: 'dead', isDead: false, events: in_('dead').length, oldestMs: 0 }],
  } as Pick<Outbox, 'list' | 'sizes'> as Outbox;
  const queues = new Map(
    ['dead', 'a', 'b'].map((arn) => {
      const state = { attributes: {}, tags: {} };
      return [arn, new MessageQueue({ arn, state, outbox, clock, bury: async () => false })];
    }),
  );
  let saved: string | undefined;
  const restart = () =>
    new MoveTasks({
      state: {
        load: async () => saved,
        async save(text) {
          saved = text;
        },
      },
      find: (arn) => queues.get(arn),
      async move(_, messages) {
        const moved = new Map(messages.map(({ entry, to }) => [entry, to.arn]));
        waiting = waiting.map((one) => ({ ...one, target: moved.get(one.entry) ?? one.target }));
      },
      clock,
    });
  const dead = queues.get('dead');
  if (dead === undefined) throw new Error('the queue is there');
  return { clock, dead, queues, restart, countsOf: () => ['dead', 'a', 'b'].map((arn) => in_(arn).length) };
}

test('a restart in the middle → the task goes on where it was, to each message’s own queue', async () => {
  const { clock, dead, restart, countsOf } = open('a', 'b', 'a', 'b', 'a');
  const before = restart();
  const { id } = await before.start(dead, { perSecond: 2 });
  await before.step();
  expect(countsOf()).toEqual([4, 1, 0]);
  clock.now += 500;
  expect(await before.step()).toEqual({ moved: 1, isUnderWay: true, isBusy: false });
  const after = restart();
  expect(await after.list('dead')).toMatchObject([{ id, status: 'RUNNING', moved: 2, toMove: 5 }]);
  for (let seconds = 0; seconds < 3; seconds++) {
    await after.step();
    clock.now += 500;
  }
  await after.step();
  expect(countsOf()).toEqual([0, 3, 2]);
  expect(await after.list('dead')).toMatchObject([{ status: 'COMPLETED', moved: 5 }]);
});

test('the queue that messages were in is gone → the task fails, and they stay', async () => {
  const { dead, queues, restart, countsOf } = open('a', 'b');
  queues.delete('b');
  const tasks = restart();
  await tasks.start(dead, {});
  await tasks.step();
  expect(await tasks.list('dead')).toMatchObject([
    { status: 'FAILED', failure: 'AWS.SimpleQueueService.NonExistentQueue' },
  ]);
  expect(countsOf()).toEqual([2, 0, 0]);
});
