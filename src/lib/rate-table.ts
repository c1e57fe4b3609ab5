/**
 * Limits how often something may happen for each of many keys: so many times a second, and more at once after a rest. It is
 * the generic cell rate algorithm, a token bucket of which one number is kept: the time at which the bucket will be full.
 *
 * The table is bounded. A key whose bucket is full needs no place in it, so only somebody with more keys than there are
 * places, all of them busy, gains by being forgotten, and no more than a full bucket.
 */
import type { Clock } from './clock.ts';
import { RecentMap } from './recent-map.ts';

export interface Rate {
  readonly perSecond: number;
  /** How many may come at once after a rest. */
  readonly burst: number;
}

const keysMax = 65_536;

export class RateTable {
  readonly #intervalMs: number;
  readonly #burstMs: number;
  readonly #clock: Clock;
  readonly #fullAtMs: RecentMap<string, number>;

  constructor({ perSecond, burst }: Rate, clock: Clock, sizeMax = keysMax) {
    this.#intervalMs = 1000 / perSecond;
    this.#burstMs = burst * this.#intervalMs;
    this.#clock = clock;
    this.#fullAtMs = new RecentMap(sizeMax);
  }

  /** Takes one from the key's bucket; false, and nothing taken, if it is empty. */
  take(key: string): boolean {
    const nowMs = this.#clock.nowMs();
    const fullAtMs = Math.max(this.#fullAtMs.get(key) ?? 0, nowMs) + this.#intervalMs;
    // Adding up fractions of milliseconds loses some of them.
    if (fullAtMs - nowMs > this.#burstMs + 1e-3) return false;
    this.#fullAtMs.set(key, fullAtMs);
    return true;
  }
}
