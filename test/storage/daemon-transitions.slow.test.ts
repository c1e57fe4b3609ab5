/** Ten thousand objects that a rule moves to disks of another group, while clients read and the server is killed: condition → result. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  type LifecycleRule,
  PutBucketLifecycleConfigurationCommand,
  paginateListObjectsV2,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { expect, test, vi } from 'vitest';
import { z } from 'zod';
import { jobSchema } from '../../src/admin/status-schema.ts';
import { describeShardFile } from '../../src/blob/describe-shard-file.ts';
import { killIn, seed } from '../support/crash-runs.ts';
import { type Daemon, startDaemon } from '../support/daemon.ts';
import { S3Http } from '../support/s3-http.ts';
import { S3Operations } from '../support/s3-operations.ts';
import { seededBytes } from '../support/seeded-bytes.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { signedRequests } from '../support/signed-requests.ts';
import { isConnectionError } from '../support/stored-objects.ts';

const count = 10_000;
const kills = 3;
const limitMs = 240_000;
const kibibyte = 1024;
const partBytes = 5 * 1024 * kibibyte;
const atOnce = 32;
const readEveryMs = 5;

/** Most objects are small; some are large, and one has parts. */
function sizeOf(i: number): number {
  if (i === 0) return 2 * partBytes - 1000;
  if (i % 1000 === 1) return 3000 * kibibyte;
  return i % 50 === 2 ? 300 * kibibyte : 4 * kibibyte;
}

const keyOf = (i: number): string => `moves/${i}`;
const bytesOf = (i: number): Buffer => seededBytes(keyOf(i), sizeOf(i));

const diskList = (folder: string): string => {
  const normal = [1, 2, 3].map((n) => join(folder, `disk-${n}`));
  const slow = [1, 2, 3].map((n) => `{path: ${join(folder, `slow-${n}`)}, group: slow}`);
  return [...normal, ...slow].join(', ');
};

const configOf = (folder: string): string => `
zones:
${['a', 'b', 'c'].map((name) => `  - {name: zone-${name}, path: ${join(folder, name)}, disks: [${diskList(join(folder, name))}]}`).join('\n')}
time: { dayLength: 2s }
store:
  garbageGraceMs: 500
  groups: { GLACIER_IR: slow }
jobs: { compactDeadShareMin: 0.05, compactBytesPerSecond: 268435456, lifecycleBytesPerSecond: 268435456 }
`;

async function fill(daemon: Daemon, Bucket: string): Promise<void> {
  const { client } = daemon;
  const upload = { Bucket, Key: keyOf(0) };
  const { UploadId } = await client.send(new CreateMultipartUploadCommand(upload));
  const Parts = [];
  for (const PartNumber of [1, 2]) {
    const Body = bytesOf(0).subarray((PartNumber - 1) * partBytes, PartNumber * partBytes);
    const { ETag } = await client.send(new UploadPartCommand({ ...upload, UploadId, PartNumber, Body }));
    Parts.push({ PartNumber, ETag });
  }
  await client.send(new CompleteMultipartUploadCommand({ ...upload, UploadId, MultipartUpload: { Parts } }));
  await forEach(daemon, async (s3, i) => {
    if (i > 0) expect((await s3.put({ bucket: Bucket, key: keyOf(i) }, bytesOf(i))).code).toBe('');
  });
}

/** Does something for each object, many at once, without the cost of an SDK. */
async function forEach(daemon: Daemon, run: (s3: S3Operations, i: number) => Promise<void>): Promise<void> {
  const http = new S3Http({ port: daemon.port, key: daemon });
  const s3 = new S3Operations(http);
  let next = 0;
  const runSome = async (): Promise<void> => {
    while (next < count) await run(s3, next++);
  };
  await Promise.all(Array.from({ length: atOnce }, runSome));
  http.close();
}

async function expectRight(s3: S3Operations, bucket: string, i: number): Promise<void> {
  const { body } = await s3.get({ bucket, key: keyOf(i) });
  if (!body.equals(bytesOf(i))) expect.fail(`${keyOf(i)} does not read as it was put`);
}

/** Reads objects by chance until the connection breaks, or it is told to stop. Returns how many were read. */
async function readOn(daemon: Daemon, bucket: string, until: { over: boolean }): Promise<number> {
  const random = new SeededRandom(seed + daemon.pid);
  const http = new S3Http({ port: daemon.port, key: daemon });
  const s3 = new S3Operations(http);
  let reads = 0;
  const readOne = async (): Promise<boolean> => {
    if (until.over) return true;
    try {
      await expectRight(s3, bucket, random.below(count));
      reads++;
      return false;
    } catch (error) {
      if (!isConnectionError(error)) throw error;
      return true;
    }
  };
  // Not as fast as it can, or it would take a core from what it looks on at.
  await vi.waitUntil(readOne, { timeout: 2 * limitMs, interval: readEveryMs });
  http.close();
  return reads;
}

/** How many objects there are of each class. */
async function classes({ client }: Daemon, Bucket: string): Promise<Record<string, number>> {
  const found: Record<string, number> = {};
  for await (const { Contents = [] } of paginateListObjectsV2({ client }, { Bucket })) {
    for (const { StorageClass = '' } of Contents) found[StorageClass] = (found[StorageClass] ?? 0) + 1;
  }
  return found;
}

