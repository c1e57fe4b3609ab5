/** An index made anew from what the blob store holds: condition → result. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Engine } from '../../src/engine/types.ts';
import { EngineStore, owner } from '../support/engine-store.ts';
import { withRebuilt } from '../support/rebuilt-engine.ts';
import { SeededRandom } from '../support/seeded-random.ts';

const mebibyte = 1024 * 1024;
const random = new SeededRandom(5);

async function contentOf(engine: Engine, key: string): Promise<Buffer> {
  const found = await engine.objects.find(await engine.buckets.get('bucket'), key);
  const chunks: Uint8Array[] = [];
  for await (const chunk of await engine.objects.read(found, { start: 0, end: found.size })) chunks.push(chunk);
  return Buffer.concat(chunks);
}

test('blobs that compaction moved lie in both places → each counts once, and nothing else is named', async () => {
  await using store = await EngineStore.open();
  const bucket = await store.newVersionedBucket();
  const contents = new Map([1000, 3 * mebibyte].map((size) => [`live/${size}`, random.bytes(size)]));
  for (const [key, content] of contents) {
    await store.put(bucket, key, content);
    await store.put(bucket, `dead/${key}`, random.bytes(content.length));
  }
  for (const key of contents.keys()) {
    const { versionId } = await store.engine.objects.find(bucket, `dead/${key}`);
    await store.engine.objects.delete({ bucket, key: `dead/${key}`, versionId, owner });
  }
  await store.reopen();
  for (const { segment } of await store.compaction.listCandidates(0.2)) {
    while (!(await store.compaction.move(segment, mebibyte)).isDone);
  }
  expect(store.compaction.figures().movedBytes).toBeGreaterThan(3 * mebibyte);
  await store.reopen();
  await withRebuilt(store, async ({ engine, index, report }) => {
    // What was deleted and not collected is back.
    expect(report).toEqual({ buckets: 1, versions: 4, deleteMarkers: 0, uploads: 0, lost: [] });
    for (const [key, content] of contents) expect((await contentOf(engine, key)).equals(content)).toBe(true);
    const live = (await index.listSegments()).reduce((total, use) => total + use.liveBytes, 0);
    const data = [...contents.values()].reduce((total, { length }) => total + 2 * length, 0);
    expect(live - data).toBeLessThan(1000);
  });
});

test('a null version was overwritten, small and large → the newest is there, and no other', async () => {
  await using store = await EngineStore.open();
  const bucket = await store.newBucket();
  const last = new Map<string, Buffer>();
  for (const size of [100, 2 * mebibyte, 300, 3 * mebibyte]) {
    store.nowMs += 5;
    for (const key of ['one', 'two']) {
      last.set(key, random.bytes(size));
      await store.put(bucket, key, last.get(key) ?? '');
    }
  }
  await store.reopen();
  await withRebuilt(store, async ({ engine, report }) => {
    expect(report.versions).toBe(2);
    for (const [key, content] of last) expect((await contentOf(engine, key)).equals(content)).toBe(true);
  });
});

test('a segment has too few shards left → said, and all else restored', async () => {
  await using store = await EngineStore.open();
  const bucket = await store.newBucket();
  await store.put(bucket, 'small', 'small');
  await store.put(bucket, 'large', random.bytes(2 * mebibyte));
  const version = await store.index.getVersion(bucket.id, 'large');
  const slices = version && (await store.index.getSlices(version, { start: 0, end: 1 }));
  const segment = slices?.[0]?.location.extents[0]?.segment ?? '';
  const files = (await store.shardFiles()).filter((file) => file.includes(segment));
  await store.reopen();
  for (const file of files.slice(0, 4)) await rm(join(store.folder, file));
  await withRebuilt(store, async ({ engine, report }) => {
    expect(report).toMatchObject({ buckets: 1, versions: 1 });
    expect(report.lost).toEqual([expect.stringContaining(segment)]);
    expect((await contentOf(engine, 'small')).toString()).toBe('small');
    await expect(contentOf(engine, 'large')).rejects.toMatchObject({ code: 'NoSuchKey' });
  });
});
