/** Deletes in the three versioning states, and what finding a key says afterwards: condition → result. */
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { bodyOf, EngineStore, owner, plain } from '../support/engine-store.ts';

test('Unversioned → the object is gone, no marker; a second delete is no error', async () => {
  await using store = await EngineStore.open();
  const bucket = await store.newBucket();
  await store.put(bucket, 'k', 'x');
  expect(await store.engine.objects.delete({ bucket, key: 'k', owner })).toEqual({ deleteMarker: false, size: 1 });
  expect(await store.engine.objects.delete({ bucket, key: 'k', owner })).toEqual({ deleteMarker: false });
  await expect(store.engine.objects.find(bucket, 'k')).rejects.toMatchObject({
    code: 'NoSuchKey',
    details: { bucket: 'bucket', key: 'k' },
  });
});

test('Enabled → a marker; the versions stay; the marker removed → the object is back', async () => {
  await using store = await EngineStore.open();
  const bucket = await store.newVersionedBucket();
  const version = await store.put(bucket, 'k', 'x');
  const marker = await store.engine.objects.delete({ bucket, key: 'k', owner });
  expect(marker).toEqual({ deleteMarker: true, versionId: expect.stringMatching(/^[A-Za-z0-9_-]{32}$/), size: 1 });
  await expect(store.engine.objects.find(bucket, 'k')).rejects.toMatchObject({
    code: 'NoSuchKey',
    details: { deleteMarkerVersionId: marker.versionId },
  });
  await expect(store.engine.objects.find(bucket, 'k', marker.versionId)).rejects.toMatchObject({
    code: 'DeleteMarkerMet',
    details: { versionId: marker.versionId, lastModifiedMs: store.nowMs },
  });
  expect((await store.get(bucket, 'k', version.versionId)).toString()).toBe('x');
  const versionId = marker.versionId ?? '';
  expect(await store.engine.objects.delete({ bucket, key: 'k', versionId, owner })).toEqual({
    deleteMarker: true,
    versionId,
  });
  expect((await store.get(bucket, 'k')).toString()).toBe('x');
});

test('Enabled, a version named → this version is gone for good; unknown ids are no error', async () => {
  await using store = await EngineStore.open();
  const bucket = await store.newVersionedBucket();
  const { versionId } = await store.put(bucket, 'k', 'x');
  const second = await store.put(bucket, 'k', 'y');
  const removal = { bucket, key: 'k', versionId: second.versionId, owner };
  const removed = { deleteMarker: false, versionId: second.versionId };
  expect(await store.engine.objects.delete(removal)).toEqual({ ...removed, size: 1 });
  expect(await store.engine.objects.delete(removal)).toEqual(removed);
  expect((await store.engine.objects.find(bucket, 'k')).versionId).toBe(versionId);
  await expect(store.engine.objects.find(bucket, 'k', second.versionId)).rejects.toMatchObject({
    code: 'NoSuchVersion',
    details: { versionId: second.versionId, key: 'k' },
  });
});

test('Suspended → the null version gives way to a null marker; other versions stay', async () => {
  await using store = await EngineStore.open();
  const enabled = await store.newVersionedBucket();
  const kept = await store.put(enabled, 'k', 'kept');
  await store.engine.buckets.setVersioning(enabled, 'Suspended');
  const bucket = await store.engine.buckets.get('bucket');
  expect((await store.put(bucket, 'k', 'null version')).versionId).toBe('null');
  expect((await store.put(bucket, 'k', 'its successor')).versionId).toBe('null');
  expect((await store.get(bucket, 'k', 'null')).toString()).toBe('its successor');
  expect(await store.engine.objects.delete({ bucket, key: 'k', owner })).toEqual({
    deleteMarker: true,
    versionId: 'null',
    size: 'its successor'.length,
  });
  await expect(store.engine.objects.find(bucket, 'k', 'null')).rejects.toMatchObject({ code: 'DeleteMarkerMet' });
  expect((await store.get(bucket, 'k', kept.versionId)).toString()).toBe('kept');
});

test('a bucket that is enabled meanwhile → a delete makes a marker, whatever the caller knew', async () => {
  await using store = await EngineStore.open();
  const stale = await store.newBucket();
  await store.put(stale, 'k', 'x');
  await store.engine.buckets.setVersioning(stale, 'Enabled');
  const result = await store.engine.objects.delete({ bucket: stale, key: 'k', owner });
  expect(result).toEqual({ deleteMarker: true, versionId: expect.stringMatching(/^[A-Za-z0-9_-]{32}$/), size: 1 });
  expect((await store.get(stale, 'k', 'null')).toString()).toBe('x');
});

test('conditions that do not hold → PreconditionFailed, nothing deleted; that hold → deleted', async () => {
  await using store = await EngineStore.open();
  const bucket = await store.newBucket();
  const { etag, lastModifiedMs } = await store.put(bucket, 'k', 'x');
  const remove = (conditions: object) => store.engine.objects.delete({ bucket, key: 'k', owner, conditions });
  const wrong = createHash('md5').update('other').digest('hex');
  for (const [conditions, condition] of [
    [{ ifMatch: [wrong] }, 'If-Match'],
    [{ ifMatchSize: 2 }, 'x-amz-if-match-size'],
    [{ ifMatchLastModifiedMs: lastModifiedMs - 60_000 }, 'x-amz-if-match-last-modified-time'],
  ] as const) {
    await expect(remove(conditions)).rejects.toMatchObject({ code: 'PreconditionFailed', details: { condition } });
  }
  expect((await store.get(bucket, 'k')).toString()).toBe('x');
  await remove({ ifMatch: [etag], ifMatchSize: 1, ifMatchLastModifiedMs: lastModifiedMs });
  await expect(store.engine.objects.find(bucket, 'k')).rejects.toMatchObject({ code: 'NoSuchKey' });
});

test('listing → current objects without markers; versions and markers, newest first', async () => {
  await using store = await EngineStore.open();
  const bucket = await store.newVersionedBucket();
  for (const key of ['a/1', 'a/2', 'b']) await store.put(bucket, key, key);
  await store.engine.objects.put({ bucket, key: 'b', source: bodyOf('newer'), attributes: plain });
  await store.engine.objects.delete({ bucket, key: 'a/2', owner });
  const page = await store.engine.listing.objects(bucket, { prefix: '', delimiter: '/', after: '', limit: 10 });
  expect(page.entries.map((entry) => (entry.kind === 'prefix' ? entry.prefix : entry.version.key))).toEqual([
    'a/',
    'b',
  ]);
  const all = await store.engine.listing.versions(bucket, {
    prefix: '',
    delimiter: '',
    after: '',
    afterVersionId: '',
    limit: 10,
  });
  const seen = all.entries.map((entry) =>
    entry.kind === 'prefix' ? entry.prefix : [entry.version.key, entry.version.isDeleteMarker, entry.version.isLatest],
  );
  expect(seen).toEqual([
    ['a/1', false, true],
    ['a/2', true, true],
    ['a/2', false, false],
    ['b', false, true],
    ['b', false, false],
  ]);
});
