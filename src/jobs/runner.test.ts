import pino from 'pino';
import { expect, test } from 'vitest';
import type { Job, StepOutcome } from './job.ts';
import { createJobRunner } from './runner.ts';

const log = pino({ level: 'silent' });

/** A clock that a test moves, and a runner that lives by it. */
function drive(...jobs: Job[]) {
  const clock = { ms: 1_000_000, nowMs: () => clock.ms };
  return { clock, runner: createJobRunner(jobs, { clock, log, busyShare: 0.5 }) };
}

function jobThat(step: () => Promise<StepOutcome>): Job & { steps: number } {
  const job = {
    name: 'job',
    idlePauseMs: 10_000,
    steps: 0,
    step() {
      job.steps++;
      return step();
    },
    status: () => ({ seen: job.steps }),
  };
  return job;
}

test('an idle step → the next one after the pause of the job', async () => {
  const job = jobThat(async () => 'idle');
  const { clock, runner } = drive(job);
  await runner.runDue();
  clock.ms += 9_999;
  await runner.runDue();
  expect(job.steps).toBe(1);
  clock.ms += 1;
  await runner.runDue();
  expect(job.steps).toBe(2);
});

test('a busy step → the next one after as much time as leaves the job its share', async () => {
  const job = jobThat(async () => {
    clock.ms += 300;
    return 'busy';
  });
  const { clock, runner } = drive(job);
  await runner.runDue();
  clock.ms += 299;
  await runner.runDue();
  expect(job.steps).toBe(1);
  clock.ms += 1;
  await runner.runDue();
  expect(job.steps).toBe(2);
});

test('a step that says when the next one may be → not before, and not before its share allows it either', async () => {
  const job = jobThat(async () => {
    clock.ms += 100;
    return { notBeforeMs: 1_000_000 + (job.steps === 1 ? 5000 : 0) };
  });
  const { clock, runner } = drive(job);
  await runner.runDue();
  expect(runner.nextDueMs()).toBe(1_005_000);
  clock.ms = 1_005_000;
  await runner.runDue();
  expect(runner.nextDueMs()).toBe(1_005_200);
});

test('a failing step → shown, tried again later and later; a good one → forgotten', async () => {
  let fails = true;
  const job = jobThat(async () => {
    if (fails) throw new Error('disk on fire');
    return 'idle';
  });
  const { clock, runner } = drive(job);
  await runner.runDue();
  expect(runner.status()[0]).toMatchObject({ state: 'failing', failures: 1, lastError: 'disk on fire' });
  clock.ms += 1000;
  await runner.runDue();
  clock.ms += 1000;
  await runner.runDue();
  expect(job.steps).toBe(2);
  clock.ms += 1000;
  fails = false;
  await runner.runDue();
  expect(runner.status()[0]).toMatchObject({ state: 'waiting', failures: 0, steps: 3, details: { seen: 3 } });
  expect(runner.status()[0]?.lastError).toBeUndefined();
});

test('one job under way → it is not started twice, and another one runs', async () => {
  let finish = () => {};
  const slow = jobThat(() => new Promise((resolve) => (finish = () => resolve('idle'))));
  const quick = jobThat(async () => 'idle');
  const { clock, runner } = drive(slow, quick);
  const first = runner.runDue();
  clock.ms += 60_000;
  const second = runner.runDue();
  expect([slow.steps, quick.steps]).toEqual([1, 1]);
  await second;
  clock.ms += 60_000;
  await runner.runDue();
  expect([slow.steps, quick.steps]).toEqual([1, 2]);
  finish();
  await first;
});

test('stopped → waits for the step under way and starts no other', async () => {
  let finish = () => {};
  const job = jobThat(() => new Promise((resolve) => (finish = () => resolve('busy'))));
  const { clock, runner } = drive(job);
  const run = runner.runDue();
  let hasStopped = false;
  const stop = runner.stop().then(() => (hasStopped = true));
  await Promise.resolve();
  expect(hasStopped).toBe(false);
  finish();
  await Promise.all([run, stop]);
  clock.ms += 3_600_000;
  await runner.runDue();
  expect(job.steps).toBe(1);
  expect(runner.status()[0]?.state).toBe('stopped');
});

test('a run asked for while one is under way → both come to their end, and the job hears of each', async () => {
  const outcomes: StepOutcome[] = ['busy', 'idle', 'busy', 'idle'];
  let begun = 0;
  const job: Job = { ...jobThat(async () => outcomes.shift() ?? 'idle'), begin: () => void begun++ };
  const { runner } = drive(job);
  const figures = () => ({ asked: runner.status()[0]?.runsAsked, done: runner.status()[0]?.runsDone });
  expect(runner.steer('job', 'run')).toMatchObject({ runsAsked: 1, runsDone: 0 });
  await runner.runDue();
  runner.steer('job', 'run');
  await runner.runDue();
  expect(figures()).toEqual({ asked: 2, done: 1 });
  await runner.runDue();
  expect(figures()).toEqual({ asked: 2, done: 1 });
  await runner.runDue();
  expect({ ...figures(), begun }).toEqual({ asked: 2, done: 2, begun: 2 });
});

test('paused → no step until resumed, then at once; run → at once', async () => {
  const job = jobThat(async () => 'idle');
  const { clock, runner } = drive(job);
  expect(runner.steer('job', 'pause')).toMatchObject({ state: 'paused' });
  clock.ms += 60_000;
  await runner.runDue();
  expect(job.steps).toBe(0);
  expect(runner.steer('job', 'run')).toMatchObject({ state: 'paused' });
  await runner.runDue();
  expect(job.steps).toBe(0);
  expect(runner.steer('job', 'resume')).toMatchObject({ state: 'waiting', nextRunMs: clock.ms });
  await runner.runDue();
  expect(job.steps).toBe(1);
  await runner.runDue();
  expect(job.steps).toBe(1);
  runner.steer('job', 'run');
  await runner.runDue();
  expect(job.steps).toBe(2);
  expect(runner.steer('another', 'run')).toBeUndefined();
});
