/**
 * How fast the other side of a connection goes, so that nobody holds a request open by a few bytes now and then. Only the
 * time counts in which the server waits for it: where the server is the slow one, nobody is to blame.
 */
import type { Clock } from '../../lib/clock.ts';

export interface Pacing {
  /** 0 for as slow as may be. */
  readonly bytesPerSecondMin: number;
  /** How much waiting is measured at a time, so that pauses and bursts even out. */
  readonly windowMs: number;
  readonly clock: Clock;
}

export class Pace {
  readonly #pacing: Pacing;
  #sinceMs = 0;
  #waitedMs = 0;
  #bytes = 0;

  constructor(pacing: Pacing) {
    this.#pacing = pacing;
  }

  /** The wait for the other side begins. */
  wait(): void {
    this.#sinceMs = this.#pacing.clock.nowMs();
  }

  /** The wait is over, as so many bytes have moved. Returns whether they went fast enough of late. */
  moved(bytes: number): boolean {
    const { bytesPerSecondMin, windowMs, clock } = this.#pacing;
    this.#waitedMs += clock.nowMs() - this.#sinceMs;
    this.#bytes += bytes;
    if (this.#waitedMs < windowMs) return true;
    const isFast = this.#bytes * 1000 >= bytesPerSecondMin * this.#waitedMs;
    this.#waitedMs = 0;
    this.#bytes = 0;
    return isFast;
  }
}
