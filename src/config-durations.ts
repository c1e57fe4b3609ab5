/** Lengths of time as the configuration writes them. */
import assert from 'node:assert/strict';

const unitsMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** `24h`, `30m`, `2s`, `500ms` in milliseconds. The schema has checked the form. */
export function durationMs(text: string): number {
  const [, count, unit = ''] = /^(\d+)(\D+)$/.exec(text) ?? [];
  const unitMs = unitsMs[unit];
  assert(unitMs !== undefined, `${text} is a length of time`);
  return Number(count) * unitMs;
}
