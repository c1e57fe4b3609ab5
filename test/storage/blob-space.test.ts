/** What the store says its shard files take is what lies on the disks, byte by byte, whatever happened to them. */
import { rm, truncate } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import type { ErasureBlobStore } from '../../src/blob/store.ts';
import { BlobDisks, inPieces, label, sampleBytes } from '../support/blob-disks.ts';
import { FaultyFiles } from '../support/faulty-files.ts';
import { allShardFiles, finish, mendAll, scrubAll } from '../support/maintenance.ts';

const MIB = 1024 * 1024;

async function writeBlobs(store: ErasureBlobStore, seed: number): Promise<void> {
  const refs = [1, 4096, 700_000].map((size) => store.place(sampleBytes(size, seed), Buffer.from('label')));
  await store.flush();
  refs.push(await store.write(inPieces(sampleBytes(2 * MIB, seed)), label('large')));
  for (const ref of refs) store.release(ref);
}

function told(store: ErasureBlobStore): { files: number; bytes: number } {
  const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);
  const segments = store.segments();
  return { files: sum(segments.map(({ files }) => files)), bytes: sum(segments.map(({ fileBytes }) => fileBytes)) };
}

async function onDisk(disks: BlobDisks, paths = disks.paths): Promise<{ files: number; bytes: number }> {
  const files = [...(await allShardFiles(disks, paths)).values()].filter(({ length }) => length > 0);
  return { files: files.length, bytes: files.reduce((total, { length }) => total + length, 0) };
}

async function expectAccounted(store: ErasureBlobStore, disks: BlobDisks, paths = disks.paths): Promise<void> {
  expect(told(store)).toEqual(await onDisk(disks, paths));
}

test('written, found again, dropped → what is there', async () => {
  const disks = await BlobDisks.create();
  let store = await disks.open();
  await expectAccounted(store, disks);
  await writeBlobs(store, 1);
  await expectAccounted(store, disks);
  await writeBlobs(store, 2);
  await expectAccounted(store, disks);
  await store.close();
  store = await disks.open();
  await expectAccounted(store, disks);
  for (const { segment } of store.segments()) {
    await store.drop(segment);
    await expectAccounted(store, disks);
  }
  expect(told(store)).toEqual({ files: 0, bytes: 0 });
});

test('disks away → what is on the others; back, after their shards were rebuilt elsewhere → both copies, then one', async () => {
  const disks = await BlobDisks.create();
  disks.zones[0]?.disks.push(join(disks.root, 'zone-0', 'disk-3'));
  const store = await disks.open({ repairDelayMs: 0 });
  await writeBlobs(store, 1);
  store.maintenance.retireOpen();
  // One of the four disks of its zone that has shards.
  const away =
    [...(await allShardFiles(disks)).keys()]
      .map((path) => disks.paths.indexOf(join(disks.root, dirname(dirname(path)))))
      .sort()[0] ?? 0;
  const others = disks.paths.filter((_, disk) => disk !== away);
  await disks.moveAway([away]);
  await store.checkDisks();
  await expectAccounted(store, disks, others);
  await mendAll(store);
  await expectAccounted(store, disks, others);
  await disks.moveBack([away]);
  await store.checkDisks();
  await expectAccounted(store, disks);
  expect(store.segments().some(({ files }) => files > 9)).toBe(true);
  await mendAll(store);
  await expectAccounted(store, disks);
});

test('a write that failed half-way, a file that was cut or removed → right once it was scrubbed, and once it is mended', async () => {
  const disks = await BlobDisks.create();
  const store = await disks.open();
  const faulty = FaultyFiles.install();
  await writeBlobs(store, 1);
  faulty.fail({ operation: 'datasync', path: disks.path(2), code: 'ENOSPC', times: 1 });
  await writeBlobs(store, 2);
  store.maintenance.retireOpen();
  const [first, second] = store.segments();
  const [cut = ''] = await disks.shardFiles(first?.segment ?? '');
  const removed = (await disks.shardFiles(second?.segment ?? ''))[4] ?? '';
  await truncate(cut, 100);
  await rm(removed);
  await scrubAll(store);
  await expectAccounted(store, disks);
  await mendAll(store);
  await expectAccounted(store, disks);
});

test('what is measured or scrubbed of a segment found at the start → in its state', async () => {
  const disks = await BlobDisks.create();
  const written = await disks.open();
  await writeBlobs(written, 1);
  const dataBytes = new Map(written.segments().map((state) => [state.segment, state.dataBytes]));
  await written.close();
  const store = await disks.open();
  const [measured = '', scrubbed = ''] = dataBytes.keys();
  const known = () => new Map(store.segments().map((state) => [state.segment, state.dataBytes]));
  expect([...known().values()]).toEqual([undefined, undefined]);
  await store.measure(measured);
  expect(known().get(measured)).toBe(dataBytes.get(measured));
  await finish(store.maintenance.scrub(scrubbed));
  expect(known()).toEqual(new Map(dataBytes));
});
