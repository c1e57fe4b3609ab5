/**
 * Figures of a machine that others use too drift within seconds. So a work and its limit are measured by turns, in short
 * slices, and the ratio is the median of the ratios of neighbours.
 */
import { median } from './report/statistics.ts';

export const rounds = 3;

export interface Turns {
  /** Medians. */
  readonly measured: number;
  readonly limit: number;
  readonly ratio: number;
}

/** Both give a speed: more is better. */
export async function byTurns(
  count: number,
  { measure, measureLimit }: { measure: () => Promise<number>; measureLimit: () => Promise<number> },
): Promise<Turns> {
  const pairs: { readonly measured: number; readonly limit: number }[] = [];
  for (let i = 0; i < count; i++) {
    const limit = await measureLimit();
    pairs.push({ limit, measured: await measure() });
  }
  return {
    measured: median(pairs.map(({ measured }) => measured)),
    limit: median(pairs.map(({ limit }) => limit)),
    ratio: median(pairs.map(({ measured, limit }) => measured / limit)),
  };
}