/** Bytes of data in all stripes of the disks of a group, as `inspect` tells of their first shards. */
async function inspected(folder: string, group: 'disk' | 'slow'): Promise<number> {
  let bytes = 0;
  for (const zone of ['a', 'b', 'c']) {
    for (const n of [1, 2, 3]) {
      const segments = join(folder, zone, `${group}-${n}`, 'segments');
      for (const name of (await readdir(segments)).filter((file) => file.endsWith('.0.shard'))) {
        for await (const { facts, damage = [] } of describeShardFile(join(segments, name))) {
          expect(damage).toEqual([]);
          if (facts['kind'] === 'shard-file') expect(facts['group']).toBe(group === 'slow' ? 'slow' : 'default');
          const { header } = z.object({ header: z.object({ dataLength: z.number() }).optional() }).parse(facts);
          bytes += header?.dataLength ?? 0;
        }
      }
    }
  }
  return bytes;
}

const rule: LifecycleRule = {
  ID: 'move',
  Status: 'Enabled',
  Filter: { And: { Prefix: 'moves/', ObjectSizeGreaterThan: 1 } },
  Transitions: [{ Days: 1, StorageClass: 'GLACIER_IR' }],
};

/** What the operator asks for. */
function operate(daemon: Daemon) {
  const { send } = signedRequests(() => daemon);
  const read = async (method: string, path: string): Promise<unknown> =>
    JSON.parse((await send({ method, path, body: '' })).body);
  return {
    run: async (job: string) => jobSchema.parse(await read('POST', `/-/jobs/${job}/run`)),
    groups: async () => z.object({ groups: groupsSchema }).parse(await read('GET', '/-/status')).groups,
  };
}

const groupsSchema = z.array(z.object({ name: z.string(), liveBytes: z.number(), storedBytes: z.number() }));

/** Kills the server in the middle of a pass that has moved something, while a client reads. */
async function killAtWork(daemon: Daemon, Bucket: string, delayMs: number): Promise<number> {
  const { run } = operate(daemon);
  await vi.waitFor(
    async () => {
      const { details } = await run('lifecycle');
      expect(details).toMatchObject({
        pass: 'under way',
        transitioned: expect.toSatisfy((moved: number) => moved > 0),
      });
    },
    { timeout: limitMs, interval: 5 },
  );
  const reading = readOn(daemon, Bucket, { over: false });
  await killIn(delayMs, daemon);
  const reads = await reading;
  await daemon.start();
  return reads;
}

/** Until all have been moved, and nothing but what is alive is left on the disks. */
async function settle(daemon: Daemon, Bucket: string, total: number): Promise<void> {
  const { run, groups } = operate(daemon);
  const patient = { timeout: limitMs, interval: 1000 };
  await vi.waitFor(async () => {
    await run('lifecycle');
    expect(await classes(daemon, Bucket)).toEqual({ GLACIER_IR: count });
  }, patient);
  // Compaction may have taken some of them along before they were moved, to a segment that is open until it has 1 MiB to free.
  await daemon.stop();
  await daemon.start();
  await vi.waitFor(async () => {
    await run('compact');
    await run('collect-garbage');
    const [normal, slow] = await groups();
    expect(slow).toMatchObject({ name: 'slow', liveBytes: total });
    expect(slow?.storedBytes).toBeLessThan(total * 1.5 * 1.15);
    // Descriptions of the bucket and of the object with parts.
    expect(normal?.storedBytes).toBeLessThan(100_000);
    // What kills have left twice is compacted away, too.
    expect(await inspected(daemon.dataDirectory, 'slow')).toBeLessThan(total * 1.06);
  }, patient);
}

test(`${count} objects to another group, kill -9 ${kills} times meanwhile → all of them there, none left behind, reads right throughout`, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ninefold-transitions-'));
  const environment = { NINEFOLD_LOG_LEVEL: 'error' };
  try {
    await using daemon = await startDaemon({ dataDirectory: folder, config: configOf(folder), environment });
    const random = new SeededRandom(seed);
    const Bucket = await daemon.newBucket();
    await fill(daemon, Bucket);
    const LifecycleConfiguration = { Rules: [rule] };
    await daemon.client.send(new PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration }));
    let reads = 0;
    for (let kill = 1; kill <= kills; kill++) reads += await killAtWork(daemon, Bucket, random.below(700));
    const until = { over: false };
    const reading = readOn(daemon, Bucket, until);
    const total = Array.from({ length: count }, (_, i) => sizeOf(i)).reduce((sum, size) => sum + size, 0);
    await settle(daemon, Bucket, total);
    until.over = true;
    reads += await reading;
    expect(reads).toBeGreaterThan(100);
    await forEach(daemon, (s3, i) => expectRight(s3, Bucket, i));
    await daemon.stop();
    expect(await inspected(folder, 'disk')).toBeLessThan(10_000);
    expect(await inspected(folder, 'slow')).toBeGreaterThanOrEqual(total);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}, 600_000);
