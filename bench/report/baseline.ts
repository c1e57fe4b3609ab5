/**
 * The ratios of an earlier run, committed beside the bench. Ratios travel between machines better than figures do, as the
 * limits are measured on the same machine in the same minute.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import type { Figure } from './figure.ts';

const baselineSchema = z.strictObject({
  date: z.string(),
  machine: z.string(),
  ratios: z.record(z.string(), z.number().positive()),
});

export type Baseline = z.infer<typeof baselineSchema>;

/** A change may cost this share of a ratio before it is named. */
const tolerance = 0.1;

/** A ratio that is worse than in the baseline by more than the tolerance. */
export interface Regression {
  readonly name: string;
  readonly title: string;
  readonly ratio: number;
  readonly before: number;
}

export function readBaseline(path: string): Baseline {
  return baselineSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
}

/** Keeps what the earlier baseline had of works that were not measured now. */
export function writeBaseline(path: string, { now, before }: { now: Baseline; before: Baseline | undefined }): void {
  const ratios = Object.entries({ ...before?.ratios, ...now.ratios }).sort(([a], [b]) => (a < b ? -1 : 1));
  writeFileSync(path, `${JSON.stringify({ ...now, ratios: Object.fromEntries(ratios) }, undefined, 2)}\n`);
}

export function ratiosOf(figures: readonly Figure[]): Record<string, number> {
  return Object.fromEntries(
    figures.flatMap(({ name, ratio = Number.NaN }) =>
      Number.isFinite(ratio) && ratio > 0 ? [[name, Number(ratio.toPrecision(3))] as const] : [],
    ),
  );
}

/** What got worse. Works that the baseline does not know, or that were not measured, are no regressions. */
export function compare(figures: readonly Figure[], { ratios }: Baseline): readonly Regression[] {
  return figures.flatMap(({ name, title, ratio, aim }) => {
    const before = ratios[name];
    if (ratio === undefined || before === undefined) return [];
    const isWorse = aim?.isMost ? ratio > before * (1 + tolerance) : ratio < before * (1 - tolerance);
    return isWorse ? [{ name, title, ratio, before }] : [];
  });
}
