import { expect, test } from 'vitest';
import type { PlacedEvent } from '../../engine/types.ts';
import { Receivers } from './receivers.ts';

const hourMs = 3_600_000;

function open() {
  const followers = new Set<(placed: readonly PlacedEvent[]) => void>();
  const receivers = new Receivers({
    follow(follower) {
      followers.add(follower);
      return () => followers.delete(follower);
    },
  });
  const put = (...arns: string[]) => {
    for (const follower of followers) follower(arns.map((target) => ({ target }) as PlacedEvent));
  };
  const woken: string[] = [];
  const gone = new AbortController();
  const join = (name: string, arn = 'arn') => {
    const receiver = receivers.join(arn, gone.signal);
    return { ...receiver, wait: () => receiver.wait(hourMs).then(() => woken.push(name)) };
  };
  return { receivers, followers, put, join, woken, gone };
}

test('messages come → each wakes one receiver at its queue, in the order in which they came', async () => {
  const { put, join, woken } = open();
  const all = [join('a'), join('elsewhere', 'other'), join('b'), join('c')];
  const waits = all.map((one) => one.wait());
  put('arn', 'third', 'arn');
  await Promise.all([waits[0], waits[2]]);
  expect(woken).toEqual(['a', 'b']);
  for (const one of [all[0], all[2]]) one?.leave();
  put('arn', 'other');
  await Promise.all(waits);
  expect(woken.toSorted()).toEqual(['a', 'b', 'c', 'elsewhere']);
});

test('a message comes while a receiver looks → it does not wait; if it leaves, the next one is woken', async () => {
  const { put, join, woken, followers } = open();
  const [first, second] = [join('a'), join('b')];
  put('arn');
  await first.wait();
  put('arn');
  const waits = second.wait();
  first.leave();
  await waits;
  expect(woken).toEqual(['a', 'b']);
  second.leave();
  expect(followers.size).toBe(0);
});

test('the client goes, or the server stops → nobody waits any more', async () => {
  const { receivers, join, gone } = open();
  const waits = join('a').wait();
  gone.abort();
  await waits;
  receivers.close();
  await receivers.join('arn', new AbortController().signal).wait(hourMs);
  expect(receivers.isClosed).toBe(true);
});
