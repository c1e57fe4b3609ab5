/** `kill -9` during a running workload, in short; daemon-kill.slow.test.ts does it ten times. */
import { expect, test } from 'vitest';
import { runCrashes } from '../support/crash-runs.ts';

test('kill -9 twice during uploads, overwrites and deletes → what was acknowledged is right, the rest whole or absent', async () => {
  const times = await runCrashes({ kills: 2, runMsMax: 1500, report: console.log });
  expect(times).toHaveLength(2);
});
