/** Of what may lie on either side of bounds of confidence. */
const oneSideShare = 0.025;

/** The middle one; of an even number the mean of the two. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const upper = sorted[Math.floor(middle)] ?? Number.NaN;
  const lower = sorted[Math.ceil(middle) - 1] ?? Number.NaN;
  return (lower + upper) / 2;
}

/**
 * Between which values the median of what these are drawn from lies, with a confidence of at least 95 of 100, whatever its
 * distribution: each value is above the median as often as below, so how many are is binomial. Of fewer than six all are.
 */
export function medianBounds(values: readonly number[]): readonly [number, number] {
  const sorted = [...values].sort((a, b) => a - b);
  const { length } = sorted;
  let outside = 0;
  let left = 0;
  // Of so many coins at most `left` show heads.
  for (let chance = 0.5 ** length; left < length / 2; left++) {
    outside += chance;
    if (outside > oneSideShare) break;
    chance *= (length - left) / (left + 1);
  }
  const lowest = Math.max(0, left - 1);
  return [sorted[lowest] ?? Number.NaN, sorted[length - 1 - lowest] ?? Number.NaN];
}

/** The value that the share of all values is not above. */
export function percentile(sorted: Float64Array, share: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}

export function sortedTogether(parts: readonly Float64Array[]): Float64Array {
  const all = new Float64Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all.sort();
}
