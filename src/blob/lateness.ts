/**
 * When a read of a shard is late: so late that it pays to ask others for what it should give. That follows from how long reads
 * take of late, by their median, which a few disks that are slow do not move. When all of them get slower, as under load that
 * more reads would only add to, so does the limit.
 */

/** Disks and this process pause for some milliseconds for many reasons. */
const LATE_AFTER_MS_MIN = 50;
const LATE_AFTER_MEDIANS = 20;
/** What the median is moved by with each read, in proportion. */
const STEP = 1.05;
const MEDIAN_MS_MIN = 0.01;

export class Lateness {
  readonly #limitMsMax: number;
  #medianMs = 1;

  constructor(limitMsMax: number) {
    this.#limitMsMax = limitMsMax;
  }

  /** A read that has not ended after so long is late. */
  get limitMs(): number {
    return Math.min(Math.max(LATE_AFTER_MEDIANS * this.#medianMs, LATE_AFTER_MS_MIN), this.#limitMsMax);
  }

  /** A read has ended, late or not. */
  tookMs(ms: number): void {
    const moved = ms > this.#medianMs ? this.#medianMs * STEP : this.#medianMs / STEP;
    this.#medianMs = Math.min(Math.max(moved, MEDIAN_MS_MIN), this.#limitMsMax);
  }
}
