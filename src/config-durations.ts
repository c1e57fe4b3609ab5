/** Lengths of time as the configuration writes them. */
import assert from 'node:assert/strict';
import { z } from 'zod';

/** A length of time with its unit, such as `24h` or `2s`. */
export const durationSchema = z.string().regex(/^[1-9]\d*(ms|s|m|h)$/, 'a number and ms, s, m or h, such as 24h or 2s');

const unitsMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** `24h`, `30m`, `2s`, `500ms` in milliseconds. The schema has checked the form. */
export function durationMs(text: string): number {
  const [, count, unit = ''] = /^(\d+)(\D+)$/.exec(text) ?? [];
  const unitMs = unitsMs[unit];
  assert(unitMs !== undefined, `${text} is a length of time`);
  return Number(count) * unitMs;
}
