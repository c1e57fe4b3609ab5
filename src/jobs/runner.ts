/**
 * Runs background work: soon again while a job has something to do, after the job's own pause when it has not, later and
 * later while it fails. It never runs two steps of a job at once, and one job's trouble does not delay another's. Time comes
 * from a Clock; the timer only wakes `runDue`, which a test calls by itself.
 */
import assert from 'node:assert/strict';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { Job, JobStatus } from './job.ts';

export interface JobRunnerOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** Share of time that a busy job may take, above 0 and up to 1. */
  readonly busyShare?: number;
  /** Called after each step: when the next one is due may have changed. */
  readonly afterStep?: () => void;
}

export interface JobRunner {
  /** Runs one step of every job that is due and not running, and waits for them. */
  runDue(): Promise<void>;
  /** When the next step of those that do not run is due. */
  nextDueMs(): number;
  /** Starts no further step and waits for those under way. */
  stop(): Promise<void>;
  status(): readonly JobStatus[];
  /**
   * `run` asks for a run from now on, `pause` starts no step until `resume`, which makes the next one due now. A pause ends
   * with the process. Returns the job's status, or undefined if there is no such job.
   */
  steer(name: string, action: JobAction): JobStatus | undefined;
}

export type JobAction = 'run' | 'pause' | 'resume';

const defaultBusyShare = 0.25;
/** Steps are short, so that what they disturb is soon over; so must the pauses between them be. */
const wakeUpMsMin = 5;
const wakeUpMsMax = 1000;
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
  isPaused = false;
  runsAsked = 0;
  runsDone = 0;
  /** How many had been asked for when the run began that is under way; undefined between two runs. */
  runsServed: number | undefined;

  constructor(job: Job, nowMs: number) {
    this.job = job;
    this.nextRunMs = nowMs;
  }

  status(stopped: boolean): JobStatus {
    const waitingState = this.isPaused ? 'paused' : this.failures > 0 ? 'failing' : 'waiting';
    const idleState = stopped ? 'stopped' : waitingState;
    return {
      name: this.job.name,
      state: this.running === undefined ? idleState : 'running',
      steps: this.steps,
      nextRunMs: this.nextRunMs,
      ...(this.lastRunMs !== undefined && { lastRunMs: this.lastRunMs }),
      runsAsked: this.runsAsked,
      runsDone: this.runsDone,
      failures: this.failures,
      ...(this.lastError !== undefined && { lastError: this.lastError }),
      details: this.job.status(),
    };
  }
}

/** A runner that wakes by a timer, which does not keep the process alive. */
export function startJobs(jobs: readonly Job[], options: JobRunnerOptions): JobRunner {
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  const arm = (): void => {
    clearTimeout(timer);
    if (stopped) return;
    const dueInMs = runner.nextDueMs() - options.clock.nowMs();
    timer = setTimeout(wake, Math.min(Math.max(dueInMs, wakeUpMsMin), wakeUpMsMax)).unref();
  };
  const wake = (): void => {
    void runner.runDue();
    arm();
  };
  const runner = createJobRunner(jobs, { ...options, afterStep: arm });
  arm();
  return {
    ...runner,
    stop() {
      stopped = true;
      clearTimeout(timer);
      return runner.stop();
    },
  };
}

/** Returns whether another run was asked for meanwhile. */
function endRun(runnable: Runnable): boolean {
  runnable.runsDone = runnable.runsServed ?? 0;
  runnable.runsServed = undefined;
  return runnable.runsAsked > runnable.runsDone;
}

/** A runner that runs only when `runDue` is called. */
export function createJobRunner(jobs: readonly Job[], options: JobRunnerOptions): JobRunner {
  const { clock, log, busyShare = defaultBusyShare, afterStep } = options;
  assert(busyShare > 0 && busyShare <= 1, 'busyShare is a share of time');
  const runnables = jobs.map((job) => new Runnable(job, clock.nowMs()));
  let stopped = false;

  async function run(runnable: Runnable): Promise<void> {
    const startedMs = clock.nowMs();
    runnable.lastRunMs = startedMs;
    runnable.runsServed ??= runnable.runsAsked;
    let pauseMs: number;
    try {
      const outcome = await runnable.job.step();
      const nowMs = clock.nowMs();
      pauseMs = outcome === 'idle' ? runnable.job.idlePauseMs : (nowMs - startedMs) * (1 / busyShare - 1);
      if (typeof outcome === 'object') pauseMs = Math.max(pauseMs, outcome.notBeforeMs - nowMs);
      if (outcome === 'idle' && endRun(runnable)) pauseMs = 0;
      runnable.failures = 0;
      runnable.lastError = undefined;
    } catch (error) {
      pauseMs = Math.min(failurePauseMsMin * 2 ** runnable.failures, failurePauseMsMax);
      runnable.failures++;
      runnable.lastError = error instanceof Error ? error.message : String(error);
      log.warn({ job: runnable.job.name, err: error, pauseMs }, 'A step of background work failed');
    }
    runnable.steps++;
    runnable.nextRunMs = clock.nowMs() + pauseMs;
    runnable.running = undefined;
    afterStep?.();
  }

  return {
    async runDue() {
      if (stopped) return;
      const nowMs = clock.nowMs();
      const due = runnables.filter(
        ({ running, nextRunMs, isPaused }) => running === undefined && nextRunMs <= nowMs && !isPaused,
      );
      await Promise.all(
        due.map((runnable) => {
          runnable.running = run(runnable);
          return runnable.running;
        }),
      );
    },
    nextDueMs() {
      const waiting = runnables.filter(({ running, isPaused }) => running === undefined && !isPaused);
      return Math.min(...waiting.map(({ nextRunMs }) => nextRunMs));
    },
    async stop() {
      stopped = true;
      await Promise.all(runnables.map(({ running }) => running));
    },
    status: () => runnables.map((runnable) => runnable.status(stopped)),
    steer(name, action) {
      const runnable = runnables.find(({ job }) => job.name === name);
      if (runnable === undefined) return undefined;
      if (action !== 'run') runnable.isPaused = action === 'pause';
      if (action === 'run') {
        runnable.runsAsked++;
        runnable.job.begin?.();
      }
      if (action !== 'pause') runnable.nextRunMs = clock.nowMs();
      return runnable.status(stopped);
    },
  };
}
