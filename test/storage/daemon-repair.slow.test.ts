/** A running server finds damage and mends it, and dies in the middle of it; the files are then what they were. */
import { readdir, readFile, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { expect, test } from 'vitest';
import { flipBit } from '../support/blob-disks.ts';
import { type Daemon, startDaemon } from '../support/daemon.ts';
import { diskNames } from '../support/data-folders.ts';
import { eventually } from '../support/eventually.ts';
import { signedRequests } from '../support/signed-requests.ts';
import { StoredObjects } from '../support/stored-objects.ts';

const mebibyte = 1024 * 1024;

interface Filled extends AsyncDisposable {
  readonly daemon: Daemon;
  readonly objects: StoredObjects;
  /** Every shard file by its path, as it was while all was well. */
  readonly saved: ReadonlyMap<string, Buffer>;
}

/** A server with a few objects, stopped and started again, so that all that it has is sealed. */
async function filled(config: string): Promise<Filled> {
  const daemon = await startDaemon({ config, environment: { NINEFOLD_LOG_LEVEL: 'info' } });
  const objects = new StoredObjects(daemon.client, await daemon.newBucket());
  await objects.put('small', 5000);
  await objects.put('packed', 300_000);
  await objects.put('large', 12 * mebibyte);
  await daemon.restart();
  const saved = await shardFiles(daemon);
  return { daemon, objects, saved, [Symbol.asyncDispose]: () => daemon[Symbol.asyncDispose]() };
}

async function shardFileNames({ dataDirectory }: Daemon): Promise<string[]> {
  const lists = await Promise.all(diskNames.map((disk) => readdir(join(dataDirectory, disk, 'segments'))));
  return lists.flat();
}

async function shardFiles({ dataDirectory }: Daemon): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>();
  for (const disk of diskNames) {
    const folder = join(dataDirectory, disk, 'segments');
    for (const name of await readdir(folder)) files.set(join(folder, name), await readFile(join(folder, name)));
  }
  return files;
}

/** Waits until each of the files is what it was. What was written since has files of its own. */
async function mended({ daemon, saved }: Filled): Promise<void> {
  await eventually(
    async () => {
      const found = await shardFiles(daemon);
      const wrong = [...saved].filter(([path, bytes]) => !found.get(path)?.equals(bytes)).map(([path]) => path);
      expect(wrong).toEqual([]);
    },
    { interval: 100 },
  );
}

/** The longest shard file of a disk: one of the large object. */
function largest({ daemon, saved }: Filled, disk: string): string {
  const folder = join(daemon.dataDirectory, disk);
  const own = [...saved].filter(([path]) => path.startsWith(folder)).sort(([, a], [, b]) => b.length - a.length);
  return own[0]?.[0] ?? '';
}

test('a bit flipped that nobody reads → scrub finds it, repair mends it', async () => {
  await using all = await filled('jobs:\n  scrubPeriodMs: 60000\n');
  const { send } = signedRequests(() => all.daemon);
  await flipBit(largest(all, 'zone-b/disk-2'), 200_000);
  // Scrub lets a start be over before it reads; this tells it to begin.
  await eventually(
    async () => {
      await send({ method: 'POST', path: '/-/jobs/scrub/run', body: '' });
      expect(all.daemon.output).toContain('A shard file is damaged');
    },
    { interval: 100 },
  );
  await mended(all);
  await all.objects.expectRight();
});

test('shard files of two disks gone, and the server killed while it rebuilds them → no harm, and all is rebuilt', async () => {
  await using all = await filled('jobs:\n  repairBytesPerSecond: 8388608\n');
  await all.daemon.kill9();
  for (const disk of ['zone-a/disk-1', 'zone-c/disk-3']) {
    const folder = join(all.daemon.dataDirectory, disk, 'segments');
    for (const name of await readdir(folder)) await rm(join(folder, name));
  }
  await all.daemon.start();
  await eventually(
    async () => {
      const names = await shardFileNames(all.daemon);
      expect(names.some((name) => name.endsWith('.new'))).toBe(true);
    },
    { interval: 5 },
  );
  await all.daemon.kill9();
  await all.daemon.start();
  await all.objects.expectRight();
  await mended(all);
  // What was written since may be rebuilt last.
  await eventually(async () => {
    expect((await shardFileNames(all.daemon)).filter((name) => name.endsWith('.new'))).toEqual([]);
  });
});

test('a damaged block that is read → the answer is right, and the file is mended soon after', async () => {
  await using all = await filled('jobs:\n  repairDelayMs: 0\n');
  const [segment = ''] = basename(largest(all, 'zone-a/disk-1')).split('.');
  for (const shard of [0, 2, 5]) {
    const path = [...all.saved.keys()].find((file) => file.endsWith(`${segment}.${shard}.shard`)) ?? '';
    await flipBit(path, 300_000 + 64 * shard);
  }
  await all.objects.expectRight();
  await mended(all);
});
