/** Which values a bounded map keeps. */
import { expect, test } from 'vitest';
import { RecentMap } from './recent-map.ts';

function kept(map: RecentMap<string, number>, keys: string): string {
  return [...keys].filter((key) => map.get(key) !== undefined).join('');
}

test('more than fit → those used last are kept, and never more than fit', () => {
  const map = new RecentMap<string, number>(4);
  for (const key of 'abc') map.set(key, 1);
  map.get('a');
  map.set('d', 1);
  expect(kept(map, 'bad')).toBe('ad');
  for (const key of 'efghijklm') map.set(key, 1);
  expect(kept(map, 'lm')).toBe('lm');
  expect(kept(map, 'abcdefghijklm').length).toBeLessThanOrEqual(4);
});

test('what is used again and again → stays, whatever comes and goes', () => {
  const map = new RecentMap<string, number>(4);
  map.set('a', 7);
  for (const key of 'bcdefghijklmnopq') {
    map.set(key, 1);
    expect(map.get('a')).toBe(7);
  }
});

test('replaced and removed values → the new value, or none', () => {
  const map = new RecentMap<string, number>(4);
  map.set('a', 1);
  map.set('b', 1);
  map.set('a', 2);
  expect(map.get('a')).toBe(2);
  map.delete('a');
  expect(kept(map, 'ab')).toBe('b');
  map.set('c', 1);
  map.clear();
  expect(kept(map, 'abc')).toBe('');
});
