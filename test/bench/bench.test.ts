/** The bench as a program: what it prints, what it leaves, and how it ends. Its figures are of no interest here. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ListBucketsCommand } from '@aws-sdk/client-s3';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { startDaemon } from '../support/daemon.ts';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const pinnedNode = join(repository, 'node_modules', '.bin', 'node');
const node = existsSync(pinnedNode) ? pinnedNode : process.execPath;
const folder = mkdtempSync(join(tmpdir(), 'ninefold-bench-test-'));
afterAll(() => rmSync(folder, { recursive: true }));

const limitMs = 180_000;

interface Outcome {
  readonly code: number;
  readonly output: string;
  readonly complaints: string;
}

function bench(...args: readonly string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    const command = ['bench/main.ts', '--folder', join(folder, 'data'), ...args];
    execFile(node, command, { cwd: repository }, (error, output, complaints) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, output, complaints });
    });
  });
}

const reportSchema = z.looseObject({
  figures: z.array(
    z.looseObject({
      name: z.string(),
      ratio: z.number().positive().optional(),
      p50Ms: z.number().positive().optional(),
      p99Ms: z.number().positive().optional(),
      cpuMsPerRequest: z.number().positive().optional(),
      peakMebibytes: z.number().positive().optional(),
    }),
  ),
  leftOut: z.array(z.object({ names: z.array(z.string()), reason: z.string() })),
  failed: z.array(z.unknown()),
  regressions: z.array(z.looseObject({ name: z.string() })),
});

const growthSchema = z.looseObject({
  tables: z.array(
    z.object({
      title: z.string(),
      headings: z.array(z.string()),
      rows: z.array(z.object({ size: z.string(), values: z.array(z.number().positive()) })),
    }),
  ),
});

describe('npm run bench', { timeout: limitMs }, () => {
  test('some works, as JSON and with profiles → their figures and a profile of each server; nothing else stays', async () => {
    const profiles = join(folder, 'profiles');
    const works = 'put-4k-8,list-1m-plain,kernel-routing';
    const shared = ['--seconds', '0.3', '--profile', '--profile-folder', profiles];
    const { code, output, complaints } = await bench('--json', '--only', works, ...shared);
    expect(code, complaints).toBe(0);
    const { figures, failed } = reportSchema.parse(JSON.parse(output));
    expect(failed).toEqual([]);
    expect(figures.map(({ name }) => name)).toEqual(['kernel-routing', 'put-4k-8', 'list-1m-plain']);
    const [kernel, put, list] = figures;
    expect([kernel?.ratio, put?.ratio, put?.p50Ms, put?.p99Ms, list?.ratio]).not.toContain(undefined);
    // Only Linux tells them.
    if (existsSync('/proc/self/stat')) expect([put?.cpuMsPerRequest, put?.peakMebibytes]).not.toContain(undefined);
    expect(readdirSync(profiles).sort()).toEqual(['list-1m-plain.cpuprofile', 'put-4k-8.cpuprofile']);
    const profile = z.looseObject({ nodes: z.array(z.unknown()).nonempty() });
    profile.parse(JSON.parse(readFileSync(join(profiles, 'put-4k-8.cpuprofile'), 'utf8')));
    expect(readdirSync(join(folder, 'data'))).toEqual([]);
  });

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

  test('another endpoint → the same requests to it; what it cannot be asked is named; its buckets are gone afterwards', async () => {
    await using daemon = await startDaemon();
    const { endpoint, accessKeyId, secretAccessKey, pid } = daemon;
    const key = ['--access-key', accessKeyId, '--secret-key', secretAccessKey, '--pid', String(pid)];
    const works = ['--only', 'put-4k-8,get-1m-8,list-1m-plain', '--seconds', '0.3'];
    const { code, output, complaints } = await bench('--json', '--against', endpoint, ...key, ...works);
    expect(code, complaints).toBe(0);
    const { figures, leftOut } = reportSchema.parse(JSON.parse(output));
    expect(figures.map(({ name }) => name)).toEqual(['put-4k-8', 'get-1m-8']);
    expect(leftOut.map(({ names }) => names)).toEqual([['list-1m-plain']]);
    const { Buckets: left = [] } = await daemon.client.send(new ListBucketsCommand());
    expect(left).toEqual([]);
  });

  test('growth with the number of objects → a row for each number, every value measured; nothing stays', async () => {
    const { code, output, complaints } = await bench('--growth', '--only', 'objects', '--seconds', '0.1', '--json');
    expect(code, complaints).toBe(0);
    const { tables } = growthSchema.parse(JSON.parse(output));
    expect(tables.map(({ rows }) => rows.map(({ size }) => size))).toEqual([['1,000', '100,000', '1,000,000']]);
    for (const { headings, rows } of tables) {
      for (const { values } of rows) expect(values).toHaveLength(headings.length - 1);
    }
    expect(readdirSync(join(folder, 'data'))).toEqual([]);
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
    const child = spawn(node, ['bench/main.ts', '--folder', data, '--only', 'put-4k-8', '--seconds', '600'], {
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
