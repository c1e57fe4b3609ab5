/** The bench as a program: what it says and how it ends. Its figures are of no interest here. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { benchNode, repository, runBench } from '../support/bench-command.ts';
import { startDaemon } from '../support/daemon.ts';

const folder = mkdtempSync(join(tmpdir(), 'ninefold-bench-test-'));
const bench = (...args: readonly string[]) => runBench(join(folder, 'data'), ...args);
afterAll(() => rmSync(folder, { recursive: true }));

const limitMs = 180_000;

describe('npm run bench', { timeout: limitMs }, () => {
  test('requests that are refused → said, and the exit code is 1', async () => {
    await using daemon = await startDaemon();
    const key = ['--access-key', daemon.accessKeyId, '--secret-key', 'not-the-secret'];
    const { code, output } = await bench('--against', daemon.endpoint, ...key, '--only', 'put-4k-8');
    expect(code).toBe(1);
    expect(output).toMatch(/^Failed: put-4k-8: PUT failed: status 403/m);
  });

  test('ended by a signal while a server runs → nothing stays', async () => {
    const data = join(folder, 'ended');
    const child = spawn(benchNode, ['bench/main.ts', '--folder', data, '--only', 'put-4k-8', '--seconds', '600'], {
      cwd: repository,
      stdio: 'ignore',
    });
    const exit = once(child, 'exit');
    const servers = (): string[] => readdirSync(data, { recursive: true, encoding: 'utf8' });
    await vi.waitFor(() => expect(servers().filter((path) => path.endsWith('zone-a'))).toHaveLength(1), limitMs);
    child.kill('SIGTERM');
    expect(await exit).toEqual([1, null]);
    expect(readdirSync(data)).toEqual([]);
  });

  test('no such work → refused with the usage', async () => {
    const { code, complaints } = await bench('--only', 'novelty');
    expect(code).toBe(2);
    expect(complaints).toContain('No work is called novelty');
  });
});
