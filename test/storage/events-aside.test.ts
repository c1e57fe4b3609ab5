/** A target that refuses more keys than are held: what is refused waits in the index, and all others pass, each key in its order. */
import { afterEach, expect, test } from 'vitest';
import { keyOf, numbered, RefusingTarget, refuseMoreThanIsHeld } from './refusing-target.ts';

let there: RefusingTarget;
afterEach(() => there.remove());

test('more keys are refused than are held → all others pass; each key in its order once it is taken, after a restart too', async () => {
  there = new RefusingTarget({ heldMax: 200 });
  await refuseMoreThanIsHeld(there, 200);
});

test('the target takes several, and one of them has it refuse all → those beside it pass, however many are refused', async () => {
  there = new RefusingTarget({ heldMax: 100, batchMax: 10 });
  await there.start();
  there.takes = (key) => key.startsWith('good');
  const mixed = numbered('refused', 250).flatMap((key, n) => [key, `good-${n}`]);
  await there.post(...mixed);
  await there.untilTaken(250);
  expect(there.taken.map(keyOf).toSorted()).toEqual(numbered('good', 250).toSorted());
  await there.stop();
});

test('what was set aside is refused for too long → dead letters, and their keys go on', async () => {
  there = new RefusingTarget({ heldMax: 100, retryForMs: 120_000 });
  await there.start();
  const refused = numbered('refused', 150);
  await there.post(...refused, ...refused);
  for (let seconds = 0; seconds < 100; seconds += 5) await there.step(5000);
  expect(await there.left(true)).toBe(0);
  there.takes = (_key, number) => number >= 150;
  await there.untilTaken(150);
  expect(await there.left()).toBe(0);
  expect(await there.left(true)).toBe(150);
  await there.stop();
});
