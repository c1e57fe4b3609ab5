/** Sizes, times and spans as people read them. Pure. */

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

/** Three digits at least, in the largest unit that leaves one before the point: `1.50 GiB`, `12 B`. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  const digits = unit === 0 || value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return `${value.toFixed(digits)} ${units[unit]}`;
}

const spans = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1000],
] as const;

/** The two largest units that are not zero: `3 days 4 hours`, `12 seconds`. */
export function formatSpan(ms: number): string {
  const first = spans.findIndex(([, unitMs]) => ms >= unitMs);
  if (first < 0) return 'less than a second';
  let restMs = ms;
  const parts: string[] = [];
  for (const [name, unitMs] of spans.slice(first, first + 2)) {
    const count = Math.floor(restMs / unitMs);
    restMs -= count * unitMs;
    if (count > 0) parts.push(`${count} ${name}${count === 1 ? '' : 's'}`);
  }
  return parts.join(' ');
}

/** To the second, in UTC: `2026-01-31 12:00:00Z`. */
export function formatTime(epochMs: number): string {
  return `${new Date(epochMs).toISOString().slice(0, 19).replace('T', ' ')}Z`;
}
