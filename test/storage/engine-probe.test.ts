/** Readiness goes the way of every write, and takes nobody's blobs with it: condition → result. */
import { expect, test, vi } from 'vitest';
import { BlobError } from '../../src/blob/types.ts';
import { probeStore } from '../../src/engine/probe.ts';
import { EngineStore } from '../support/engine-store.ts';

const lost = new BlobError('WriteQuorumLost', 'six disks of nine');

test('a store that takes writes → the probe passes and holds nothing afterwards', async () => {
  await using store = await EngineStore.open();
  await probeStore(store.index, store.blobs);
  expect(store.blobs.segments().filter(({ holds }) => holds > 0)).toEqual([]);
});

test('a wave that fails → the probe says why, and passes when the next one succeeds', async () => {
  await using store = await EngineStore.open();
  vi.spyOn(store.blobs, 'flush').mockRejectedValueOnce(lost);
  await expect(probeStore(store.index, store.blobs)).rejects.toThrow('six disks of nine');
  await probeStore(store.index, store.blobs);
});

test('a probe and a put in one tick, and the flush fails → the put is refused, not committed without its bytes', async () => {
  await using store = await EngineStore.open();
  const bucket = await store.newBucket();
  const { blobs, index, engine } = store;
  const location = blobs.place(Buffer.from('bytes'), Buffer.from('{}'));
  const put = index.submit({
    type: 'put-version',
    bucketId: bucket.id,
    key: 'k',
    versionId: 'null',
    ordinal: index.lastOrdinal() + 1,
    lastModifiedMs: 0,
    size: 5,
    etag: 'e',
    attributes: { owner: 'o', storageClass: 'STANDARD', headers: {}, metadata: {}, tags: [] },
    content: { kind: 'new', location },
  });
  vi.spyOn(blobs, 'flush').mockRejectedValueOnce(lost);
  const probed = probeStore(index, blobs);
  const outcomes = await Promise.allSettled([put, probed]);
  blobs.release(location);
  expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  await expect(engine.objects.find(bucket, 'k')).rejects.toMatchObject({ code: 'NoSuchKey' });
});
