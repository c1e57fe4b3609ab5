/** Which values a bounded map keeps. */
import { expect, test } from 'vitest';
import { RecentMap } from './recent-map.ts';

function kept(map: RecentMap<string, number>, keys: string): string {
  return [...keys].filter((key) => map.get(key) !== undefined).join('');
}

test('one too many → the one used longest ago goes', () => {
  const map = new RecentMap<string, number>(3);
  for (const key of 'abc') map.set(key, 1);
  map.get('a');
  map.set('d', 1);
  expect(kept(map, 'abcd')).toBe('acd');
});

test('replaced and removed values → their place is free', () => {
  const map = new RecentMap<string, number>(2);
  map.set('a', 1);
  map.set('a', 2);
  map.set('b', 1);
  expect(map.get('a')).toBe(2);
  map.delete('a');
  map.set('c', 1);
  expect(kept(map, 'abc')).toBe('bc');
  map.clear();
  expect(kept(map, 'abc')).toBe('');
});
