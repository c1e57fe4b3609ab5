/**
 * The one shape of background work, and the runner of it. A job does bounded steps; the runner decides when: soon again
 * while there is work, after the job's own pause when there is none, later and later while it fails. It never runs two steps
 * of a job at once, and one job's trouble does not delay another's. Time comes from a Clock; the timer only wakes `runDue`,
 * which a test calls by itself.
 */
import assert from 'node:assert/strict';
import type { Clock } from '../lib/clock.ts';

/** What a step says: `busy` if more of the same waits, `idle` if all is done for now. */
export type StepOutcome = 'busy' | 'idle';

export interface Job {
  readonly name: string;
  /** Pause after an idle step, in milliseconds. */
  readonly idlePauseMs: number;
  /** One piece of work, bounded to about a second. Must be safe to stop after, for ever. */
  step(): Promise<StepOutcome>;
  /** Figures of the job's own, for people: what it has done since the start, what it has before it. */
  status(): Readonly<Record<string, number | string>>;
}

export interface JobStatus {
  readonly name: string;
  readonly state: 'running' | 'waiting' | 'failing' | 'stopped';
  readonly steps: number;
  /** When the next step is due, in milliseconds since 1970. */
  readonly nextRunMs: number;
  readonly lastRunMs?: number;
  /** Steps that failed since the last that did not. */
  readonly failures: number;
  readonly lastError?: string;
  readonly details: Readonly<Record<string, number | string>>;
}

export interface JobRunnerOptions {
  readonly jobs: readonly Job[];
  readonly clock: Clock;
  /** Called with every failed step; the job goes on. */
  readonly onFailure: (job: string, error: unknown) => void;
  /** Share of time that a busy job may take, above 0 and up to 1. */
  readonly busyShare?: number;
}

export interface JobRunner {
  /** Runs one step of every job that is due and not running, and waits for them. */
  runDue(): Promise<void>;
  /** Wakes `runDue` by a timer from now on. The timer does not keep the process alive. */
  start(): void;
  /** Starts no further step and waits for those under way. */
  stop(): Promise<void>;
  status(): readonly JobStatus[];
}

const defaultBusyShare = 0.25;
const wakeUpMs = 1000;
const failurePauseMsMin = 1000;
const failurePauseMsMax = 300_000;

/** A job with what the runner knows of it. */
class Runnable {
  readonly job: Job;
  nextRunMs: number;
  running: Promise<void> | undefined;
  lastRunMs: number | undefined;
  steps = 0;
  failures = 0;
  lastError: string | undefined;

  constructor(job: Job, nowMs: number) {
    this.job = job;
    this.nextRunMs = nowMs;
  }

  status(stopped: boolean): JobStatus {
    const idleState = stopped ? 'stopped' : this.failures > 0 ? 'failing' : 'waiting';
    return {
      name: this.job.name,
      state: this.running === undefined ? idleState : 'running',
      steps: this.steps,
      nextRunMs: this.nextRunMs,
      ...(this.lastRunMs !== undefined && { lastRunMs: this.lastRunMs }),
      failures: this.failures,
      ...(this.lastError !== undefined && { lastError: this.lastError }),
      details: this.job.status(),
    };
  }
}

export function createJobRunner(options: JobRunnerOptions): JobRunner {
  const { clock, onFailure, busyShare = defaultBusyShare } = options;
  assert(busyShare > 0 && busyShare <= 1, 'busyShare is a share of time');
  const runnables = options.jobs.map((job) => new Runnable(job, clock.nowMs()));
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;

  async function run(runnable: Runnable): Promise<void> {
    const startedMs = clock.nowMs();
    runnable.lastRunMs = startedMs;
    let pauseMs: number;
    try {
      const outcome = await runnable.job.step();
      const tookMs = clock.nowMs() - startedMs;
      pauseMs = outcome === 'idle' ? runnable.job.idlePauseMs : tookMs * (1 / busyShare - 1);
      runnable.failures = 0;
      runnable.lastError = undefined;
    } catch (error) {
      pauseMs = Math.min(failurePauseMsMin * 2 ** runnable.failures, failurePauseMsMax);
      runnable.failures++;
      runnable.lastError = error instanceof Error ? error.message : String(error);
      onFailure(runnable.job.name, error);
    }
    runnable.steps++;
    runnable.nextRunMs = clock.nowMs() + pauseMs;
    runnable.running = undefined;
  }

  async function runDue(): Promise<void> {
    if (stopped) return;
    const due = runnables.filter(({ running, nextRunMs }) => running === undefined && nextRunMs <= clock.nowMs());
    await Promise.all(
      due.map((runnable) => {
        runnable.running = run(runnable);
        return runnable.running;
      }),
    );
  }

  return {
    runDue,
    start() {
      assert(!stopped && timer === undefined, 'a runner is started once');
      timer = setInterval(runDue, wakeUpMs).unref();
    },
    async stop() {
      stopped = true;
      clearInterval(timer);
      await Promise.all(runnables.map(({ running }) => running));
    },
    status: () => runnables.map((runnable) => runnable.status(stopped)),
  };
}
