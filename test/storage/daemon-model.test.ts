/** Random operations and faults on a real server, compared with the reference model; daemon-model.slow.test.ts does many. */
import { expect, test } from 'vitest';
import { checkModel } from '../model/check-model.ts';

test('random operations, restarts and hurt disks → everything as the reference model has it', async () => {
  const operations = await checkModel({ seed: 10, operations: 150, length: 150, limitMs: 25_000, report: console.log });
  expect(operations).toBeGreaterThanOrEqual(150);
});
