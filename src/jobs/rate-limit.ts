/** How fast work may go on: after so many bytes, so long a pause. What was not used is not saved up. */
import type { Clock } from '../lib/clock.ts';

export class RateLimit {
  readonly #bytesPerSecond: number;
  readonly #clock: Clock;
  #freeAtMs = 0;

  constructor(bytesPerSecond: number, clock: Clock) {
    this.#bytesPerSecond = bytesPerSecond;
    this.#clock = clock;
  }

  spend(bytes: number): void {
    const fromMs = Math.max(this.#freeAtMs, this.#clock.nowMs());
    this.#freeAtMs = fromMs + (bytes / this.#bytesPerSecond) * 1000;
  }

  /** When more may be spent; in the past if it may now. */
  get freeAtMs(): number {
    return this.#freeAtMs;
  }

  get isFree(): boolean {
    return this.#freeAtMs <= this.#clock.nowMs();
  }
}
