/**
 * Which ring of tests runs. The quick ring draws some cases of what has many, the same in every run; the slow ring runs
 * these files again with all of them (`vitest.slow.config.ts` says which).
 */
import { SeededRandom } from './seeded-random.ts';

export const isSlowRing = process.env['NINEFOLD_TEST_RING'] === 'slow';

/** All cases in the slow ring; otherwise some of them, in their order. */
export function drawn<T>(cases: readonly T[], count: number, seed: number): readonly T[] {
  if (isSlowRing) return cases;
  const random = new SeededRandom(seed);
  const left = cases.map((_, i) => i);
  while (left.length > count) left.splice(random.below(left.length), 1);
  return cases.filter((_, i) => left.includes(i));
}
