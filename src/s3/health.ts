/** Readiness: a write and its read-back worked a moment ago. */
import type { Clock } from '../lib/clock.ts';

export interface HealthState {
  readonly ready: boolean;
  readonly reason?: string;
}

export interface Health {
  ready(): Promise<HealthState>;
}

const freshMs = 2000;

/** `probe` writes, reads back and compares; its result is kept for two seconds, so that polling costs nothing. */
export function createHealth(probe: () => Promise<void>, clock: Clock): Health {
  let checkedMs = Number.NEGATIVE_INFINITY;
  let state: Promise<HealthState> | undefined;
  return {
    ready() {
      if (state === undefined || clock.nowMs() - checkedMs > freshMs) {
        checkedMs = clock.nowMs();
        state = probe().then(
          () => ({ ready: true }),
          (error: unknown) => ({ ready: false, reason: error instanceof Error ? error.message : String(error) }),
        );
      }
      return state;
    },
  };
}
