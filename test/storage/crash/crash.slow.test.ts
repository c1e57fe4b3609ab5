/**
 * Every moment of a few short runs, taken as the last one: the process is killed, or the power is cut. What is left is
 * opened, and must be all that was acknowledged, and of what was under way the old or the new; nothing may leak. How it is
 * done is told in docs/durability.md.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { testSeed } from '../../support/seeded-random.ts';
import { memoryFolder } from './recorder.ts';
import { scenes } from './scenes/index.ts';
import { TrialProcesses } from './trial-process.ts';

const seed = testSeed(20_261_126);
const program = fileURLToPath(new URL('main.ts', import.meta.url));
const processes = new TrialProcesses();

afterAll(() => processes[Symbol.dispose]());

/** The longest scene takes one minute on two idle cores, and three where these have other work. */
const limitMs = 1_200_000;

// As many at once as there are cores (vitest.slow.config.ts).
test.concurrent.for(scenes)('$name: $story', { timeout: limitMs }, async ({ name: scene }) => {
  const folder = mkdtempSync(join(memoryFolder, 'ninefold-recording-'));
  const startMs = performance.now();
  const { points, failures } = await processes.try({ scene, folder, seed });
  console.log(
    `${scene}: ${points} points in ${Math.round((performance.now() - startMs) / 1000)} s, NINEFOLD_TEST_SEED=${seed}`,
  );
  const again = failures.map(({ point, error }) => `node ${program} --recording ${folder} --at ${point}\n${error}`);
  expect(again.join('\n\n')).toBe('');
  expect(points).toBeGreaterThan(100);
  rmSync(folder, { recursive: true });
});
