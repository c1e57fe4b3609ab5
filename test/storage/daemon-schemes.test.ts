/** A storage class that is kept as three copies, seen through an AWS client and in the disks' folders. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { CopyObjectCommand, HeadObjectCommand, ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DataFolders, diskNames, zoneNames } from '../support/data-folders.ts';
import { eventually } from '../support/eventually.ts';
import { StoredObjects } from '../support/stored-objects.ts';
import { useDaemon } from '../support/use-daemon.ts';

const kibibyte = 1024;
const hot = { StorageClass: 'EXPRESS_ONEZONE' } as const;

const daemon = useDaemon({
  isHosted: false,
  config: 'store: { schemes: { EXPRESS_ONEZONE: 1+2 } }',
  environment: { NINEFOLD_LOG_LEVEL: 'warn' },
});
let folders: DataFolders;
let objects: StoredObjects;

beforeEach(async () => {
  folders = new DataFolders(daemon().dataDirectory);
  objects = new StoredObjects(daemon().client, await daemon().newBucket());
});

afterEach(() => folders.giveBack());

/** The shard files of all disks, as `zone-a/disk-1/<name>`. */
async function shardFiles(): Promise<string[]> {
  const lists = diskNames.map(async (disk) => {
    const names = await readdir(join(daemon().dataDirectory, disk, 'segments'));
    return names.map((name) => `${disk}/${name}`);
  });
  return (await Promise.all(lists)).flat();
}

async function putSome(): Promise<void> {
  const prefix = `hot ${objects.contents.size}`;
  for (const size of [1, 4 * kibibyte, 200 * kibibyte, 900 * kibibyte]) {
    await objects.put(`${prefix} ${size}`, size, hot);
  }
}

describe('EXPRESS_ONEZONE kept as 1+2', () => {
  test('an object put → in exactly three files, one in each zone, named as copies, and answered as of its class', async () => {
    await daemon().restart();
    const before = new Set(await shardFiles());
    await objects.put('hot', 4 * kibibyte, hot);
    const added = (await shardFiles()).filter((file) => !before.has(file));
    expect(added.map((file) => file.split('/')[0]).sort()).toEqual([...zoneNames]);
    expect(added.map((file) => /\.\d\.1\+2\.shard$/.test(file))).toEqual([true, true, true]);
    const target = { Bucket: objects.bucket, Key: 'hot' };
    expect((await daemon().client.send(new HeadObjectCommand(target))).StorageClass).toBe('EXPRESS_ONEZONE');
    const { Contents } = await daemon().client.send(new ListObjectsV2Command({ Bucket: objects.bucket }));
    expect(Contents?.[0]?.StorageClass).toBe('EXPRESS_ONEZONE');
  });

  test('an object of another class → in nine files; copied to this one → in three more', async () => {
    await daemon().restart();
    const before = new Set(await shardFiles());
    await objects.put('cold', 4 * kibibyte);
    const cold = (await shardFiles()).filter((file) => !before.has(file));
    expect(cold).toHaveLength(9);
    const { bucket: Bucket } = objects;
    await daemon().client.send(new CopyObjectCommand({ Bucket, Key: 'hot', CopySource: `${Bucket}/cold`, ...hot }));
    const copied = (await shardFiles()).filter((file) => !before.has(file) && !cold.includes(file));
    expect(copied).toHaveLength(3);
    objects.contents.set('hot', objects.contents.get('cold') ?? Buffer.of());
    await objects.expectRight();
  });

  test('a zone lost → read and written all the while, and after a restart without it', async () => {
    await putSome();
    await folders.lose(['zone-a']);
    await putSome();
    await objects.expectRight();
    await daemon().restart();
    await putSome();
    await objects.expectRight();
    await folders.giveBack();
    await objects.expectRight();
  });

  test('killed while it is written → what was acknowledged reads back, also without a zone', async () => {
    const { client } = daemon();
    const writes = Array.from({ length: 8 }, async (_, writer) => {
      // Until the server is gone.
      for (let i = 0; ; i++) await objects.put(`${writer} ${i}`, i % 5 === 4 ? 600 * kibibyte : 3000, hot);
    });
    const ended = Promise.allSettled(writes);
    await eventually(() => expect(objects.contents.size).toBeGreaterThanOrEqual(40), { interval: 1 });
    await daemon().kill9();
    await ended;
    await folders.lose(['zone-b']);
    await daemon().start();
    for (const key of objects.contents.keys()) expect(await objects.read(key), key).toBe('right');
    await client.send(new PutObjectCommand({ Bucket: objects.bucket, Key: 'after', Body: 'x', ...hot }));
  });
});
