/**
 * Every moment of a few short runs, taken as the last one: the process is killed, or the power is cut. What is left is
 * opened, and must be all that was acknowledged, and of what was under way the old or the new; nothing may leak. How it is
 * done is told in docs/durability.md.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { collectSeldom } from '../../support/engine-flags.ts';
import { memoryFolder, record } from './recorder.ts';
import { scenes } from './scenes/index.ts';

const seed = Number(process.env['NINEFOLD_TEST_SEED'] ?? 20_261_126);
const program = fileURLToPath(new URL('main.ts', import.meta.url));
const shares = availableParallelism();

/** What a process that tries a share of the points prints. */
async function tryShare(recording: string, share: number): Promise<readonly Record<string, unknown>[]> {
  const shareFlag = `${share}/${shares}`;
  const ran = await promisify(execFile)(
    process.execPath,
    [...collectSeldom, program, '--recording', recording, '--seed', String(seed), '--share', shareFlag],
    { maxBuffer: 64 * 1024 * 1024 },
  ).catch((error: { stdout?: string; stderr?: string }) => {
    // Points that failed are lines like the others; a process that did not come so far is an error.
    if (!error.stdout?.includes('"points"')) throw error;
    return { stdout: error.stdout };
  });
  return ran.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

test.for(scenes)('$name: $story', async ({ name }) => {
  const recording = mkdtempSync(join(memoryFolder, 'ninefold-recording-'));
  record(name, recording);
  const startMs = performance.now();
  const lines = (await Promise.all(Array.from({ length: shares }, (_, i) => tryShare(recording, i)))).flat();
  const failures = lines.filter((line) => 'point' in line);
  const points = lines.reduce((sum, line) => sum + Number(line['points'] ?? 0), 0);
  console.log(
    `${name}: ${points} points in ${Math.round((performance.now() - startMs) / 1000)} s, NINEFOLD_TEST_SEED=${seed}`,
  );
  const again = failures.map(({ point, error }) => `node ${program} --recording ${recording} --at ${point}\n${error}`);
  expect(again.join('\n\n')).toBe('');
  expect(points).toBeGreaterThan(100);
  rmSync(recording, { recursive: true });
});
