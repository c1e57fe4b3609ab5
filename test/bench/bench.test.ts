/** The bench as a program: what it says and how it ends. Its figures are of no interest here. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { benchNode, repository, runBench } from '../support/bench-command.ts';
import { startDaemon } from '../support/daemon.ts';

const folder = mkdtempSync(join(tmpdir(), 'ninefold-bench-test-'));
const bench = (...args: readonly string[]) => runBench(join(folder, 'data'), ...args);
afterAll(() => rmSync(folder, { recursive: true }));

const limitMs = 180_000;

describe('npm run bench', { timeout: limitMs }, () => {
  test('a ratio that was better in the baseline → named; with --check the exit code is 1', async () => {
    const baseline = join(folder, 'baseline.json');
    const ratios = { 'kernel-routing': 1e6, 'kernel-encode': 1e-6 };
    writeFileSync(baseline, JSON.stringify({ date: '2026-11-26', machine: 'm', ratios }));
    const shared = ['--only', 'kernel-routing,kernel-encode', '--baseline', baseline];
    const checked = await bench(...shared, '--check');
    expect(checked.code).toBe(1);
    expect(checked.output).toMatch(/More than a tenth worse than in the baseline:\n {2}kernel-routing /);
    expect((await bench(...shared, '--save-baseline')).code).toBe(0);
    const saved = z
      .object({ ratios: z.record(z.string(), z.number()) })
      .parse(JSON.parse(readFileSync(baseline, 'utf8')));
    expect(saved.ratios['kernel-routing']).toBeLessThan(1000);
    expect(saved.ratios['kernel-encode']).toBeGreaterThan(0.001);
  });

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
