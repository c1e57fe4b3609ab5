/**
 * What background work takes from clients: the times of small GETs and PUTs without and beside each kind of it, in a bucket of
 * 1,000,000 objects. They are to double at most, at the 99th percentile.
 *
 *     node bench/jobs.ts [--only inventory] [--seconds 12] [--clients 2] [--profile FOLDER] [--folder DIR]
 *
 * Clients ask without a pause. Each job is measured as long as it runs, `--seconds` at most, and as long without it, half of
 * that before and half after.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type BackgroundJob, backgroundJobs } from './jobs/background-jobs.ts';
import { Foreground, type ForegroundFigures } from './jobs/foreground.ts';
import { Operator } from './jobs/operator.ts';
import { LoadClient } from './load/load-client.ts';
import { ServerProcess } from './server/server-process.ts';
import { makeMillionKeys } from './works/million-keys.ts';

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    seconds: { type: 'string', default: '12' },
    clients: { type: 'string', default: '2' },
    profile: { type: 'string' },
    folder: { type: 'string', default: tmpdir() },
  },
});

/** So much is measured at once. */
const sliceSeconds = 1;
const seconds = Number(values.seconds);
const bucket = 'foreground';

interface Measured {
  readonly without: ForegroundFigures;
  readonly beside: ForegroundFigures;
  readonly tookSeconds: number;
}

async function measure(job: BackgroundJob, foreground: Foreground, operator: Operator): Promise<Measured> {
  await job.prepare(operator);
  const slices = async (isOver: () => boolean): Promise<void> => {
    const endMs = performance.now() + seconds * 1000;
    do await foreground.run(sliceSeconds);
    while (!isOver() && performance.now() < endMs);
  };
  for (let at = 0; at < seconds / 2; at += sliceSeconds) await foreground.run(sliceSeconds);
  const before = foreground.take();
  let isOver = false;
  const startedMs = performance.now();
  const work = job.run(operator).finally(() => {
    isOver = true;
  });
  await slices(() => isOver);
  const beside = foreground.take();
  await work;
  const tookSeconds = (performance.now() - startedMs) / 1000;
  await job.end(operator);
  for (let at = 0; at < seconds / 2; at += sliceSeconds) await foreground.run(sliceSeconds);
  const without = foreground.take(before);
  return { without, beside, tookSeconds };
}

function lines(title: string, { without, beside, tookSeconds }: Measured): readonly string[] {
  const number = (value: number): string => value.toPrecision(3).padStart(9);
  const row = (what: string, { perSecond, p50Ms, p99Ms, longestMs }: ForegroundFigures['get'], ratio = ''): string =>
    `  ${what.padEnd(14)}${perSecond.toFixed(0).padStart(9)}${number(p50Ms)}${number(p99Ms)}${number(longestMs)}${ratio}`;
  const rows = (['get', 'put'] as const).flatMap((method) => {
    const ratio = (beside[method].p99Ms / without[method].p99Ms).toFixed(2).padStart(9);
    const name = method.toUpperCase();
    return [row(`${name} without`, without[method]), row(`${name} beside`, beside[method], ratio)];
  });
  return [`${title}, ${tookSeconds.toFixed(1)} s`, ...rows];
}

const chosen = backgroundJobs.filter(({ name }) => name.startsWith(values.only));
const folder = mkdtempSync(join(values.folder, 'ninefold-jobs-'));
try {
  using load = await LoadClient.start();
  await makeMillionKeys(load, { dataFolder: folder, buckets: [bucket, 'reports'], objectBytes: 4096 });
  const options = { dataFolder: folder, buckets: [], isInspected: values.profile !== undefined };
  await using server = await ServerProcess.start(options);
  const operator = new Operator(server.endpoint);
  using foreground = await Foreground.start(server.endpoint, { bucket, clients: Number(values.clients) });
  console.log(
    `${''.padEnd(16)}${['per s', 'p50 ms', 'p99 ms', 'longest', 'p99 ×'].map((name) => name.padStart(9)).join('')}`,
  );
  for (const job of chosen) {
    using profiler = values.profile === undefined ? undefined : await server.openProfiler();
    await profiler?.start();
    console.log(lines(job.title, await measure(job, foreground, operator)).join('\n'));
    await profiler?.stop(join(values.profile ?? '', `${job.name}.cpuprofile`));
  }
} finally {
  rmSync(folder, { recursive: true });
}
