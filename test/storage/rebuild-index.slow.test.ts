/** The index, made anew from the disks alone, by the command and with a real server: condition → result. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListBucketsCommand,
  ListMultipartUploadsCommand,
  ListObjectVersionsCommand,
  ListPartsCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import { expect, test } from 'vitest';
import { type Daemon, startDaemon } from '../support/daemon.ts';
import { SeededRandom } from '../support/seeded-random.ts';

const mebibyte = 1024 * 1024;
const repository = fileURLToPath(new URL('../..', import.meta.url));
const zones = ['zone-a', 'zone-b', 'zone-c'];
const random = new SeededRandom(77);

interface Ran {
  readonly code: number;
  readonly output: string;
}

/** Runs the command as a user would. */
function rebuild(folder: string, ...args: readonly string[]): Promise<Ran> {
  const node = join(repository, 'node_modules', '.bin', 'node');
  return new Promise((resolve) => {
    execFile(
      node,
      ['src/main.ts', 'rebuild-index', '--data', folder, ...args],
      { cwd: repository },
      (error, out, err) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
        resolve({ code, output: out + err });
      },
    );
  });
}

async function removeIndexes(folder: string): Promise<void> {
  for (const zone of zones) {
    for (const name of ['index', 'log']) await rm(join(folder, zone, name), { recursive: true, force: true });
  }
}

async function leaveUnplaced(zone: string): Promise<void> {
  await mkdir(join(zone, 'rebuild'));
  for (const name of ['log', 'index']) await rename(join(zone, name), join(zone, 'rebuild', name));
  const marker = { formatVersion: 1, buckets: 0, versions: 0, deleteMarkers: 0, uploads: 0, lost: [] };
  await writeFile(join(zone, 'rebuild', 'ninefold-rebuilt.json'), JSON.stringify(marker));
}

/** Buckets of every state of versioning with objects of every kind, and an upload in progress. */
async function fill(client: S3Client): Promise<void> {
  for (const Bucket of ['plain', 'versioned', 'suspended', 'empty']) {
    await client.send(new CreateBucketCommand({ Bucket }));
  }
  const putTo = (Bucket: string) => (Key: string, size: number) =>
    client.send(
      new PutObjectCommand({
        ...{ Bucket, Key, Body: random.bytes(size), ContentType: 'text/x-test', Metadata: { note: Key } },
        Tagging: 'colour=blue',
      }),
    );
  const put = putTo('plain');
  for (const [i, size] of [0, 1, 5000, 70_000, 2 * mebibyte, 4 * mebibyte].entries()) await put(`object/${i}`, size);
  await Promise.all(Array.from({ length: 20 }, (_, i) => put(`small/${i}`, 100 + i)));
  await put('overwritten', 1000);
  await put('overwritten', 3000);
  await client.send(
    new CopyObjectCommand({ Bucket: 'plain', Key: 'copy', CopySource: 'plain/object/4', MetadataDirective: 'COPY' }),
  );
  await client.send(new CopyObjectCommand({ Bucket: 'plain', Key: 'copy-of-empty', CopySource: 'plain/object/0' }));
  await multipart(client, 'plain', 'parts');
  const Versioned = (Bucket: string, Status: 'Enabled' | 'Suspended') =>
    client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status } }));
  for (const bucket of ['versioned', 'suspended']) await putTo(bucket)('key', 500);
  await Versioned('versioned', 'Enabled');
  await Versioned('suspended', 'Enabled');
  for (const bucket of ['versioned', 'suspended']) {
    for (const size of [10, 20, 2 * mebibyte]) await putTo(bucket)('key', size);
    await putTo(bucket)('deleted', 10);
    await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: 'deleted' }));
    await multipart(client, bucket, 'parts');
  }
  await Versioned('suspended', 'Suspended');
  await putTo('suspended')('key', 77);
  await client.send(new DeleteObjectCommand({ Bucket: 'suspended', Key: 'gone' }));
  const upload = { Bucket: 'plain', Key: 'in-progress' };
  const { UploadId } = await client.send(new CreateMultipartUploadCommand({ ...upload, Metadata: { of: 'upload' } }));
  const part = { ...upload, UploadId };
  await client.send(new UploadPartCommand({ ...part, PartNumber: 2, Body: random.bytes(5 * mebibyte) }));
  await client.send(new UploadPartCommand({ ...part, PartNumber: 3, Body: random.bytes(10) }));
  await client.send(new UploadPartCommand({ ...part, PartNumber: 3, Body: random.bytes(11) }));
  await client.send(new CreateMultipartUploadCommand({ Bucket: 'versioned', Key: 'without-parts' }));
}

