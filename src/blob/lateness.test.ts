import { expect, test } from 'vitest';
import { Lateness } from './lateness.ts';

/** The limit after so many reads. */
function limitAfter(reads: readonly number[]): number {
  const lateness = new Lateness(1000);
  for (const ms of reads) lateness.tookMs(ms);
  return lateness.limitMs;
}

test('reads are quick → a moment; slow → many times as long as they take; very slow → the most that it may be', () => {
  expect(limitAfter([])).toBe(50);
  expect(limitAfter(new Array<number>(1000).fill(0.2))).toBe(50);
  const limitMs = limitAfter(new Array<number>(1000).fill(10));
  expect(limitMs).toBeGreaterThan(180);
  expect(limitMs).toBeLessThan(220);
  expect(limitAfter(new Array<number>(1000).fill(500))).toBe(1000);
});

test('one disk of three is slow → as without it', () => {
  expect(limitAfter(Array.from({ length: 3000 }, (_, i) => (i % 3 === 0 ? 900 : 1)))).toBeLessThan(60);
});
