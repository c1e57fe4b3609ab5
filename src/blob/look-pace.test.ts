import { expect, test } from 'vitest';
import { LookPace } from './look-pace.ts';

const turns = (pace: LookPace, count: number, isHealthy = true) =>
  Array.from({ length: count }, () => (pace.isDue(isHealthy) ? 'x' : '.')).join('');

test('at rest → one look in four; used, or with a disk that is not healthy → each', () => {
  const pace = new LookPace();
  expect(turns(pace, 9)).toBe('...x...x.');
  pace.note();
  expect(turns(pace, 6)).toBe('x...x.');
  expect(turns(pace, 3, false)).toBe('xxx');
  expect(turns(pace, 5)).toBe('...x.');
});
