/** Replication to moto's S3, which is not ours. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import {
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { region, startDaemon } from '../support/daemon.ts';
import { eventually } from '../support/eventually.ts';
import { makeRole, newVersioned, putRules, ruleTo, statusOf, versionsOf } from '../support/replicated-buckets.ts';
import { pythonClients, setupLimitMs } from './python.ts';

const key = { accessKeyId: 'KEY', secretAccessKey: 'a-secret' };
const Copies = 'copies';
let moto: ChildProcess | undefined;
let there: S3Client | undefined;
let folder = '';
let endpoint = '';
let missing: string | undefined;

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

beforeAll(async () => {
  const python = await pythonClients('moto');
  missing = python.missing;
  if (python.interpreter === undefined) return;
  const port = await freePort();
  endpoint = `http://127.0.0.1:${port}`;
  folder = await mkdtemp(join(tmpdir(), 'ninefold-moto-'));
  const command = join(dirname(python.interpreter), 'moto_server');
  // It records what it is sent where it is started.
  moto = spawn(command, ['-H', '127.0.0.1', '-p', String(port)], { stdio: 'ignore', cwd: folder });
  const client = new S3Client({ endpoint, region, credentials: { ...key }, forcePathStyle: true });
  there = client;
  await eventually(() => client.send(new CreateBucketCommand({ Bucket: Copies })));
  const VersioningConfiguration = { Status: 'Enabled' as const };
  await client.send(new PutBucketVersioningCommand({ Bucket: Copies, VersioningConfiguration }));
}, setupLimitMs);

afterAll(async () => {
  there?.destroy();
  if (moto === undefined || moto.exitCode !== null) return;
  const exit = once(moto, 'exit');
  moto.kill('SIGKILL');
  await exit;
  await rm(folder, { recursive: true });
});

test('versions, markers, parts, metadata and tags → as many there, with the same ETags, metadata and tags', async (ctx) => {
  const client = there;
  if (missing !== undefined || client === undefined) return ctx.skip(missing ?? 'moto does not run');
  const destinations = [{ endpoint, ...key, buckets: [{ arn: 'arn:aws:s3:::moto', name: Copies }] }];
  await using daemon = await startDaemon({ config: JSON.stringify({ replication: { destinations } }) });
  const here = daemon.client;
  await makeRole(daemon);
  const Bucket = await newVersioned(daemon);
  await putRules(here, Bucket, [ruleTo('moto')]);
  const Key = 'a b/ü.txt';
  const said = { ContentType: 'text/x', Metadata: { colour: 'red' }, Tagging: 'k=v%20w' };
  await here.send(new PutObjectCommand({ Bucket, Key, Body: 'one', ...said }));
  await here.send(new DeleteObjectCommand({ Bucket, Key }));
  await here.send(new PutObjectCommand({ Bucket, Key, Body: 'two', ...said }));
  const named = { Bucket, Key: 'parts' };
  const { UploadId } = await here.send(new CreateMultipartUploadCommand(named));
  const Parts = [];
  for (const [i, Body] of [Buffer.alloc(5 * 1024 * 1024, 1), Buffer.from('the end')].entries()) {
    const { ETag } = await here.send(new UploadPartCommand({ ...named, UploadId, PartNumber: i + 1, Body }));
    Parts.push({ ETag, PartNumber: i + 1 });
  }
  await here.send(new CompleteMultipartUploadCommand({ ...named, UploadId, MultipartUpload: { Parts } }));
  for (const written of [Key, 'parts']) {
    await eventually(async () => expect(await statusOf(here, Bucket, written)).toBe('COMPLETED'));
  }
  const kinds = async (side: S3Client, bucket: string) =>
    (await versionsOf(side, bucket)).map((one) => ('ETag' in one ? one.ETag : 'marker')).toSorted();
  expect(await kinds(client, Copies)).toEqual(await kinds(here, Bucket));
  const replica = await client.send(new HeadObjectCommand({ Bucket: Copies, Key }));
  expect(replica).toMatchObject({ ContentType: 'text/x', Metadata: { colour: 'red' } });
  const tagsThere = async () => (await client.send(new GetObjectTaggingCommand({ Bucket: Copies, Key }))).TagSet;
  expect(await tagsThere()).toEqual([{ Key: 'k', Value: 'v w' }]);
  const TagSet = [{ Key: 'now', Value: 'other' }];
  await here.send(new PutObjectTaggingCommand({ Bucket, Key, Tagging: { TagSet } }));
  await eventually(async () => expect(await tagsThere()).toEqual(TagSet));
});
