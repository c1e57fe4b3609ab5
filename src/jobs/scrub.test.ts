import { expect, test } from 'vitest';
import { FakeClock, FakeMaintenance } from '../../test/support/fake-maintenance.ts';
import { scrub } from './scrub.ts';

const periodMs = 1_000_000;

/** What an index would keep. */
class FakeState {
  saved: string | undefined;
  async load(): Promise<string | undefined> {
    return this.saved;
  }
  async save(state: string): Promise<void> {
    this.saved = state;
  }
}

function scrubber(parts: { maintenance?: FakeMaintenance; clock?: FakeClock; state?: FakeState } = {}) {
  const { maintenance = new FakeMaintenance(), clock = new FakeClock(), state = new FakeState() } = parts;
  const job = scrub({ maintenance, clock, state, periodMs, bytesPerSecond: 1000 });
  return { maintenance, clock, state, job };
}

/** Steps until the job has nothing to do, after its rest at the start. */
async function pass({ job, clock }: ReturnType<typeof scrubber>): Promise<void> {
  let idle = 0;
  for (let steps = 0; steps < 200 && idle < 2; steps++) {
    const outcome = await job.step();
    if (outcome === 'idle') idle++;
    if (typeof outcome === 'object') clock.ms = Math.max(clock.ms, outcome.notBeforeMs);
  }
}

test('sealed segments → each is read once in a pass, and again when the period is over', async () => {
  const all = scrubber();
  for (const segment of ['c', 'a', 'b']) all.maintenance.set(segment);
  all.maintenance.set('open', { isSealed: false, shardBytes: 0 });
  await pass(all);
  expect(all.maintenance.done).toEqual(['scrub a', 'scrub b', 'scrub c']);
  await pass(all);
  expect(all.maintenance.done).toHaveLength(3);
  expect(all.job.status()).toMatchObject({ pass: 'done', scrubbedSegments: 3 });
  all.clock.ms += periodMs;
  await pass(all);
  expect(all.maintenance.done).toEqual(['scrub a', 'scrub b', 'scrub c', 'scrub a', 'scrub b', 'scrub c']);
});

test('a restart in a pass → it goes on where it was', async () => {
  const before = scrubber();
  for (const segment of ['a', 'b', 'c', 'd']) before.maintenance.set(segment, { shardBytes: 20_000 });
  before.maintenance.stepBytes = 90_000;
  while (before.maintenance.done.length < 2) {
    const outcome = await before.job.step();
    if (typeof outcome === 'object') before.clock.ms = outcome.notBeforeMs;
  }
  const after = scrubber({ maintenance: before.maintenance, clock: before.clock, state: before.state });
  await pass(after);
  expect(after.maintenance.done).toEqual(['scrub a', 'scrub b', 'scrub c', 'scrub d']);
});

test('damage that is known and not yet mended → known again after a restart', async () => {
  const before = scrubber();
  before.maintenance.set('a', { damaged: [2, 5], repairable: 2, isContradicted: true });
  before.maintenance.set('b', { damaged: [1], repairable: 1 });
  await pass(before);
  const maintenance = new FakeMaintenance();
  for (const segment of ['a', 'b']) maintenance.set(segment);
  const after = scrubber({ maintenance, clock: before.clock, state: before.state });
  await pass(after);
  expect(maintenance.segments.get('a')).toMatchObject({ damaged: [2, 5], isContradicted: true });
  expect(maintenance.segments.get('b')).toMatchObject({ damaged: [1], isContradicted: false });
  // Mended meanwhile: forgotten.
  for (const segment of ['a', 'b']) maintenance.set(segment, { damaged: [], repairable: 0 });
  await pass(after);
  expect(after.state.saved).toContain('"damaged":{}');
});

test('a segment that fails → the pass goes on with the next', async () => {
  const all = scrubber();
  for (const segment of ['a', 'b']) all.maintenance.set(segment);
  all.maintenance.failing.add('a');
  await all.job.step();
  all.clock.ms += 1000;
  await all.job.step();
  all.clock.ms += 1000;
  await expect(all.job.step()).rejects.toThrow('a cannot be done');
  await pass(all);
  expect(all.maintenance.done).toEqual(['scrub b']);
});

test('a segment that stays open for a period → sealed', async () => {
  const all = scrubber();
  all.maintenance.set('open', { isSealed: false });
  await pass(all);
  expect(all.maintenance.done).toEqual([]);
  all.clock.ms += periodMs;
  await pass(all);
  await pass(all);
  expect(all.maintenance.done).toEqual(['retire open', 'scrub open']);
});

test('a store without data → nothing is written', async () => {
  const all = scrubber();
  await pass(all);
  expect(all.state.saved).toBeUndefined();
});
