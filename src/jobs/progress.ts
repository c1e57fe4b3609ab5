/** How far work has come that goes on until nothing is left, and when that will be. */
import type { Clock } from '../lib/clock.ts';

export class Progress {
  readonly #clock: Clock;
  #startedMs: number | undefined;
  #doneBytes = 0;
  #leftBytes = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** What is left now; with nothing left, what comes next begins anew. */
  set leftBytes(bytes: number) {
    this.#leftBytes = bytes;
    if (bytes > 0) {
      this.#startedMs ??= this.#clock.nowMs();
    } else {
      this.#startedMs = undefined;
      this.#doneBytes = 0;
    }
  }

  get leftBytes(): number {
    return this.#leftBytes;
  }

  add(bytes: number): void {
    this.#doneBytes += bytes;
  }

  /** Seconds until all is done, if it goes on as it went; undefined until that can be said. */
  get secondsLeft(): number | undefined {
    if (this.#startedMs === undefined || this.#doneBytes === 0) return undefined;
    const tookMs = this.#clock.nowMs() - this.#startedMs;
    return Math.round((this.#leftBytes * tookMs) / this.#doneBytes / 1000);
  }

  /** For the status of a job. */
  describe(): Readonly<Record<string, number>> {
    const { secondsLeft } = this;
    return {
      doneBytes: this.#doneBytes,
      leftBytes: this.#leftBytes,
      ...(secondsLeft !== undefined && { secondsLeft }),
    };
  }
}
