/** Maintenance goes through the gates of the disks: one that hangs is given up, and the rest of the work goes on. */
import { rm } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { BlobDisks, readAll, sampleBytes } from '../support/blob-disks.ts';
import { FaultyFiles } from '../support/faulty-files.ts';
import { becomes, stateOf } from '../support/kept-blobs.ts';
import { finish, mendAll, scrubAll } from '../support/maintenance.ts';

const BYTES = sampleBytes(9000, 1);
/** Short, so that tests are; so long that a busy machine does not take others for hung. */
const diskTimeoutMs = 2000;

async function scene() {
  const disks = await BlobDisks.create();
  const writing = await disks.open();
  const ref = writing.place(BYTES, Buffer.of());
  await writing.flush();
  await writing.close();
  const segment = ref.extents[0]?.segment ?? '';
  const shards = await disks.shardFiles(segment);
  const diskOf = (shard: number) => disks.paths.findIndex((path) => shards[shard]?.startsWith(path));
  return { disks, ref, segment, shards, diskOf };
}

test('a read of scrub hangs → its disk is suspect, and scrub ends', async () => {
  const { disks, segment, shards, diskOf } = await scene();
  const files = FaultyFiles.install();
  const store = await disks.open({ diskTimeoutMs });
  const hang = files.hang({ operation: 'read', path: shards[4] ?? '' });
  await finish(store.maintenance.scrub(segment));
  expect(hang.met).toBe(1);
  expect(stateOf(store, diskOf(4))).toMatchObject({ state: 'suspect' });
  expect(store.maintenance.health()[0]).toMatchObject({ damaged: [], missing: [4] });
});

test.each(['write', 'sync'] as const)(
  'a %s of repair hangs → its disk is suspect, and repair ends',
  async (operation) => {
    const { disks, ref, segment, shards, diskOf } = await scene();
    await rm(shards[2] ?? '');
    const files = FaultyFiles.install();
    const store = await disks.open({ diskTimeoutMs });
    const hang = files.hang({ operation, path: `${shards[2]}.new` });
    await expect(finish(store.maintenance.repair(segment))).rejects.toThrow('cannot be written');
    expect(stateOf(store, diskOf(2))).toMatchObject({ state: 'suspect' });
    hang.release();
    await becomes(store, diskOf(2), 'healthy');
    await mendAll(store);
    await scrubAll(store);
    expect(store.maintenance.health()[0]).toMatchObject({ damaged: [], missing: [], sparesLeft: 3 });
    expect((await readAll(store, ref)).equals(BYTES)).toBe(true);
  },
);
