/**
 * Scrub: reads and verifies everything once in a period, at a bounded rate, in passes over the segments in the order of their
 * ids. What is bad is marked on the segment, and goes to repair. Where a pass stands is saved, and with it what is known to
 * be damaged, so that neither a restart nor many of them keep anything from being verified or mended.
 */
import type { BlobMaintenance, SegmentHealth } from '../blob/maintenance/types.ts';
import type { Clock } from '../lib/clock.ts';
import type { Job, StepOutcome } from './job.ts';
import type { JobStateStore } from './job-state.ts';
import { Progress } from './progress.ts';
import { decodeScrubState, encodeScrubState, type ScrubState } from './scrub-state.ts';
import { SegmentWork } from './segment-work.ts';

export interface ScrubOptions {
  readonly maintenance: BlobMaintenance;
  readonly clock: Clock;
  readonly state: JobStateStore;
  /** From the start of a pass to that of the next one. */
  readonly periodMs: number;
  readonly bytesPerSecond: number;
  readonly idlePauseMs?: number;
}

const defaultIdlePauseMs = 10_000;
/** A state that is a little old costs as much reading again. */
const savePauseMs = 10_000;
/** More is not remembered over a restart; the next pass finds it again. */
const damagedSegmentsMax = 1000;

export function scrub(options: ScrubOptions): Job {
  const work = new ScrubWork(options);
  return {
    name: 'scrub',
    idlePauseMs: options.idlePauseMs ?? defaultIdlePauseMs,
    step: () => work.step(),
    status: () => work.status(),
  };
}

class ScrubWork {
  readonly #options: ScrubOptions;
  readonly #work: SegmentWork;
  readonly #progress: Progress;
  #state: ScrubState | undefined;
  #saved = '';
  #savedMs = 0;
  #scrubbedSegments = 0;
  #hasRested = false;
  /** Since when each open segment has been seen. */
  #openSinceMs: ReadonlyMap<string, number> = new Map();

  constructor(options: ScrubOptions) {
    const { clock, bytesPerSecond } = options;
    this.#options = options;
    this.#work = new SegmentWork({ clock, bytesPerSecond });
    this.#progress = new Progress(clock);
  }

  async step(): Promise<StepOutcome> {
    // A start has other things to read.
    if (!this.#hasRested) {
      this.#hasRested = true;
      return 'idle';
    }
    const state = this.#state ?? (await this.#resume());
    if (this.#work.segment === undefined) {
      const next = this.#next(state);
      if (!next) return this.#rest();
      this.#work.begin(next, this.#options.maintenance.scrub(next));
    }
    const before = this.#work.bytes;
    const outcome = await this.#work.step((segment) => this.#finished(segment));
    this.#progress.add(this.#work.bytes - before);
    return outcome;
  }

  status(): Readonly<Record<string, number | string>> {
    const { periodMs, maintenance } = this.#options;
    const allBytes = sumBytes(maintenance.health());
    const { passStartedMs, passEndedMs, after } = this.#state ?? {};
    return {
      pass: after === undefined ? 'done' : 'under way',
      ...(passStartedMs !== undefined && { passStartedMs }),
      ...(passEndedMs !== undefined && { passEndedMs }),
      scrubbedSegments: this.#scrubbedSegments,
      damagedSegments: maintenance.health().filter(({ damaged }) => damaged.length > 0).length,
      failedSegments: this.#work.postponedCount,
      ...(this.#work.segment !== undefined && { segment: this.#work.segment }),
      ...this.#progress.describe(),
      /** With a lower rate than this a pass takes longer than the period. */
      bytesPerSecondNeeded: Math.ceil(allBytes / (periodMs / 1000)),
    };
  }

  async #resume(): Promise<ScrubState> {
    const { state, maintenance, clock } = this.#options;
    const text = await state.load();
    const resumed = text === undefined ? undefined : decodeScrubState(text);
    for (const [segment, shards] of Object.entries(resumed?.damaged ?? {})) {
      maintenance.markDamaged(segment, { shards, isContradicted: resumed?.contradicted.includes(segment) ?? false });
    }
    this.#saved = text ?? '';
    this.#state = resumed ?? {
      passStartedMs: clock.nowMs(),
      after: '',
      passEndedMs: undefined,
      damaged: {},
      contradicted: [],
    };
    return this.#state;
  }

  /** The segment that comes next in the pass; undefined if none does. What fails is left for the next pass. */
  #next({ after }: ScrubState): string | undefined {
    if (after === undefined) return undefined;
    const left = this.#options.maintenance.health().filter(({ isSealed, segment }) => isSealed && segment > after);
    this.#progress.leftBytes = sumBytes(left);
    const ids = left.map(({ segment }) => segment).filter((segment) => !this.#work.isPostponed(segment));
    return ids.reduce<string | undefined>((least, id) => (least === undefined || id < least ? id : least), undefined);
  }

  async #finished(segment: string): Promise<void> {
    this.#work.succeeded(segment);
    this.#scrubbedSegments++;
    if (this.#state) this.#state = { ...this.#state, after: segment };
    if (this.#options.clock.nowMs() - this.#savedMs >= savePauseMs) await this.#save();
  }

  /** The pass is over: the next one begins when its time has come. */
  async #rest(): Promise<StepOutcome> {
    const { clock, periodMs } = this.#options;
    const nowMs = clock.nowMs();
    if (this.#state?.after !== undefined) this.#state = { ...this.#state, after: undefined, passEndedMs: nowMs };
    this.#retireOld();
    const isDue = this.#state !== undefined && nowMs - this.#state.passStartedMs >= periodMs;
    if (isDue && this.#state) this.#state = { ...this.#state, passStartedMs: nowMs, after: '' };
    await this.#save();
    return isDue ? 'busy' : 'idle';
  }

  /** What stays open for a whole period would never be read. */
  #retireOld(): void {
    const { clock, maintenance, periodMs } = this.#options;
    const nowMs = clock.nowMs();
    const open = maintenance.health().filter(({ isSealed, shardBytes }) => !isSealed && shardBytes > 0);
    this.#openSinceMs = new Map(open.map(({ segment }) => [segment, this.#openSinceMs.get(segment) ?? nowMs]));
    if (this.#openSinceMs.values().some((sinceMs) => nowMs - sinceMs >= periodMs)) maintenance.retireOpen();
  }

  async #save(): Promise<void> {
    // A store in which there was nothing to read yet has nothing to remember either.
    if (!this.#state || (this.#scrubbedSegments === 0 && this.#saved === '')) return;
    const damaged = this.#options.maintenance
      .health()
      .filter((health) => health.damaged.length > 0)
      .slice(0, damagedSegmentsMax);
    this.#state = {
      ...this.#state,
      damaged: Object.fromEntries(damaged.map((health) => [health.segment, health.damaged])),
      contradicted: damaged.filter(({ isContradicted }) => isContradicted).map(({ segment }) => segment),
    };
    const text = encodeScrubState(this.#state);
    if (text === this.#saved) return;
    await this.#options.state.save(text);
    this.#saved = text;
    this.#savedMs = this.#options.clock.nowMs();
  }
}

/** Bytes of all shard files. */
function sumBytes(segments: readonly SegmentHealth[]): number {
  return segments.reduce(
    (sum, { shardBytes, goodShards, damaged }) => sum + shardBytes * (goodShards + damaged.length),
    0,
  );
}
