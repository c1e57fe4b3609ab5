/**
 * How fast a lane goes on where its target may take nothing: at once while enough is taken, else a piece now and then. So a target
 * that is away is not sent all that waits for it, and one that refuses much is still sent the rest.
 */
import type { Clock } from '../lib/clock.ts';

const pauseMs = 5000;

export class Pace {
  readonly #clock: Clock;
  #enough = 0;
  #taken = 0;
  #nextMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get mayGoOn(): boolean {
    return this.#taken >= this.#enough || this.#clock.nowMs() >= this.#nextMs;
  }

  /** A piece is begun, of which so many are enough to go on. */
  began(enough: number): void {
    [this.#enough, this.#taken] = [enough, 0];
    this.#nextMs = this.#clock.nowMs() + pauseMs;
  }

  taken(): void {
    this.#taken++;
  }
}
