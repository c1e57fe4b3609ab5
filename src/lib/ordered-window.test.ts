import { expect, test } from 'vitest';
import { OrderedWindow, type Tries } from './ordered-window.ts';

interface Entry {
  readonly sequence: number;
  readonly key: string;
  readonly tries?: Tries;
}

const tries = { triedMs: 0, failures: 1, againMs: 10 };

function windowOf(heldMax: number) {
  const clock = { now: 0, nowMs: () => clock.now };
  const window = new OrderedWindow<Entry>({ clock, keyOf: ({ key }) => key, pauseMsMax: 1000, heldMax });
  return { window, clock, readyKeys: () => window.ready.map(({ key }) => key) };
}

test('many are set aside already → half of what is held is taken in, to be tried when it is time; the rest stays, with all behind it', () => {
  const { window, clock, readyKeys } = windowOf(4);
  window.add([
    { sequence: 1, key: 'a', tries },
    { sequence: 2, key: 'b', tries },
    { sequence: 3, key: 'c', tries },
    { sequence: 4, key: 'a' },
    { sequence: 5, key: 'c' },
    { sequence: 6, key: 'd' },
  ]);
  expect(readyKeys()).toEqual(['d']);
  expect(window.hasAside).toBe(true);
  expect(window.last).toBe(6);
  clock.now = 10;
  window.wake();
  expect(readyKeys()).toEqual(['d', 'a', 'b']);
  window.bringBack([
    { sequence: 2, key: 'b', tries },
    { sequence: 3, key: 'c', tries },
  ]);
  expect(readyKeys()).toEqual(['d', 'a', 'b', 'c']);
});

test('set aside → its key is known until the queue knows that; it takes no room then, and goes on where it was', () => {
  const { window, clock } = windowOf(4);
  window.add([{ sequence: 1, key: 'a' }]);
  const [taken] = window.take(1);
  if (taken === undefined) throw new Error('Nothing was ready');
  expect(window.setAside(taken.chain, 99.5)).toEqual({ sequence: 1, triedMs: 0, failures: 1, againMs: 100 });
  window.add([{ sequence: 2, key: 'a' }]);
  expect(window.ready).toHaveLength(0);
  window.areAside([1]);
  expect(window.room).toBe(4);
  window.add([{ sequence: 3, key: 'a' }], new Set([3]));
  expect(window.ready).toHaveLength(0);
  clock.now = 100;
  window.bringBack([{ sequence: 1, key: 'a', tries }]);
  expect(window.take(1)).toMatchObject([
    { entry: { sequence: 1 }, chain: { hasMore: true, failures: 1, isBack: true } },
  ]);
});