/** A multipart object of a part, a copied range, a replaced part, and one that is not listed in the end. */
async function multipart(client: S3Client, Bucket: string, Key: string): Promise<void> {
  const { UploadId } = await client.send(
    new CreateMultipartUploadCommand({ Bucket, Key, Metadata: { made: 'of parts' } }),
  );
  const part = { Bucket, Key, UploadId };
  const put = async (PartNumber: number, size: number) => {
    const { ETag } = await client.send(new UploadPartCommand({ ...part, PartNumber, Body: random.bytes(size) }));
    return { PartNumber, ETag };
  };
  const first = await put(1, 5 * mebibyte);
  const range = { CopySource: 'plain/parts-source', CopySourceRange: 'bytes=7-5242886' };
  await client.send(new PutObjectCommand({ Bucket: 'plain', Key: 'parts-source', Body: random.bytes(6 * mebibyte) }));
  const copied = await client.send(new UploadPartCopyCommand({ ...part, ...range, PartNumber: 2 }));
  await put(4, 200);
  const fourth = await put(4, 300);
  await put(9, 10);
  const Parts = [first, { PartNumber: 2, ETag: copied.CopyPartResult?.ETag }, fourth];
  await client.send(new CompleteMultipartUploadCommand({ ...part, MultipartUpload: { Parts } }));
}

/** Everything that a client can see, but for what is said not to be restored. */
async function see(client: S3Client): Promise<unknown[]> {
  const { Buckets = [] } = await client.send(new ListBucketsCommand({}));
  const seen: unknown[] = [];
  for (const { Name: Bucket } of Buckets) {
    const { Versions = [], DeleteMarkers = [] } = await client.send(new ListObjectVersionsCommand({ Bucket }));
    seen.push({ Bucket, Versions, DeleteMarkers });
    for (const { Key, VersionId } of Versions) {
      const read = await client.send(new GetObjectCommand({ Bucket, Key, VersionId, ChecksumMode: 'ENABLED' }));
      const { Body, $metadata, ...facts } = read;
      const bytes = (await Body?.transformToByteArray()) ?? Buffer.of();
      seen.push({ Key, ...facts, digest: createHash('sha256').update(bytes).digest('hex') });
    }
    const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket }));
    for (const { Key, UploadId, Initiated } of Uploads) {
      const { Parts = [] } = await client.send(new ListPartsCommand({ Bucket, Key, UploadId }));
      seen.push({ Key, UploadId, Initiated, Parts });
    }
  }
  return seen;
}

test('index and log lost in every zone → the server refuses; rebuilt, everything is as it was; with three disks lost too', async () => {
  const dataDirectory = await mkdtemp(join(tmpdir(), 'ninefold-rebuild-'));
  const daemon: Daemon = await startDaemon({ dataDirectory });
  try {
    await fill(daemon.client);
    const before = await see(daemon.client);
    await daemon.kill9();
    const refused = await rebuild(dataDirectory);
    expect(refused).toMatchObject({ code: 1, output: expect.stringContaining('--force') });

    await removeIndexes(dataDirectory);
    await expect(daemon.start()).rejects.toThrow('ninefold rebuild-index');
    const first = await rebuild(dataDirectory);
    expect(first.output).toContain('Restored 4 buckets');
    expect(first.output).not.toContain('Lost:');
    expect(first.code).toBe(0);
    await daemon.start();
    expect(await see(daemon.client)).toEqual(before);

    // As a run leaves it that dies once the new index is whole: the next start puts it in its place.
    await daemon.stop();
    for (const zone of zones) await leaveUnplaced(join(dataDirectory, zone));
    await daemon.start();
    expect(await see(daemon.client)).toEqual(before);

    // With three disks gone, and by force over what is there; the old index is set aside.
    await daemon.kill9();
    for (const zone of zones) await rename(join(dataDirectory, zone, 'disk-2'), join(dataDirectory, `${zone}.away`));
    const second = await rebuild(dataDirectory, '--force');
    expect(second).toMatchObject({ code: 0, output: expect.stringContaining('Set aside:') });
    expect(await readdir(join(dataDirectory, 'zone-a'))).toContain('log.aside');
    await daemon.start();
    expect(await see(daemon.client)).toEqual(before);
    await daemon.client.send(new CreateBucketCommand({ Bucket: 'afterwards' })).catch(() => {});
  } finally {
    await daemon.stop();
    await rm(dataDirectory, { recursive: true, force: true });
  }
});
