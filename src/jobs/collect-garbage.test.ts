import { expect, test } from 'vitest';
import type { Garbage } from '../engine/types.ts';
import { collectGarbage } from './collect-garbage.ts';

/** Garbage of which a test decides what there is, and a clock that it moves. */
class FakeGarbage implements Garbage {
  readonly segments = new Set<string>();
  readonly held = new Set<string>();
  readonly dropped: string[] = [];
  async listCandidates() {
    return [...this.segments].map((segment) => ({ segment, shardBytes: 10 }));
  }
  async drop(segments: readonly string[]) {
    const dropped = segments.filter((segment) => !this.held.has(segment));
    for (const segment of dropped) this.segments.delete(segment);
    this.dropped.push(...dropped);
    return dropped;
  }
}

function collector() {
  const garbage = new FakeGarbage();
  const clock = { ms: 0, nowMs: () => clock.ms };
  return { garbage, clock, job: collectGarbage({ garbage, clock, graceMs: 1000 }) };
}

test('garbage for less than the grace period → left; for all of it → dropped', async () => {
  const { garbage, clock, job } = collector();
  garbage.segments.add('a');
  await job.step();
  clock.ms = 999;
  await job.step();
  expect(garbage.dropped).toEqual([]);
  clock.ms = 1000;
  expect(await job.step()).toBe('idle');
  expect(garbage.dropped).toEqual(['a']);
  expect(job.status()).toEqual({ waitingSegments: 0, droppedSegments: 1, droppedShardBytes: 10 });
});

test('no garbage for a moment → the grace period begins anew', async () => {
  const { garbage, clock, job } = collector();
  garbage.segments.add('a');
  await job.step();
  garbage.segments.delete('a');
  clock.ms = 900;
  await job.step();
  garbage.segments.add('a');
  clock.ms = 1500;
  await job.step();
  expect(garbage.dropped).toEqual([]);
});

test('held when its time has come → tried again', async () => {
  const { garbage, clock, job } = collector();
  garbage.segments.add('a');
  garbage.held.add('a');
  await job.step();
  clock.ms = 1000;
  await job.step();
  expect(garbage.dropped).toEqual([]);
  garbage.held.delete('a');
  await job.step();
  expect(garbage.dropped).toEqual(['a']);
});

test('more than one step may take → busy until all is gone', async () => {
  const { garbage, clock, job } = collector();
  for (let i = 0; i < 70; i++) garbage.segments.add(`s${i}`);
  await job.step();
  clock.ms = 1000;
  expect(await job.step()).toBe('busy');
  expect(garbage.dropped.length).toBe(32);
  expect(await job.step()).toBe('busy');
  expect(await job.step()).toBe('idle');
  expect(garbage.dropped.length).toBe(70);
});
