/** `kill -9` at ten random moments of a running workload, and the index lost on top of the last. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runCrashes } from '../support/crash-runs.ts';

test('kill -9 ten times during uploads, overwrites and deletes → what was acknowledged is right, the rest whole or absent', async () => {
  const times = await runCrashes({
    kills: 10,
    runMsMax: 3000,
    report: console.log,
    // What the log says must be the same as what the database said.
    beforeLastStart: ({ dataDirectory }) => rm(join(dataDirectory, 'zone-a', 'index'), { recursive: true }),
  });
  expect(times).toHaveLength(10);
});
