/** A server whose zones, disks, log and index all lie on one real file system of 64 MiB: the reserve must serve them all. */
import { join } from 'node:path';
import { DeleteObjectCommand, GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { expect, onTestFinished, test } from 'vitest';
import { BlobDisks, sampleBytes } from '../support/blob-disks.ts';
import { startDaemon } from '../support/daemon.ts';
import { eventually } from '../support/eventually.ts';
import { mountSmallDisk } from '../support/small-disk.ts';

const MIB = 1024 * 1024;

test('PUT until it is full → 507 InsufficientCapacity; GET and DELETE go on; space comes back by itself', async () => {
  const disks = await BlobDisks.create();
  const dataDirectory = join(disks.root, 'data');
  await mountSmallDisk(dataDirectory, 64);
  const daemon = await startDaemon({ dataDirectory, config: 'store: { garbageGraceMs: 0 }\n' });
  onTestFinished(async () => void (await daemon.stop()));
  const Bucket = await daemon.newBucket();
  const put = (Key: string, size: number) =>
    daemon.client.send(new PutObjectCommand({ Bucket, Key, Body: sampleBytes(size, 7) }));
  const keys: string[] = [];
  let refusal: unknown;
  while (refusal === undefined) {
    const key = `${keys.length}`;
    await put(key, 2 * MIB).then(
      () => keys.push(key),
      (error: unknown) => {
        refusal = error;
      },
    );
    expect(keys.length).toBeLessThan(64);
  }
  expect(keys.length).toBeGreaterThan(10);
  const expected = { name: 'InsufficientCapacity', $metadata: { httpStatusCode: 507 } };
  expect(refusal).toMatchObject(expected);
  await expect(put('small', 100)).rejects.toMatchObject(expected);
  for (const Key of keys) {
    const { Body } = await daemon.client.send(new GetObjectCommand({ Bucket, Key }));
    expect(sampleBytes(2 * MIB, 7).equals((await Body?.transformToByteArray()) ?? Buffer.of())).toBe(true);
  }
  for (const Key of keys) await daemon.client.send(new DeleteObjectCommand({ Bucket, Key }));
  await eventually(() => put('again', 4 * MIB), { interval: 200 });
});
