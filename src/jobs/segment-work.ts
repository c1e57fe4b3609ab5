/**
 * Work on one segment after another, in steps that are short and keep to a rate. What fails is left alone for a while, longer
 * each time, so that it keeps nothing else waiting.
 */
import type { MaintenanceWork } from '../blob/maintenance/types.ts';
import type { Clock } from '../lib/clock.ts';
import type { StepOutcome } from './job.ts';
import { RateLimit } from './rate-limit.ts';

/** Short, so that what a step takes from requests is spread evenly. */
const stepMsMax = 20;
const postponedMsMin = 10_000;
const postponedMsMax = 3_600_000;

export interface SegmentWorkOptions {
  readonly clock: Clock;
  readonly bytesPerSecond: number;
}

export class SegmentWork {
  readonly #clock: Clock;
  readonly #limit: RateLimit;
  readonly #postponed = new Map<string, { readonly untilMs: number; readonly failures: number }>();
  #current: { readonly segment: string; readonly work: MaintenanceWork } | undefined;
  #bytes = 0;

  constructor({ clock, bytesPerSecond }: SegmentWorkOptions) {
    this.#clock = clock;
    this.#limit = new RateLimit(bytesPerSecond, clock);
  }

  /** The segment that is worked on. */
  get segment(): string | undefined {
    return this.#current?.segment;
  }

  /** Bytes read and written since the start. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Segments that are left alone for now. */
  get postponedCount(): number {
    return this.#postponed.size;
  }

  isPostponed(segment: string): boolean {
    return (this.#postponed.get(segment)?.untilMs ?? 0) > this.#clock.nowMs();
  }

  begin(segment: string, work: MaintenanceWork): void {
    this.#current = { segment, work };
  }

  /** Goes on with what was begun; `hasFinished` tells of its end. Rejects with what the work rejects with, and gives it up. */
  async step(hasFinished: (segment: string) => void | Promise<void>): Promise<StepOutcome> {
    const startedMs = this.#clock.nowMs();
    while (this.#current && this.#limit.isFree && this.#clock.nowMs() - startedMs < stepMsMax) {
      const { segment, work } = this.#current;
      try {
        const { done, value } = await work.next();
        if (done) {
          this.#current = undefined;
          await hasFinished(segment);
        } else {
          this.#bytes += value;
          this.#limit.spend(value);
        }
      } catch (error) {
        this.#current = undefined;
        this.postpone(segment);
        throw error;
      }
    }
    return { notBeforeMs: this.#limit.freeAtMs };
  }

  /** It went as it should. */
  succeeded(segment: string): void {
    this.#postponed.delete(segment);
  }

  /** Leaves a segment alone for a while. */
  postpone(segment: string): void {
    const failures = this.#postponed.get(segment)?.failures ?? 0;
    const pauseMs = Math.min(postponedMsMin * 2 ** failures, postponedMsMax);
    this.#postponed.set(segment, { untilMs: this.#clock.nowMs() + pauseMs, failures: failures + 1 });
  }
}
