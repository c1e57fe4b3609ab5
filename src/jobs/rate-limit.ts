/** How fast work may go on: after so many bytes, or pieces of another kind, so long a pause. What was not used is not saved up. */
import type { Clock } from '../lib/clock.ts';

export class RateLimit {
  readonly #perSecond: number;
  readonly #clock: Clock;
  #freeAtMs = 0;

  constructor(perSecond: number, clock: Clock) {
    this.#perSecond = perSecond;
    this.#clock = clock;
  }

  spend(amount: number): void {
    const fromMs = Math.max(this.#freeAtMs, this.#clock.nowMs());
    this.#freeAtMs = fromMs + (amount / this.#perSecond) * 1000;
  }

  /** When more may be spent; in the past if it may now. */
  get freeAtMs(): number {
    return this.#freeAtMs;
  }

  get isFree(): boolean {
    return this.#freeAtMs <= this.#clock.nowMs();
  }
}
