import { expect, test } from 'vitest';
import { Pace } from './pace.ts';

/** Moves so many bytes after each wait; how many waits it goes well. */
function waitsUntilSlow({ waitMs, bytes, pauseMs = 0 }: { waitMs: number; bytes: number; pauseMs?: number }) {
  const clock = { ms: 0, nowMs: () => clock.ms };
  const pace = new Pace({ bytesPerSecondMin: 100, windowMs: 1000, clock });
  for (let count = 0; count < 1000; count++) {
    pace.wait();
    clock.ms += waitMs;
    if (!pace.moved(bytes)) return count;
    clock.ms += pauseMs;
  }
  return Number.POSITIVE_INFINITY;
}

test('slower than may be → found when the window is over, as fast or faster → never', () => {
  expect(waitsUntilSlow({ waitMs: 100, bytes: 9 })).toBe(9);
  expect(waitsUntilSlow({ waitMs: 100, bytes: 10 })).toBe(Number.POSITIVE_INFINITY);
  expect(waitsUntilSlow({ waitMs: 5000, bytes: 499 })).toBe(0);
  expect(waitsUntilSlow({ waitMs: 5000, bytes: 500 })).toBe(Number.POSITIVE_INFINITY);
});

test('time that the server takes for itself → does not count', () => {
  expect(waitsUntilSlow({ waitMs: 1, bytes: 1, pauseMs: 60_000 })).toBe(Number.POSITIVE_INFINITY);
});
