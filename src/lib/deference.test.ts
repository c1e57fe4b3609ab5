import { describe, expect, test } from 'vitest';
import { Deference, Foreground } from './deference.ts';

function started() {
  const clock = { now: 1_000_000, nowMs: () => clock.now };
  const foreground = new Foreground(clock);
  const deference = new Deference({ foreground, clock, patienceMs: 5000 });
  /** How many of so old, and so large, begin in a second in which clients are served all the time. */
  const begunInASecond = (waitedMs: number, bytes = 0): number => {
    let begun = 0;
    for (let ms = 0; ms < 1000; ms += 10) {
      clock.now += 10;
      foreground.note();
      for (let tries = 0; tries < 100 && deference.mayBegin({ sinceMs: clock.now - waitedMs, bytes }); tries++) begun++;
    }
    return begun;
  };
  return { clock, foreground, deference, begunInASecond };
}

describe('work in the background', () => {
  test('nobody is served, or was a moment ago → all of it begins', () => {
    const { clock, foreground, deference } = started();
    const all = () => Array.from({ length: 1000 }, () => deference.mayBegin({ sinceMs: clock.now })).every(Boolean);
    expect(all()).toBe(true);
    foreground.note();
    expect(all()).toBe(false);
    clock.now += 50;
    expect(all()).toBe(true);
  });

  test('clients are served → little of it begins, of large bodies less, and the more the longer it has waited; in the end all', () => {
    const { begunInASecond } = started();
    expect(begunInASecond(0)).toBeLessThanOrEqual(23);
    expect(begunInASecond(0)).toBeGreaterThanOrEqual(19);
    expect(begunInASecond(0, 1024 * 1024)).toBeLessThanOrEqual(5);
    expect(begunInASecond(2500)).toBeGreaterThanOrEqual(38);
    expect(begunInASecond(4500)).toBeGreaterThanOrEqual(190);
    expect(begunInASecond(5000)).toBe(10_000);
  });
});
