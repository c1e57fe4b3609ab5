/** Which values a bounded map keeps. */
import { expect, test } from 'vitest';
import { RecentMap } from './recent-map.ts';

function kept<V>(map: RecentMap<string, V>, keys: string): string {
  return [...keys].filter((key) => map.get(key) !== undefined).join('');
}

test('one too many → the one used longest ago goes', () => {
  const map = new RecentMap<string, number>(3);
  for (const key of 'abc') map.set(key, 1);
  map.get('a');
  map.set('d', 1);
  expect(kept(map, 'abcd')).toBe('acd');
});

test('weights → as many go as make room, and what outweighs the map is not kept', () => {
  const map = new RecentMap<string, number>(10, (value) => value);
  for (const [key, weight] of [
    ['a', 4],
    ['b', 4],
    ['c', 9],
  ] as const) {
    map.set(key, weight);
  }
  expect(kept(map, 'abc')).toBe('c');
  map.set('d', 11);
  expect(kept(map, 'abcd')).toBe('c');
});

test('replaced and removed values → their weight is free again', () => {
  const map = new RecentMap<string, number>(10, (value) => value);
  map.set('a', 9);
  map.set('a', 5);
  map.set('b', 5);
  map.delete('a');
  map.set('c', 5);
  expect(kept(map, 'abc')).toBe('bc');
  map.clear();
  map.set('d', 10);
  expect(kept(map, 'bcd')).toBe('d');
});
