import { expect, test } from 'vitest';
import type { PlacedEvent } from '../engine/types.ts';
import { EventTail } from './tail.ts';

/** A tail, and what puts events of these keys into its outbox. */
function open() {
  const clock = { now: 0, nowMs: () => clock.now };
  let follower: ((placed: readonly PlacedEvent[]) => void) | undefined;
  const outbox = {
    follow(next: (placed: readonly PlacedEvent[]) => void) {
      follower = next;
      return () => {
        follower = undefined;
      };
    },
  };
  const tail = new EventTail({ outbox, messageOf: (_, event) => JSON.stringify(event.event), clock });
  const put = (...keys: string[]) =>
    follower?.(keys.map((key) => ({ target: 'arn', event: { event: 'E', atMs: 0, bucket: 'b', key } }) as PlacedEvent));
  const isFollowing = () => follower !== undefined;
  return { tail, clock, put, isFollowing };
}

const keysIn = ({ events }: ReturnType<EventTail['look']>) => events.map(({ key }) => key);

test('looked again and again → each event once, for each who looks, from where they began', () => {
  const { tail, put, isFollowing } = open();
  expect(isFollowing()).toBe(false);
  const one = tail.look();
  put('a', 'b');
  const other = tail.look();
  put('c');
  const then = tail.look(one.next);
  expect(then.events[0]).toEqual({
    ...{ time: '1970-01-01T00:00:00.000Z', target: 'arn', event: 'E', bucket: 'b', key: 'a', message: 'E' },
  });
  expect([keysIn(then), keysIn(tail.look(other.next)), keysIn(tail.look(then.next))]).toEqual([
    ['a', 'b', 'c'],
    ['c'],
    [],
  ]);
  expect(then.hasGap).toBe(false);
});

test('more than is kept → the last of them, page by page, and that there is a gap', () => {
  const { tail, put } = open();
  const { next } = tail.look();
  for (let i = 0; i < 10_001; i++) put(String(i));
  let page = tail.look(next);
  expect([page.hasGap, page.events.length, page.events[0]?.key]).toEqual([true, 300, '1']);
  const keys = keysIn(page);
  while (page.events.length > 0) {
    page = tail.look(page.next);
    expect(page.hasGap).toBe(false);
    keys.push(...keysIn(page));
  }
  expect([keys.length, keys.at(-1)]).toEqual([10_000, '10000']);
});

test('nobody looks any more → nothing is kept; who comes back is told of the gap', () => {
  const { tail, clock, put, isFollowing } = open();
  const { next } = tail.look();
  clock.now = 30_001;
  put('missed');
  expect(isFollowing()).toBe(false);
  const back = tail.look(next);
  expect([keysIn(back), back.hasGap]).toEqual([[], true]);
  put('a');
  expect(keysIn(tail.look(back.next))).toEqual(['a']);
});
