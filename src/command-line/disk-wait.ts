/**
 * Waits for what a change of disks has the server do in the background, and says how far that is. It ends when nothing is
 * left to be done, or when nobody would see the end of it: the work is paused, or nothing has happened for a while.
 */
import type { JobDescription } from '../admin/status-schema.ts';
import type { Clock } from '../lib/clock.ts';
import { formatBytes, formatSpan } from './quantities.ts';

export interface DiskWait {
  /** The background work of the server, as it is now. Rejects if the server does not answer. */
  readonly look: () => Promise<readonly JobDescription[]>;
  readonly clock: Clock;
  readonly pause: (ms: number) => Promise<void>;
  readonly print: (text: string) => void;
  readonly complain: (text: string) => void;
}

const lookEveryMs = 500;
const sayEveryMs = 5000;
/** Longer than the first pause after a failure. */
const stillMsMax = 30_000;

/** What is left to be done, over the jobs that do it. */
interface Left {
  readonly shards: number;
  readonly segments: number;
  /** Of these, what no disk can take now, and what failed and is tried again later. */
  readonly waiting: number;
  readonly failed: number;
  readonly bytes: number;
  readonly secondsLeft: number;
  /** Read and written since the server's start. */
  readonly ioBytes: number;
  readonly paused: readonly string[];
  readonly lastError: string | undefined;
}

/** Returns the exit code: 0 when all is done. */
export async function waitForDisks({ look, clock, pause, print, complain }: DiskWait): Promise<number> {
  const startedMs = clock.nowMs();
  let first: Left | undefined;
  let [seen, seenMs, saidMs] = ['', startedMs, Number.NEGATIVE_INFINITY];
  for (;;) {
    const left = leftOf(await look());
    const nowMs = clock.nowMs();
    first ??= left;
    if (left.shards + left.segments === 0) {
      print(`Done after ${formatSpan(nowMs - startedMs)}.`);
      return 0;
    }
    const figures = JSON.stringify([left.shards, left.segments, left.ioBytes]);
    if (figures !== seen) [seen, seenMs] = [figures, nowMs];
    const trouble = troubleOf(left, nowMs - seenMs);
    if (trouble !== undefined) {
      complain(`${trouble} What is left: ${describeLeft(left)}.`);
      return 1;
    }
    if (nowMs - saidMs >= sayEveryMs) {
      const bytesPerSecond = ((left.ioBytes - first.ioBytes) * 1000) / Math.max(1, nowMs - startedMs);
      print(describeProgress(left, bytesPerSecond));
      saidMs = nowMs;
    }
    await pause(lookEveryMs);
  }
}

function leftOf(jobs: readonly JobDescription[]): Left {
  const working = jobs.filter(({ name }) => name === 'rebalance' || name === 'repair');
  const sum = (figure: string): number =>
    working.reduce((total, { details }) => total + Number(details[figure] ?? 0), 0);
  return {
    shards: sum('misplacedShards'),
    segments: sum('degradedSegments'),
    waiting: sum('waitingForDisks'),
    failed: sum('failedSegments'),
    bytes: sum('leftBytes'),
    secondsLeft: sum('secondsLeft'),
    ioBytes: sum('ioBytes'),
    paused: working.filter(({ state }) => state === 'paused').map(({ name }) => name),
    lastError: working.find(({ failures }) => failures > 0)?.lastError,
  };
}

/** Why it will not come to its end, if so. */
function troubleOf({ paused, waiting, failed, lastError }: Left, stillMs: number): string | undefined {
  if (paused.length > 0) return `The background work is paused: resume ${paused.join(' and ')}.`;
  if (stillMs < stillMsMax) return undefined;
  const reasons = [
    waiting > 0 && `${waiting} segments have shards that no disk can take now`,
    failed > 0 && `${failed} segments failed and are tried again later`,
    lastError !== undefined && `the last error was: ${lastError}`,
  ].filter((reason) => typeof reason === 'string');
  const why = reasons.length === 0 ? '' : ` (${reasons.join('; ')})`;
  return `Nothing has moved for ${formatSpan(stillMs)}${why}. The server goes on trying; \`ninefold status\` says what it needs.`;
}

function describeLeft({ shards, segments, bytes }: Left): string {
  return [
    shards > 0 && `${shards} shards to move`,
    segments > 0 && `${segments} segments to mend`,
    bytes > 0 && formatBytes(bytes),
  ]
    .filter((part) => typeof part === 'string')
    .join(', ');
}

function describeProgress(left: Left, bytesPerSecond: number): string {
  const rate = bytesPerSecond > 0 ? `; ${formatBytes(Math.round(bytesPerSecond))}/s read and written` : '';
  const end = left.secondsLeft > 0 ? `; about ${formatSpan(left.secondsLeft * 1000)} left` : '';
  return `${describeLeft(left)}${rate}${end}`;
}
