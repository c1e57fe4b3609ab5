/** The bench as a program, where it takes its time: servers that are measured, here and elsewhere, and what they leave. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ListBucketsCommand } from '@aws-sdk/client-s3';
import { afterAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { runBench } from '../support/bench-command.ts';
import { startDaemon } from '../support/daemon.ts';

const folder = mkdtempSync(join(tmpdir(), 'ninefold-bench-test-'));
const bench = (...args: readonly string[]) => runBench(join(folder, 'data'), ...args);
afterAll(() => rmSync(folder, { recursive: true }));

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

describe('npm run bench', () => {
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
});
