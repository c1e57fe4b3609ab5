/** aws-cli on thousands of files and on a large one: up, back, and with the server killed in between. */
import { type ChildProcessByStdio, execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { killIn, seed } from '../support/crash-runs.ts';
import { type Daemon, startDaemon } from '../support/daemon.ts';
import { planLargeTree, writeLargeTree } from '../support/large-tree.ts';
import { peakResidentMebibytes } from '../support/process-memory.ts';
import { S3Http } from '../support/s3-http.ts';
import { S3Operations } from '../support/s3-operations.ts';
import { seededBytes } from '../support/seeded-bytes.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { type PythonClients, pythonClients, setupLimitMs } from './python.ts';

const mebibyte = 1024 * 1024;
const fileCount = 2600;
/** Enough that a sync is not over before the last kill. */
const fileCountKilled = 1500;
const readsAtOnce = 8;
/** More than what is promised, as other tests keep V8 from collecting in time; memory.slow.test.ts holds that, alone. */
const residentMebibytesMax = 500;
const kills = 10;

let clients: PythonClients;
let folder: string;
let tree: string;
const files = planLargeTree(seed, fileCount);

beforeAll(async () => {
  clients = await pythonClients('new');
  folder = await mkdtemp(join(tmpdir(), 'ninefold-sync-'));
  tree = join(folder, 'tree');
  writeLargeTree(tree, files);
}, setupLimitMs);

beforeEach((ctx) => {
  if (clients.missing !== undefined) ctx.skip(clients.missing);
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

interface Cli {
  readonly process: ChildProcessByStdio<null, Readable, Readable>;
  /** What it printed so far, on both streams. */
  readonly lines: string[];
  /** The exit code. */
  readonly ended: Promise<number>;
}

/** Runs `aws s3 …` without progress lines. */
function startAws(daemon: Daemon, args: readonly string[]): Cli {
  const aws = join(dirname(clients.interpreter ?? ''), 'aws');
  const env = { PATH: process.env['PATH'], HOME: folder, LC_ALL: 'C.UTF-8', PYTHONUNBUFFERED: '1' };
  const child = spawn(aws, ['s3', ...args, '--no-progress'], {
    cwd: folder,
    env: { ...env, ...daemon.clientEnvironment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => lines.push(line));
  }
  return { process: child, lines, ended: once(child, 'close').then(([code]) => Number(code)) };
}

async function aws(daemon: Daemon, ...args: readonly string[]): Promise<readonly string[]> {
  const cli = startAws(daemon, args);
  const code = await cli.ended;
  expect(code, cli.lines.slice(-20).join('\n')).toBe(0);
  return cli.lines;
}

async function expectSameTree(a: string, b: string): Promise<void> {
  const { stdout } = await promisify(execFile)('diff', ['-r', a, b]);
  expect(stdout).toBe('');
}

async function sha256(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

test('tree of 2,600 files and a file of 512 MiB up and back → the same bytes, below 500 MiB resident', async () => {
  await using daemon = await startDaemon({ environment: { NINEFOLD_LOG_LEVEL: 'warn' } });
  const bucket = await daemon.newBucket();
  await aws(daemon, 'sync', tree, `s3://${bucket}/tree`);
  expect(await aws(daemon, 'sync', tree, `s3://${bucket}/tree`)).toEqual([]);
  await aws(daemon, 'sync', `s3://${bucket}/tree`, join(folder, 'back'));
  await expectSameTree(tree, join(folder, 'back'));
  await rm(join(folder, 'back'), { recursive: true });
  console.log(`peak with ${files.length} files: ${await peakResidentMebibytes(daemon.pid)} MiB resident`);

  const [large, largeBack] = [join(folder, 'large'), join(folder, 'large back')];
  const chunks = Array.from({ length: 512 }, (_, i) => i);
  await pipeline(
    Readable.from(chunks, { objectMode: true }).map((i: number) => seededBytes(`large ${i}`, mebibyte)),
    createWriteStream(large),
  );
  await aws(daemon, 'cp', large, `s3://${bucket}/large`);
  await aws(daemon, 'cp', `s3://${bucket}/large`, largeBack);
  expect(await sha256(largeBack)).toBe(await sha256(large));
  await Promise.all([rm(large), rm(largeBack)]);

  const peak = await peakResidentMebibytes(daemon.pid);
  console.log(`peak with 512 MiB up and down after that: ${peak} MiB resident`);
  expect(peak).toBeLessThan(residentMebibytesMax);
});

/** Paths that the CLI reported as uploaded. */
function uploadedPaths({ lines }: Cli, bucket: string): string[] {
  const target = ` to s3://${bucket}/`;
  return lines
    .filter((line) => line.startsWith('upload: '))
    .map((line) => line.slice(line.lastIndexOf(target) + target.length));
}

/** Expects files of a tree to be in the bucket as they are on the disk. */
async function expectStored(daemon: Daemon, bucket: string, from: string, paths: readonly string[]): Promise<void> {
  const http = new S3Http({ port: daemon.port, key: daemon });
  const s3 = new S3Operations(http);
  const left = [...paths];
  const readSome = async (): Promise<void> => {
    for (let key = left.pop(); key !== undefined; key = left.pop()) {
      const [{ body }, file] = await Promise.all([s3.get({ bucket, key }), readFile(join(from, key))]);
      expect(body.equals(file), key).toBe(true);
    }
  };
  await Promise.all(Array.from({ length: readsAtOnce }, readSome));
  http.close();
}

test('kill -9 ten times during a sync → what it reported as uploaded is there and right; synced again, all is', async () => {
  console.log(`NINEFOLD_TEST_SEED=${seed}`);
  const random = new SeededRandom(seed);
  await using daemon = await startDaemon({ environment: { NINEFOLD_LOG_LEVEL: 'warn' } });
  const bucket = await daemon.newBucket();
  const killed = join(folder, 'killed');
  const killedFiles = planLargeTree(seed, fileCountKilled);
  writeLargeTree(killed, killedFiles);
  const sync = startAws(daemon, ['sync', killed, `s3://${bucket}`]);
  let checked = 0;
  for (let kill = 1; kill <= kills; kill++) {
    // Every kill needs some files of its own, or the sync would be over before the last.
    const threshold = checked + 50 + random.below(killedFiles.length / kills / 2);
    while (sync.lines.length < threshold && sync.process.exitCode === null) await once(sync.process.stdout, 'data');
    await killIn(random.below(100), daemon);
    expect(sync.process.exitCode, 'the sync still runs').toBe(null);
    await daemon.start();
    // It pauses while what it has reported is read, or it would be over before the last kill.
    sync.process.kill('SIGSTOP');
    const reported = uploadedPaths(sync, bucket);
    await expectStored(daemon, bucket, killed, reported.slice(checked));
    checked = reported.length;
    sync.process.kill('SIGCONT');
  }
  console.log(`${checked} files uploaded after the last kill; the sync ended with code ${await sync.ended}`);
  await expectStored(daemon, bucket, killed, uploadedPaths(sync, bucket));

  await aws(daemon, 'sync', killed, `s3://${bucket}`);
  await mkdir(join(folder, 'again'));
  await aws(daemon, 'sync', `s3://${bucket}`, join(folder, 'again'));
  await expectSameTree(killed, join(folder, 'again'));
});
