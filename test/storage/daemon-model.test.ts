/** Random operations and faults on a real server, compared with the reference model; daemon-model.slow.test.ts does many. */
import { expect, test } from 'vitest';
import { checkModel, overtimeMs } from '../model/check-model.ts';

/** Far more than the operations need on any machine; shrinking a sequence that failed may take all of it. */
const limitMs = 150_000;

test('random operations, restarts and hurt disks → everything as the reference model has it', {
  timeout: limitMs + overtimeMs + 20_000,
}, async () => {
  const operations = await checkModel({ seed: 10, operations: 60, length: 100, limitMs, report: console.log });
  expect(operations).toBeGreaterThanOrEqual(60);
});
