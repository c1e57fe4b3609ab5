/** Tens of thousands of random operations and faults on real servers, compared with the reference model. */
import { expect, test } from 'vitest';
import { checkModel } from '../model/check-model.ts';

const operations = 20_000;
const limitMs = 290_000;

test('20,000 random operations, restarts and hurt disks → everything as the reference model has it', async () => {
  expect(
    await checkModel({ seed: 1000, operations, length: 1000, limitMs, report: console.log }),
  ).toBeGreaterThanOrEqual(operations);
});
