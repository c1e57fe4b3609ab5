/** Copies share bytes and tell their digests: condition → result. */
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { expect, test } from 'vitest';
import type { Bucket, Version } from '../../src/engine/types.ts';
import { asListed, bodyOf, EngineStore, owner, plain } from '../support/engine-store.ts';
import { SeededRandom } from '../support/seeded-random.ts';

const random = new SeededRandom(2);

function md5(content: Uint8Array): string {
  return createHash('md5').update(content).digest('hex');
}

/** A multipart object of two parts. */
async function putInParts(store: EngineStore, bucket: Bucket, parts: readonly Uint8Array[]): Promise<Version> {
  const upload = await store.engine.uploads.create({ bucket, key: 'parts', attributes: plain });
  const listed = [];
  for (const [n, content] of parts.entries()) {
    listed.push(await store.engine.uploads.putPart({ bucket, upload, partNumber: n + 1, source: bodyOf(content) }));
  }
  return store.engine.uploads.complete({
    bucket,
    key: 'parts',
    uploadId: upload.uploadId,
    parts: listed.map(asListed),
  });
}

test('a single put copied → same bytes, ETag and checksum, no new bytes; the source deleted → the copy stays', async () => {
  await using store = await EngineStore.open();
  const bucket = await store.newBucket();
  for (const size of [0, 1000, 2 * store.blobs.placeLimitBytes]) {
    const content = random.bytes(size);
    await store.put(bucket, 'source', content);
    const before = await store.liveBytes();
    const source = await store.engine.objects.find(bucket, 'source');
    const attributes = { ...plain, metadata: { copied: 'yes' } };
    const copy = await store.engine.objects.copy({ source, bucket, key: 'copy', attributes });
    expect(await store.liveBytes()).toBe(before);
    expect(copy).toMatchObject({ etag: source.etag, checksum: source.checksum, size, attributes });
    expect(await store.engine.objects.find(bucket, 'copy')).toEqual(copy);
    await store.engine.objects.delete({ bucket, key: 'source', owner });
    expect((await store.get(bucket, 'copy')).equals(content)).toBe(true);
    await store.engine.objects.delete({ bucket, key: 'copy', owner });
    expect(await store.liveBytes()).toBe(0);
  }
});

test('copied onto itself → new metadata on the same bytes', async () => {
  await using store = await EngineStore.open();
  const bucket = await store.newBucket();
  await store.put(bucket, 'k', 'same bytes');
  for (const colour of ['red', 'blue']) {
    const source = await store.engine.objects.find(bucket, 'k');
    await store.engine.objects.copy({ source, bucket, key: 'k', attributes: { ...plain, metadata: { colour } } });
    const found = await store.engine.objects.find(bucket, 'k');
    expect(found.attributes.metadata).toEqual({ colour });
    expect((await store.read(found)).toString()).toBe('same bytes');
  }
  expect(await store.liveBytes()).toBe('same bytes'.length);
});

test('a multipart object copied → one object whose ETag is the MD5 of all bytes, without new bytes', async () => {
  await using store = await EngineStore.open({ partSizeMinBytes: 1000 });
  const bucket = await store.newBucket();
  const parts = [random.bytes(2 * store.blobs.placeLimitBytes), random.bytes(5000)];
  const content = Buffer.concat(parts);
  const source = await putInParts(store, bucket, parts);
  const before = await store.liveBytes();
  const copy = await store.engine.objects.copy({ source, bucket, key: 'copy', attributes: plain });
  expect(await store.liveBytes()).toBe(before);
  expect(copy).toMatchObject({ etag: md5(content), size: content.length, checksum: source.checksum });
  expect(copy.partCount).toBeUndefined();
  await store.engine.objects.delete({ bucket, key: 'parts', owner });
  expect((await store.get(bucket, 'copy')).equals(content)).toBe(true);
});

test('another algorithm asked for → its digest of the bytes', async () => {
  await using store = await EngineStore.open();
  const bucket = await store.newBucket();
  const content = random.bytes(100_000);
  const source = await store.put(bucket, 'k', content);
  const request = { source, bucket, key: 'copy', attributes: plain, checksumAlgorithm: 'CRC32' } as const;
  const value = Buffer.alloc(4);
  value.writeUInt32BE(crc32(content));
  expect((await store.engine.objects.copy(request)).checksum).toEqual({
    algorithm: 'CRC32',
    type: 'FULL_OBJECT',
    value: value.toString('base64'),
  });
});

test('conditions on the target → checked', async () => {
  await using store = await EngineStore.open();
  const bucket = await store.newBucket();
  const source = await store.put(bucket, 'k', 'x');
  await store.put(bucket, 'taken', 'y');
  const request = { source, bucket, key: 'taken', attributes: plain, conditions: { ifNoneMatch: '*' } } as const;
  await expect(store.engine.objects.copy(request)).rejects.toMatchObject({ code: 'PreconditionFailed' });
});

test('the source deleted after it was found → NoSuchKey; replaced → ServiceUnavailable', async () => {
  await using store = await EngineStore.open();
  const bucket = await store.newBucket();
  await store.put(bucket, 'k', 'x');
  const source = await store.engine.objects.find(bucket, 'k');
  await store.put(bucket, 'k', 'y');
  const request = { source, bucket, key: 'copy', attributes: plain };
  await expect(store.engine.objects.copy(request)).rejects.toMatchObject({ code: 'ServiceUnavailable' });
  await store.engine.objects.delete({ bucket, key: 'k', owner });
  await expect(store.engine.objects.copy(request)).rejects.toMatchObject({ code: 'NoSuchKey' });
});

test('a version of an Enabled bucket copied → a new version with the old bytes', async () => {
  await using store = await EngineStore.open();
  const bucket = await store.newVersionedBucket();
  const first = await store.put(bucket, 'k', 'first');
  await store.put(bucket, 'k', 'second');
  const source = await store.engine.objects.find(bucket, 'k', first.versionId);
  const restored = await store.engine.objects.copy({ source, bucket, key: 'k', attributes: plain });
  expect(restored.versionId).not.toBe(first.versionId);
  expect((await store.get(bucket, 'k')).toString()).toBe('first');
});
