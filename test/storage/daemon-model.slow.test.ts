/** Thousands of random operations and faults on real servers, compared with the reference model. */
import { expect, test } from 'vitest';
import { checkModel, overtimeMs } from '../model/check-model.ts';

/** Sequences that run beside each other, each on a server of its own. */
const seeds = [1_000_000, 2_000_000, 3_000_000];
const operations = 3_000;
/** A slow machine does fewer in this time. */
const limitMs = 500_000;
/** So few only on one that is ten times as slow as what this was made on. */
const operationsMin = 300;

test('up to 9,000 random operations, restarts and hurt disks → everything as the reference model has it', {
  timeout: limitMs + overtimeMs + 20_000,
}, async () => {
  const done = await Promise.all(
    seeds.map((seed) => checkModel({ seed, operations, length: 1000, limitMs, report: console.log })),
  );
  for (const count of done) expect(count).toBeGreaterThanOrEqual(operationsMin);
});
