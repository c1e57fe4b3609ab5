/** The one shape of background work. `runner.ts` decides when a job does its next step. */

/**
 * What a step says: `busy` if more of the same waits, `idle` if all is done for now, or that more waits which is not to be
 * begun before a time.
 */
export type StepOutcome = 'busy' | 'idle' | { readonly notBeforeMs: number };

export interface Job {
  readonly name: string;
  /** Pause after an idle step, in milliseconds. */
  readonly idlePauseMs: number;
  /** Of a job that works at times of its own: someone asked for a run now, whether or not one is due. Its next step begins it. */
  begin?(): void;
  /** One piece of work, bounded to about a second. Must be safe to stop after, for ever. */
  step(): Promise<StepOutcome>;
  /** Figures of the job's own, for people: what it has done since the start, what it has before it. */
  status(): Readonly<Record<string, number | string>>;
}

export interface JobStatus {
  readonly name: string;
  readonly state: 'running' | 'waiting' | 'paused' | 'failing' | 'stopped';
  readonly steps: number;
  /** When the next step is due, in milliseconds since 1970. */
  readonly nextRunMs: number;
  readonly lastRunMs?: number;
  /** How many runs were asked for since the start, and how many of these have come to their end. A run ends with an idle step. */
  readonly runsAsked: number;
  readonly runsDone: number;
  /** Steps that failed since the last that did not. */
  readonly failures: number;
  readonly lastError?: string;
  readonly details: Readonly<Record<string, number | string>>;
}
