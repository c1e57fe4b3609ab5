/** Waiting for what becomes true soon: on a busy machine that may be later than the second which the runner's own wait allows. */
import { vi } from 'vitest';

const usual = { timeout: 30_000, interval: 10 };

/** Runs a check again and again until it throws nothing, and resolves to what it returns. */
export function eventually<T>(check: () => T | Promise<T>, waiting: Partial<typeof usual> = {}): Promise<T> {
  return vi.waitFor(check, { ...usual, ...waiting });
}
