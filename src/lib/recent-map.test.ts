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

test('more keys than there is room for, one after the other, over and over → a good part of them is found', () => {
  const keys = Array.from({ length: 150 }, (_, i) => i);
  const foundOf = (map: RecentMap<number, number>): number => {
    let found = 0;
    for (let round = 0; round < 10; round++) {
      found = 0;
      for (const key of keys) {
        if (map.get(key) === undefined) map.set(key, key);
        else found++;
      }
    }
    return found;
  };
  expect(foundOf(new RecentMap(100))).toBe(0);
  expect(foundOf(new RecentMap(100, { admitsEvery: 8 }))).toBeGreaterThan(30);
});

test('a key that is asked for again and again → let in', () => {
  const map = new RecentMap<string, number>(1, { admitsEvery: 3 });
  map.set('old', 1);
  for (let times = 0; times < 3; times++) map.set('new', 2);
  expect([map.get('old'), map.get('new')]).toEqual([undefined, 2]);
});
