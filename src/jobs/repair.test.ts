import { expect, test } from 'vitest';
import { FakeClock, FakeMaintenance } from '../../test/support/fake-maintenance.ts';
import type { Job } from './job.ts';
import { rebalance } from './rebalance.ts';
import { repair } from './repair.ts';

function mender(bytesPerSecond = 1_000_000) {
  const maintenance = new FakeMaintenance();
  const clock = new FakeClock();
  return { maintenance, clock, job: repair({ maintenance, clock, bytesPerSecond }) };
}

/** Steps, each when the one before allows it, until there is nothing to do; those that fail are counted. */
async function run(job: Job, clock: FakeClock): Promise<number> {
  let failures = 0;
  for (let steps = 0; steps < 100; steps++) {
    try {
      const outcome = await job.step();
      if (outcome === 'idle') return failures;
      if (typeof outcome === 'object') clock.ms = Math.max(clock.ms, outcome.notBeforeMs);
    } catch {
      failures++;
    }
  }
  throw new Error('the job finds no end');
}

test('several segments to repair → the one that can lose the fewest more first', async () => {
  const { maintenance, clock, job } = mender();
  maintenance.set('a', { repairable: 1, sparesLeft: 2 });
  maintenance.set('b', { repairable: 3, sparesLeft: 0 });
  maintenance.set('whole');
  maintenance.set('c', { repairable: 2, sparesLeft: 1 });
  maintenance.set('waits for its disk', { missing: [3], sparesLeft: 2 });
  expect(job.status()).toMatchObject({ degradedSegments: 1, waitingForDisks: 1, worstSparesLeft: 0 });
  expect(await run(job, clock)).toBe(0);
  expect(maintenance.done).toEqual(['repair b', 'repair c', 'repair a']);
  expect(job.status()).toMatchObject({ repairedSegments: 3, ioBytes: 60, leftBytes: 0 });
});

test('a segment whose repair fails → the others first, and that one again after a while', async () => {
  const { maintenance, clock, job } = mender();
  maintenance.set('bad', { repairable: 3, sparesLeft: 0 });
  maintenance.set('good', { repairable: 1, sparesLeft: 2 });
  maintenance.failing.add('bad');
  expect(await run(job, clock)).toBe(1);
  expect(maintenance.done).toEqual(['repair good']);
  maintenance.failing.clear();
  expect(await run(job, clock)).toBe(0);
  expect(maintenance.done).toEqual(['repair good']);
  clock.ms += 10_000;
  await run(job, clock);
  expect(maintenance.done).toEqual(['repair good', 'repair bad']);
});

test('a rate → no step before the bytes of the one before are paid for; what is left and how long it takes is told', async () => {
  const { maintenance, clock, job } = mender(100);
  maintenance.stepBytes = 50;
  maintenance.set('a', { repairable: 1 });
  maintenance.set('b', { repairable: 3 });
  const startedMs = clock.ms;
  expect(await job.step()).toEqual({ notBeforeMs: startedMs + 500 });
  // Too early: nothing is done.
  expect(await job.step()).toEqual({ notBeforeMs: startedMs + 500 });
  clock.ms += 500;
  expect(await job.step()).toEqual({ notBeforeMs: startedMs + 1000 });
  clock.ms += 500;
  await job.step();
  expect(maintenance.done).toEqual(['repair a']);
  expect(job.status()).toMatchObject({ doneBytes: 100, leftBytes: 300, secondsLeft: 3 });
});

test('shards missing from an open segment, and disks for them → it is sealed and repaired', async () => {
  const { maintenance, clock, job } = mender();
  maintenance.set('open', { isSealed: false, missing: [1], repairable: 1 });
  await run(job, clock);
  // Writers may still be about to leave it: it is met at the next look.
  await run(job, clock);
  expect(maintenance.done).toEqual(['retire open', 'repair open']);
});

test('a repair that changes nothing → not done again and again', async () => {
  const { maintenance, clock, job } = mender();
  maintenance.set('a', { repairable: 1 });
  const repairs: string[] = [];
  maintenance.repair = async function* (segment) {
    yield 1;
    repairs.push(segment);
  };
  await run(job, clock);
  await run(job, clock);
  expect(repairs).toEqual(['a']);
});

test('misplaced shards → moved; those whose disk cannot take them wait', async () => {
  const maintenance = new FakeMaintenance();
  const clock = new FakeClock();
  const job = rebalance({ maintenance, clock, bytesPerSecond: 1_000_000 });
  maintenance.set('a', { misplaced: [1, 2], movable: 2 });
  maintenance.set('b', { misplaced: [1] });
  maintenance.set('open', { misplaced: [0], movable: 1, isSealed: false });
  expect(job.status()).toMatchObject({ misplacedShards: 4, waitingForDisks: 1 });
  await run(job, clock);
  expect(maintenance.done).toEqual(['retire open', 'move a', 'move open']);
  expect(job.status()).toMatchObject({ misplacedShards: 1, movedSegments: 2, leftBytes: 0 });
});
