/** Servers killed at random moments of a running workload, and what is found after each restart. */
import { expect } from 'vitest';
import { CrashWorkload } from './crash-workload.ts';
import { type Daemon, startDaemon } from './daemon.ts';
import { eventually } from './eventually.ts';
import { SeededRandom, testSeed } from './seeded-random.ts';

export const seed = testSeed(20_261_122);

/** Kills the process at a moment, counted in milliseconds from now. Resolves when it is gone. */
export function killIn(delayMs: number, daemon: Daemon): Promise<void> {
  return new Promise((resolve, reject) => {
    setTimeout(() => daemon.kill9().then(resolve, reject), delayMs);
  });
}

/** How long the server said that it took from the start of its process until it was ready. */
export function readyMs(daemon: Daemon): number {
  return Number(/is ready after (\d+) ms/.exec(daemon.output)?.[1]);
}

/** A kill that nothing was acknowledged before proves nothing. */
const acknowledgedMinPerKill = 6;

export interface CrashRunOptions {
  readonly kills: number;
  /** The longest that the workload goes on, once operations have been acknowledged, before a kill. */
  readonly runMsMax: number;
  /** Told what was found after each restart. */
  readonly report: (line: string) => void;
  /** After the last kill, with the server down: what else happens to the data. */
  readonly beforeLastStart?: (daemon: Daemon) => Promise<void>;
}

/** Runs the workload, kills, restarts and checks, again and again. Returns the times the starts took, in milliseconds. */
export async function runCrashes({ kills, runMsMax, report, beforeLastStart }: CrashRunOptions): Promise<number[]> {
  report(`NINEFOLD_TEST_SEED=${seed}`);
  const random = new SeededRandom(seed);
  await using daemon = await startDaemon({ environment: { NINEFOLD_LOG_LEVEL: 'warn' } });
  const workload = new CrashWorkload(daemon.client, await daemon.newBucket(), seed);
  const times: number[] = [];
  for (let kill = 1; kill <= kills; kill++) {
    const acknowledgedMin = workload.acknowledged + acknowledgedMinPerKill;
    const killSomewhen = async (): Promise<void> => {
      await eventually(() => expect(workload.acknowledged).toBeGreaterThanOrEqual(acknowledgedMin));
      await killIn(random.below(runMsMax), daemon);
    };
    await Promise.all([killSomewhen(), workload.runUntilBroken()]);
    if (kill === kills) await beforeLastStart?.(daemon);
    await daemon.start();
    times.push(readyMs(daemon));
    const { keys, undecided, tookEffect } = await workload.expectRight();
    report(
      `kill ${kill}: ready after ${times.at(-1)} ms; ${workload.acknowledged} operations acknowledged, ${keys} keys ` +
        `there, ${tookEffect} of ${undecided} undecided operations took effect`,
    );
  }
  return times;
}
