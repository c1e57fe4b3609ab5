/** Starting, stopping and refusing to start: the process as an operator meets it. */
import { PassThrough } from 'node:stream';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { type Daemon, type DaemonOptions, region, rootKey, startDaemon } from '../support/daemon.ts';
import { DataFolders } from '../support/data-folders.ts';
import { eventually } from '../support/eventually.ts';
import { seededBytes } from '../support/seeded-bytes.ts';
import { compare, StoredObjects, streamOf } from '../support/stored-objects.ts';

const mebibyte = 1024 * 1024;

async function started(options: DaemonOptions = {}): Promise<Daemon> {
  const daemon = await startDaemon(options);
  onTestFinished(async () => void (await daemon.stop()));
  return daemon;
}

describe('starting', () => {
  test('second server on the same data → refused in words, the first is not disturbed', async () => {
    const daemon = await started();
    const objects = new StoredObjects(daemon.client, await daemon.newBucket());
    await objects.put('before', 5000);
    const second = startDaemon({ dataDirectory: daemon.dataDirectory });
    await expect(second).rejects.toThrow(/exit code 1\)[\s\S]*zone-a is in use by another Ninefold server/);
    await new DataFolders(daemon.dataDirectory).lose(['zone-a']);
    const third = startDaemon({ dataDirectory: daemon.dataDirectory });
    await expect(third).rejects.toThrow(/exit code 1\)[\s\S]*zone-b is in use by another Ninefold server/);
    await objects.expectRight();
  });

  test('killed server → its data can be served at once', async () => {
    const daemon = await started();
    const objects = new StoredObjects(daemon.client, await daemon.newBucket());
    await objects.put('before', 5000);
    await daemon.kill9();
    await daemon.start();
    await objects.expectRight();
  });

  test('last write may lie on disks that are away → start refused, nothing is cut; right when they are back', async () => {
    const daemon = await started();
    const objects = new StoredObjects(daemon.client, await daemon.newBucket());
    const folders = new DataFolders(daemon.dataDirectory);
    await objects.put('on nine disks', 5000);
    await folders.lose(['zone-c/disk-1', 'zone-c/disk-2']);
    await daemon.restart();
    await objects.put('on seven disks', 5000);
    await daemon.kill9();
    await folders.giveBack();
    // Without the index of this zone the log says what was written last; four shards are left of it.
    await folders.lose(['zone-a']);
    await expect(daemon.start()).rejects.toThrow(
      /exit code 1\)[\s\S]*disks that are away may have 3 more[\s\S]*--last-record drop/,
    );
    await folders.giveBack();
    await daemon.start();
    await objects.expectRight();
  });
});

test('an error that nothing holds → the log says which before the process ends, and tests show it', async () => {
  const shown = vi.spyOn(console, 'log').mockImplementation(() => {});
  onTestFinished(() => shown.mockRestore());
  const thrower = "process.on('SIGUSR2', () => { throw new Error('out of the blue') })";
  const preloaded = `data:text/javascript,${encodeURIComponent(thrower)}`;
  const daemon = await started({ environment: { NODE_OPTIONS: `--import ${preloaded}` } });
  process.kill(daemon.pid, 'SIGUSR2');
  await eventually(() => expect(shown).toHaveBeenCalledOnce());
  const [[text = ''] = []] = shown.mock.calls;
  expect(text).toContain('ended by itself (exit code 1)');
  expect(text).toMatch(/"level":60,.*out of the blue.*An error that nothing holds/);
});

describe('stopping', () => {
  test('SIGTERM while an upload and a download run → both finish, no new connection, exit code 0', async () => {
    const daemon = await started();
    const { endpoint } = daemon;
    const client = new S3Client({ endpoint, region, credentials: rootKey, forcePathStyle: true, maxAttempts: 1 });
    onTestFinished(() => client.destroy());
    const Bucket = await daemon.newBucket();
    const objects = new StoredObjects(client, Bucket);
    await objects.put('download', 32 * mebibyte);

    const download = streamOf((await client.send(new GetObjectCommand({ Bucket, Key: 'download' }))).Body);
    const bytes = seededBytes('upload', 3 * mebibyte);
    const body = new PassThrough();
    const upload = client.send(
      new PutObjectCommand({ Bucket, Key: 'upload', Body: body, ContentLength: bytes.length }),
    );
    body.write(bytes.subarray(0, mebibyte));
    await eventually(() => expect(body.readableLength).toBe(0));

    const stopped = daemon.stop();
    await eventually(() => expect(daemon.output).toContain('Stopping'));
    await eventually(() => expect(fetch(`${endpoint}/-/live`)).rejects.toThrow('fetch failed'));
    body.end(bytes.subarray(mebibyte));
    expect(await upload).toMatchObject({ ETag: expect.any(String) });
    expect(await compare(download, objects.contents.get('download') ?? Buffer.of())).toBe('right');
    expect(await stopped).toBe(0);
    expect(daemon.output).not.toContain('cut off');
  });

  test('SIGTERM while a client neither sends nor reads → cut off at the limit, exit code 0', async () => {
    const daemon = await started({ config: 'limits:\n  stopTimeoutMs: 300\n' });
    const Bucket = await daemon.newBucket();
    const { endpoint } = daemon;
    const client = new S3Client({ endpoint, region, credentials: rootKey, forcePathStyle: true, maxAttempts: 1 });
    onTestFinished(() => client.destroy());
    const body = new PassThrough();
    const upload = client.send(new PutObjectCommand({ Bucket, Key: 'never', Body: body, ContentLength: 2 * mebibyte }));
    upload.catch(() => undefined);
    body.write(seededBytes('never', mebibyte));
    await eventually(() => expect(body.readableLength).toBe(0));
    expect(await daemon.stop()).toBe(0);
    await expect(upload).rejects.toThrow();
  });
});
