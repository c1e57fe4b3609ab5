/**
 * Figures of requests, by CloudWatch's names: of all since the start, and of each of the last minutes. They are lost with the
 * process, as those who collect them expect.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/metrics-dimensions.html
 */

export const requestTypes = ['Get', 'Put', 'Delete', 'Head', 'Post', 'Select', 'List'] as const;
/** Each request is of one of them. */
export type RequestType = (typeof requestTypes)[number];

export const measures = ['BytesDownloaded', 'BytesUploaded', 'FirstByteLatency', 'TotalRequestLatency'] as const;
export type Measure = (typeof measures)[number];

/** One answered request. */
export interface RequestSample {
  readonly type: RequestType;
  /** Of the answer. */
  readonly status: number;
  /** Of the bodies; 0 where there was none. */
  readonly bytesDownloaded: number;
  readonly bytesUploaded: number;
  /** From the last byte of the request to the first of the answer. */
  readonly firstByteMs: number;
  readonly totalMs: number;
}

/** Of so many values. */
export interface Statistic {
  count: number;
  sum: number;
  min: number;
  max: number;
}

/** Limits of a histogram of latencies, in milliseconds; a value counts in the first that is not below it, or in none. */
export const latencyLimitsMs = [1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000] as const;

const minuteMs = 60_000;
/** Minutes that are kept, the one under way included. */
const minutesMax = 16;

export class RequestFigures {
  /** By type of request; those of which there was none are left out. */
  readonly requests = new Map<RequestType, number>();
  errors4xx = 0;
  errors5xx = 0;
  /** Those without a value are left out. */
  readonly statistics = new Map<Measure, Statistic>();

  get allRequests(): number {
    return [...this.requests.values()].reduce((sum, count) => sum + count, 0);
  }

  note({ type, status, bytesDownloaded, bytesUploaded, firstByteMs, totalMs }: RequestSample): void {
    this.requests.set(type, (this.requests.get(type) ?? 0) + 1);
    if (status >= 400 && status < 500) this.errors4xx++;
    if (status >= 500) this.errors5xx++;
    if (bytesDownloaded > 0) this.#measure('BytesDownloaded', bytesDownloaded);
    if (bytesUploaded > 0) this.#measure('BytesUploaded', bytesUploaded);
    this.#measure('FirstByteLatency', firstByteMs);
    this.#measure('TotalRequestLatency', totalMs);
  }

  #measure(measure: Measure, value: number): void {
    const known = this.statistics.get(measure);
    if (known === undefined) {
      this.statistics.set(measure, { count: 1, sum: value, min: value, max: value });
      return;
    }
    known.count++;
    known.sum += value;
    known.min = Math.min(known.min, value);
    known.max = Math.max(known.max, value);
  }
}

/** What is known of the requests that one configuration counts. */
export class RequestSeries {
  readonly total = new RequestFigures();
  /** How many latencies are in each part of the histogram, without those in the parts before. */
  readonly firstByte: number[] = latencyLimitsMs.map(() => 0);
  readonly whole: number[] = latencyLimitsMs.map(() => 0);
  /** By the minute in which they were answered, the oldest first. */
  readonly #minutes = new Map<number, RequestFigures>();

  note(sample: RequestSample, nowMs: number): void {
    this.total.note(sample);
    enter(this.firstByte, sample.firstByteMs);
    enter(this.whole, sample.totalMs);
    const minute = Math.floor(nowMs / minuteMs) * minuteMs;
    const known = this.#minutes.get(minute);
    const figures = known ?? new RequestFigures();
    if (known === undefined) {
      this.#minutes.set(minute, figures);
      const [oldest = minute] = this.#minutes.keys();
      if (this.#minutes.size > minutesMax) this.#minutes.delete(oldest);
    }
    figures.note(sample);
  }

  /** Figures of the last quarter of an hour, by when their minutes began; without the minute under way, which may yet change. */
  minutes(nowMs: number): readonly (readonly [startedMs: number, figures: RequestFigures])[] {
    const under = Math.floor(nowMs / minuteMs) * minuteMs;
    return [...this.#minutes].filter(([at]) => at < under && at > under - minutesMax * minuteMs);
  }
}

function enter(histogram: number[], ms: number): void {
  const at = latencyLimitsMs.findIndex((limit) => ms <= limit);
  if (at !== -1) histogram[at] = (histogram[at] ?? 0) + 1;
}
