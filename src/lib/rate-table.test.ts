import { expect, test } from 'vitest';
import { RateTable } from './rate-table.ts';

function table(rate: { perSecond: number; burst: number }, sizeMax?: number) {
  const clock = { ms: 1_000_000, nowMs: () => clock.ms };
  const limited = new RateTable(rate, clock, sizeMax);
  /** How many of so many are let through. */
  const pass = (count: number, key = 'a') =>
    Array.from({ length: count }, () => limited.take(key)).filter(Boolean).length;
  return { clock, limited, pass };
}

test('at once → the burst and no more; each interval later → one more', () => {
  const { clock, pass } = table({ perSecond: 10, burst: 5 });
  expect(pass(20)).toBe(5);
  clock.ms += 99;
  expect(pass(20)).toBe(0);
  clock.ms += 1;
  expect(pass(20)).toBe(1);
  clock.ms += 300;
  expect(pass(20)).toBe(3);
  clock.ms += 1e9;
  expect(pass(20)).toBe(5);
});

test('over a long time → the rate, whatever is refused meanwhile', () => {
  const { clock, pass } = table({ perSecond: 3500, burst: 3500 });
  let passed = 0;
  for (let i = 0; i < 1000; i++) {
    clock.ms += 10;
    passed += pass(100);
  }
  expect(passed).toBeGreaterThan(35_000 + 3_400);
  expect(passed).toBeLessThanOrEqual(35_000 + 3_500);
});

test('less than one a second → one each so long', () => {
  const { clock, pass } = table({ perSecond: 0.1, burst: 1 });
  expect(pass(3)).toBe(1);
  clock.ms += 9_999;
  expect(pass(3)).toBe(0);
  clock.ms += 1;
  expect(pass(3)).toBe(1);
});

test('another key → its own bucket', () => {
  const { pass } = table({ perSecond: 1, burst: 2 });
  expect([pass(3, 'a'), pass(3, 'b'), pass(3, 'a')]).toEqual([2, 2, 0]);
});

test('more keys than there is room for → the one that goes on is not forgotten', () => {
  const { pass } = table({ perSecond: 0.001, burst: 2 }, 100);
  expect(pass(2, 'busy')).toBe(2);
  for (let i = 0; i < 1000; i++) {
    pass(1, `other ${i}`);
    expect(pass(1, 'busy')).toBe(0);
  }
});
