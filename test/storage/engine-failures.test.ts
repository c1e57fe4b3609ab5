/** What the engine makes of a store or an index that fails underneath it: condition → result. */
import { expect, test, vi } from 'vitest';
import { BlobError, type BlobStore } from '../../src/blob/types.ts';
import { createEngine } from '../../src/engine/engine.ts';
import type { Engine } from '../../src/engine/types.ts';
import { bodyOf, EngineStore, owner, plain, storeWith } from '../support/engine-store.ts';

function engineOn(store: EngineStore, blobs: BlobStore): Engine {
  return createEngine({ index: store.index, blobs, clock: store.clock, limits: { bufferedBytesMax: 100_000 } });
}

async function* failing(error: Error): AsyncGenerator<Uint8Array> {
  yield await Promise.reject(error);
}

test('too few disks for a write → ServiceUnavailable, small and large, and the buffer is given back', async () => {
  await using store = await EngineStore.open();
  const bucket = await store.newBucket();
  const lost = new BlobError('WriteQuorumLost', 'six disks of nine');
  const broken = storeWith(store.blobs, {
    place: () => {
      throw lost;
    },
    write: async () => {
      throw lost;
    },
  });
  const engine = engineOn(store, broken);
  for (const size of [60_000, 60_000, 60_000, store.blobs.placeLimitBytes + 1]) {
    const put = engine.objects.put({ bucket, key: 'k', source: bodyOf(Buffer.alloc(size)), attributes: plain });
    await expect(put).rejects.toMatchObject({ name: 'EngineError', code: 'ServiceUnavailable', cause: lost });
  }
  await expect(store.engine.objects.find(bucket, 'k')).rejects.toMatchObject({ code: 'NoSuchKey' });
});

test('a batch that cannot be made durable → ServiceUnavailable, no hold is left, and the next put is done', async () => {
  await using store = await EngineStore.open();
  const { blobs, engine } = store;
  const bucket = await store.newBucket();
  for (const size of [10, blobs.placeLimitBytes + 1]) {
    vi.spyOn(blobs, 'flush').mockRejectedValueOnce(new BlobError('WriteQuorumLost', 'six disks of nine'));
    const put = engine.objects.put({ bucket, key: 'k', source: bodyOf(Buffer.alloc(size)), attributes: plain });
    await expect(put).rejects.toMatchObject({ code: 'ServiceUnavailable', details: { bucket: 'bucket', key: 'k' } });
    expect(blobs.segments().filter(({ holds }) => holds > 0)).toEqual([]);
    await expect(engine.objects.find(bucket, 'k')).rejects.toMatchObject({ code: 'NoSuchKey' });
  }
  await store.put(bucket, 'k', 'well again');
  expect((await store.get(bucket, 'k')).toString()).toBe('well again');
});

test('too few shards to read → ServiceUnavailable before the first byte', async () => {
  await using store = await EngineStore.open();
  const bucket = await store.newBucket();
  await store.put(bucket, 'k', 'x');
  const read = () => failing(new BlobError('Unreadable', 'five shards of nine'));
  const engine = engineOn(store, storeWith(store.blobs, { read }));
  const version = await engine.objects.find(bucket, 'k');
  await expect(engine.objects.read(version, { start: 0, end: 1 })).rejects.toMatchObject({
    code: 'ServiceUnavailable',
  });
});

test('the segment gone under a version that is still there → looked up again and read', async () => {
  await using store = await EngineStore.open();
  const bucket = await store.newBucket();
  await store.put(bucket, 'k', 'moved');
  let reads = 0;
  const read: BlobStore['read'] = (ref, range) => {
    reads++;
    return reads === 1 ? failing(new BlobError('SegmentGone', 'gone')) : store.blobs.read(ref, range);
  };
  const engine = engineOn(store, storeWith(store.blobs, { read }));
  const version = await engine.objects.find(bucket, 'k');
  const chunks: Uint8Array[] = [];
  for await (const chunk of await engine.objects.read(version, { start: 1, end: 4 })) chunks.push(chunk);
  expect(Buffer.concat(chunks).toString()).toBe('ove');
  expect(reads).toBe(2);
});

test('the segment gone with the version → NoSuchKey; gone again and again → ServiceUnavailable', async () => {
  await using store = await EngineStore.open();
  const bucket = await store.newBucket();
  await store.put(bucket, 'k', 'x');
  const read = () => failing(new BlobError('SegmentGone', 'gone'));
  const engine = engineOn(store, storeWith(store.blobs, { read }));
  const range = { start: 0, end: 1 };
  const version = await engine.objects.find(bucket, 'k');
  await expect(engine.objects.read(version, range)).rejects.toMatchObject({ code: 'ServiceUnavailable' });
  const found = await engine.objects.find(bucket, 'k');
  await store.engine.objects.delete({ bucket, key: 'k', owner });
  await expect(engine.objects.read(found, range)).rejects.toMatchObject({ code: 'NoSuchKey' });
});
