/** A target that refuses 20,505 keys, with as many events held as in a server. */
import { afterEach, expect, test } from 'vitest';
import { windowMax } from '../../src/lib/ordered-window.ts';
import { RefusingTarget, refuseMoreThanIsHeld } from './refusing-target.ts';

let there: RefusingTarget;
afterEach(() => there.remove());

test('20,505 keys are refused → others are held up for half a minute; once taken, all come within two', async () => {
  there = new RefusingTarget();
  const { passedMs, backMs } = await refuseMoreThanIsHeld(there, windowMax);
  expect(passedMs).toBeLessThan(60_000);
  expect(backMs).toBeLessThan(120_000);
});
