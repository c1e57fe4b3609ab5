/** Waiting for what becomes true soon: on a busy machine that may be later than the second which the runner's own wait allows. */
import { vi } from 'vitest';
import { isSlowRing } from './ring.ts';

/** How long tests wait for what they do not measure. In the slow ring several work at once, and each has ten minutes. */
export const patienceMs = isSlowRing ? 120_000 : 60_000;
const usual = { timeout: patienceMs, interval: 10 };

/** Runs a check again and again until it throws nothing, and resolves to what it returns. */
export function eventually<T>(check: () => T | Promise<T>, waiting: Partial<typeof usual> = {}): Promise<T> {
  return vi.waitFor(check, { ...usual, ...waiting });
}
