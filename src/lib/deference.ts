/**
 * Work in the background that holds back while clients' requests are served: it begins little then, but the more the longer
 * it has waited. So a burst of requests costs its clients nearly nothing of what it leaves to be done, and what goes on for
 * longer is shared: what has waited for long enough begins at once, whoever asks.
 */
import type { Clock } from './clock.ts';

/** A pause between requests that is longer shows that nobody is in a hurry. */
const busyForMs = 50;
/** What may begin in a second while clients are served, of what has only just come. */
const perSecond = 20;
/** What may begin at once after a time without any. */
const burst = 2;
/** As much as one more. */
const bytesPerPiece = 256 * 1024;

/** Tells when clients were served last. */
export class Foreground {
  /** A steady one. */
  readonly #clock: Clock;
  #lastMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A request came, or was answered. */
  note(): void {
    this.#lastMs = this.#clock.nowMs();
  }

  get isBusy(): boolean {
    return this.#clock.nowMs() - this.#lastMs < busyForMs;
  }
}

export interface DeferenceOptions {
  readonly foreground: Pick<Foreground, 'isBusy'>;
  readonly clock: Clock;
  /** What has waited for so long holds back no more. */
  readonly patienceMs: number;
}

export class Deference {
  readonly #options: DeferenceOptions;
  #credit = burst;
  #atMs: number;

  constructor(options: DeferenceOptions) {
    this.#options = options;
    this.#atMs = options.clock.nowMs();
  }

  /** Whether something may begin now that waits since then; if so, it counts as begun. */
  mayBegin({ sinceMs, bytes = 0 }: { sinceMs: number; bytes?: number }): boolean {
    const { foreground, clock, patienceMs } = this.#options;
    if (!foreground.isBusy) return true;
    const nowMs = clock.nowMs();
    const share = 1 - (nowMs - sinceMs) / patienceMs;
    if (share <= 0) return true;
    this.#credit = Math.min(burst, this.#credit + ((nowMs - this.#atMs) * perSecond) / 1000);
    this.#atMs = nowMs;
    if (this.#credit < 0) return false;
    this.#credit -= share * (1 + bytes / bytesPerPiece);
    return true;
  }
}
