/** Rules of objects and buckets, on a real index and store: condition → result. */
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import type { Bucket } from '../../src/engine/types.ts';
import { bodyOf, chunksOf, EngineStore, owner, plain } from '../support/engine-store.ts';
import { SeededRandom } from '../support/seeded-random.ts';

const random = new SeededRandom(1);
const attributes = plain;

function md5(content: string | Uint8Array): string {
  return createHash('md5').update(content).digest('hex');
}

/** Sizes on both sides of what is packed and what is written by itself. */
function sizes({ blobs }: EngineStore): number[] {
  return [0, 1, 70_000, blobs.placeLimitBytes, blobs.placeLimitBytes + 1, 2 * blobs.placeLimitBytes + 12_345];
}

test('bodies of every size, length known or not → what was put comes back, after a reopen too', async () => {
  await using store = await EngineStore.open();
  const bucket = await store.newBucket();
  const contents = new Map<string, Buffer>();
  for (const size of sizes(store)) {
    const content = random.bytes(size);
    contents.set(`known/${size}`, content);
    contents.set(`unknown/${size}`, content);
    await store.put(bucket, `known/${size}`, content);
    const { length: _, ...unknown } = bodyOf(content);
    const version = await store.engine.objects.put({ bucket, key: `unknown/${size}`, source: unknown, attributes });
    expect(version).toMatchObject({ size, etag: md5(content), versionId: 'null' });
  }
  for (const isReopened of [false, true]) {
    if (isReopened) await store.reopen();
    for (const [key, content] of contents) {
      const version = await store.engine.objects.find(bucket, key);
      expect(version.etag).toBe(md5(content));
      expect((await store.read(version)).equals(content), `${key}, reopened: ${isReopened}`).toBe(true);
    }
  }
});

test('the version returned → the version found', async () => {
  await using store = await EngineStore.open();
  const bucket = await store.newVersionedBucket();
  const rich = {
    owner,
    storageClass: 'GLACIER_IR',
    headers: { contentType: 'text/plain', cacheControl: 'no-store' },
    metadata: { colour: 'blau ü' },
    tags: [{ key: 'k', value: 'v' }],
  };
  const source = bodyOf('hello', { checksumAlgorithm: 'SHA256' });
  const put = await store.engine.objects.put({ bucket, key: 'k', source, attributes: rich });
  expect(await store.engine.objects.find(bucket, 'k')).toEqual(put);
  expect(put.checksum).toEqual({
    algorithm: 'SHA256',
    type: 'FULL_OBJECT',
    value: createHash('sha256').update('hello').digest('base64'),
  });
});

test('ranges → exactly these bytes', async () => {
  await using store = await EngineStore.open();
  const bucket = await store.newBucket();
  const size = 2 * store.blobs.placeLimitBytes + 100;
  const content = random.bytes(size);
  const version = await store.put(bucket, 'k', content);
  for (const [start, end] of [
    [0, 0],
    [0, 1],
    [size - 1, size],
    [65_535, 65_537],
    [1000, size - 1000],
    [size, size],
  ] as const) {
    expect((await store.read(version, { start, end })).equals(content.subarray(start, end))).toBe(true);
  }
});

test('a body that its verify refuses → its error, nothing of it is visible', async () => {
  await using store = await EngineStore.open();
  const bucket = await store.newBucket();
  await store.put(bucket, 'k', 'before');
  for (const size of sizes(store)) {
    const refused = new Error('BadDigest');
    const source = bodyOf(random.bytes(size), {
      verify: (digests) => {
        expect(digests.get('MD5')?.length).toBe(16);
        throw refused;
      },
    });
    await expect(store.engine.objects.put({ bucket, key: 'k', source, attributes })).rejects.toBe(refused);
  }
  expect((await store.get(bucket, 'k')).toString()).toBe('before');
});

test('a body whose stream breaks → its error, nothing of it is visible', async () => {
  await using store = await EngineStore.open();
  const bucket = await store.newBucket();
  const broken = new Error('connection reset');
  for (const size of [10, 3 * store.blobs.placeLimitBytes]) {
    async function* stream() {
      yield* chunksOf(random.bytes(size));
      throw broken;
    }
    const source = bodyOf('', { stream: stream(), length: size + 1 });
    await expect(store.engine.objects.put({ bucket, key: 'k', source, attributes })).rejects.toBe(broken);
  }
  await expect(store.engine.objects.find(bucket, 'k')).rejects.toMatchObject({ code: 'NoSuchKey' });
});

test('more algorithms → verify sees a digest of each, large and small', async () => {
  await using store = await EngineStore.open();
  const bucket = await store.newBucket();
  for (const size of [100, 2 * store.blobs.placeLimitBytes]) {
    const content = random.bytes(size);
    const seen: string[] = [];
    const source = bodyOf(content, {
      algorithms: new Set(['SHA1', 'SHA256']),
      verify: (digests) => {
        seen.push(Buffer.from(digests.get('SHA1') ?? []).toString('hex'));
        seen.push(Buffer.from(digests.get('SHA256') ?? []).toString('hex'));
      },
    });
    await store.engine.objects.put({ bucket, key: 'k', source, attributes });
    expect(seen).toEqual(['sha1', 'sha256'].map((name) => createHash(name).update(content).digest('hex')));
  }
});

test('conditions of a put that do not hold → refused before a byte of the body is asked for', async () => {
  await using store = await EngineStore.open();
  const bucket = await store.newBucket();
  await store.put(bucket, 'there', 'x');
  let asked = 0;
  async function* stream() {
    asked++;
    yield Buffer.from('y');
  }
  const source = () => bodyOf('y', { stream: stream() });
  const put = (key: string, conditions: object) =>
    store.engine.objects.put({ bucket, key, source: source(), attributes, conditions });
  await expect(put('there', { ifNoneMatch: '*' })).rejects.toMatchObject({
    code: 'PreconditionFailed',
    details: { condition: 'If-None-Match', key: 'there', bucket: 'bucket' },
  });
  await expect(put('there', { ifMatch: [md5('z')] })).rejects.toMatchObject({
    code: 'PreconditionFailed',
    details: { condition: 'If-Match' },
  });
  await expect(put('absent', { ifMatch: ['*'] })).rejects.toMatchObject({ code: 'NoSuchKey' });
  expect(asked).toBe(0);
  await put('there', { ifMatch: [md5('x')] });
  await put('there', { ifMatch: ['*'] });
  await put('absent', { ifNoneMatch: '*' });
  expect(asked).toBe(3);
});

test('a condition that ceases to hold while the body comes in → PreconditionFailed', async () => {
  await using store = await EngineStore.open();
  const bucket = await store.newBucket();
  async function* stream() {
    await store.put(bucket, 'k', 'quicker');
    yield Buffer.from('late');
  }
  const source = bodyOf('late', { stream: stream() });
  const put = store.engine.objects.put({ bucket, key: 'k', source, attributes, conditions: { ifNoneMatch: '*' } });
  await expect(put).rejects.toMatchObject({ code: 'PreconditionFailed', details: { condition: 'If-None-Match' } });
  expect((await store.get(bucket, 'k')).toString()).toBe('quicker');
});

test('a put refused in the transaction, then closed → nothing of the store stays open', async () => {
  await using store = await EngineStore.open();
  const bucket = await store.newBucket();
  async function* stream() {
    await store.put(bucket, 'k', 'quicker');
    yield Buffer.from('late');
  }
  const source = bodyOf('late', { stream: stream() });
  const put = store.engine.objects.put({ bucket, key: 'k', source, attributes, conditions: { ifNoneMatch: '*' } });
  await expect(put).rejects.toMatchObject({ code: 'PreconditionFailed' });
  const { blobs } = store;
  await store.reopen();
  expect(blobs.segments().map(({ sealed, holds }) => ({ sealed, holds }))).toEqual([{ sealed: true, holds: 0 }]);
});

test('If-None-Match on a key whose current version is a delete marker → the put is done', async () => {
  await using store = await EngineStore.open();
  const bucket = await store.newVersionedBucket();
  await store.put(bucket, 'k', 'x');
  await store.engine.objects.delete({ bucket, key: 'k', owner });
  const conditions = { ifNoneMatch: '*' } as const;
  await store.engine.objects.put({ bucket, key: 'k', source: bodyOf('y'), attributes, conditions });
  expect((await store.get(bucket, 'k')).toString()).toBe('y');
});

test('versioning switched while bodies come in → the version has the id that the new state asks for', async () => {
  await using store = await EngineStore.open();
  const old = await store.newBucket();
  for (const size of [10, 2 * store.blobs.placeLimitBytes]) {
    const content = random.bytes(size);
    for (const versioning of ['Enabled', 'Suspended'] as const) {
      const before = await store.engine.buckets.get('bucket');
      async function* stream() {
        await store.engine.buckets.setVersioning(old, versioning);
        yield* chunksOf(content);
      }
      const source = bodyOf(content, { stream: stream() });
      const version = await store.engine.objects.put({ bucket: before, key: 'k', source, attributes });
      expect(version.versionId === 'null').toBe(versioning === 'Suspended');
      expect((await store.get(before, 'k', version.versionId)).equals(content)).toBe(true);
    }
  }
});

test('the bucket deleted while the body comes in → NoSuchBucket, also if there is another of its name', async () => {
  await using store = await EngineStore.open();
  const bucket = await store.newBucket();
  async function* stream() {
    await store.engine.buckets.delete(bucket);
    await store.newVersionedBucket();
    yield Buffer.from('late');
  }
  const source = bodyOf('late', { stream: stream() });
  const put = store.engine.objects.put({ bucket, key: 'k', source, attributes });
  await expect(put).rejects.toMatchObject({ code: 'NoSuchBucket' });
});

test('twenty puts of one key at once in an Enabled bucket → twenty versions, each with its bytes', async () => {
  await using store = await EngineStore.open();
  const bucket = await store.newVersionedBucket();
  const puts = Array.from({ length: 20 }, (_, n) => store.put(bucket, 'k', `content ${n}`));
  const versions = await Promise.all(puts);
  expect(new Set(versions.map(({ versionId }) => versionId)).size).toBe(20);
  for (const [n, version] of versions.entries()) {
    expect((await store.get(bucket, 'k', version.versionId)).toString()).toBe(`content ${n}`);
  }
  const newest = versions.reduce((a, b) => (a.ordinal > b.ordinal ? a : b));
  expect((await store.engine.objects.find(bucket, 'k')).versionId).toBe(newest.versionId);
});

test('twenty puts of one key at once, If-None-Match → one succeeds', async () => {
  await using store = await EngineStore.open();
  const bucket = await store.newBucket();
  const put = (n: number) =>
    store.engine.objects.put({
      bucket,
      key: 'k',
      source: bodyOf(`content ${n}`),
      attributes,
      conditions: { ifNoneMatch: '*' },
    });
  const results = await Promise.allSettled(Array.from({ length: 20 }, (_, n) => put(n)));
  const winners = results.flatMap((result, n) => (result.status === 'fulfilled' ? [n] : []));
  expect(winners.length).toBe(1);
  expect((await store.get(bucket, 'k')).toString()).toBe(`content ${winners[0]}`);
});

test('replaced or deleted after it was found → the read still gives the bytes that were found', async () => {
  await using store = await EngineStore.open();
  const bucket = await store.newBucket();
  const content = random.bytes(2 * store.blobs.placeLimitBytes);
  await store.put(bucket, 'k', content);
  const found = await store.engine.objects.find(bucket, 'k');
  await store.put(bucket, 'k', 'replaced');
  expect((await store.read(found)).equals(content)).toBe(true);
  const foundAgain = await store.engine.objects.find(bucket, 'k');
  await store.engine.objects.delete({ bucket, key: 'k', owner });
  expect((await store.read(foundAgain)).toString()).toBe('replaced');
});

test('a version that nobody has found and that is replaced → never the bytes of the other', async () => {
  await using store = await EngineStore.open();
  const bucket = await store.newBucket();
  const old = await store.put(bucket, 'k', 'old bytes');
  await store.put(bucket, 'k', 'new bytes');
  await expect(store.read(old)).rejects.toMatchObject({ code: 'ServiceUnavailable' });
  await store.engine.objects.delete({ bucket, key: 'k', owner });
  await expect(store.read(old)).rejects.toMatchObject({ code: 'NoSuchKey' });
});

test('gets and puts of one key at once → every get succeeds with the bytes of its ETag', async () => {
  await using store = await EngineStore.open();
  const bucket = await store.newBucket();
  await store.put(bucket, 'k', 'content 0');
  let isPutting = true;
  const puts = (async () => {
    for (let n = 1; n <= 30; n++) await store.put(bucket, 'k', `content ${n}`);
    isPutting = false;
  })();
  while (isPutting) {
    const version = await store.engine.objects.find(bucket, 'k');
    expect(md5(await store.read(version))).toBe(version.etag);
  }
  await puts;
});

test('tags set → on the version named or on the current one, kept over a reopen', async () => {
  await using store = await EngineStore.open();
  const bucket = await store.newVersionedBucket();
  const first = await store.put(bucket, 'k', 'x');
  const second = await store.put(bucket, 'k', 'y');
  const tags = [{ key: 'a', value: '1' }];
  const tagged = await store.engine.objects.setTags({ bucket, key: 'k', versionId: undefined }, tags);
  expect(tagged).toMatchObject({ versionId: second.versionId, attributes: { tags } });
  await store.engine.objects.setTags({ bucket, key: 'k', versionId: first.versionId }, [{ key: 'b', value: '2' }]);
  await store.reopen();
  expect((await store.engine.objects.find(bucket, 'k')).attributes.tags).toEqual(tags);
  expect((await store.engine.objects.find(bucket, 'k', first.versionId)).attributes.tags).toEqual([
    { key: 'b', value: '2' },
  ]);
  await expect(
    store.engine.objects.setTags({ bucket, key: 'absent', versionId: undefined }, tags),
  ).rejects.toMatchObject({
    code: 'NoSuchKey',
  });
});

test('buckets: created again → by the owner AlreadyOwnedByYou, by another AlreadyExists', async () => {
  await using store = await EngineStore.open();
  const bucket = await store.newBucket();
  expect(await store.engine.buckets.get('bucket')).toEqual(bucket);
  await expect(store.newBucket()).rejects.toMatchObject({ code: 'BucketAlreadyOwnedByYou' });
  const other = store.engine.buckets.create({ name: 'bucket', region: 'us-east-1', owner: 'another' });
  await expect(other).rejects.toMatchObject({ code: 'BucketAlreadyExists', details: { bucket: 'bucket' } });
});

test('buckets: deleted with an object or marker in it → BucketNotEmpty; empty → NoSuchBucket from then on', async () => {
  await using store = await EngineStore.open();
  const bucket = await store.newVersionedBucket();
  const { versionId } = await store.put(bucket, 'k', 'x');
  await expect(store.engine.buckets.delete(bucket)).rejects.toMatchObject({ code: 'BucketNotEmpty' });
  const marker = await store.engine.objects.delete({ bucket, key: 'k', owner });
  await store.engine.objects.delete({ bucket, key: 'k', versionId, owner });
  await expect(store.engine.buckets.delete(bucket)).rejects.toMatchObject({ code: 'BucketNotEmpty' });
  await store.engine.objects.delete({
    bucket,
    key: 'k',
    owner,
    ...(marker.versionId && { versionId: marker.versionId }),
  });
  await store.engine.buckets.delete(bucket);
  await expect(store.engine.buckets.get('bucket')).rejects.toMatchObject({ code: 'NoSuchBucket' });
  await expect(store.engine.buckets.delete(bucket)).rejects.toMatchObject({ code: 'NoSuchBucket' });
});

test('buckets: listed by owner, prefix and page; documents set, read and removed', async () => {
  await using store = await EngineStore.open();
  for (const name of ['aa', 'ab', 'ba']) await store.newBucket(name);
  await store.engine.buckets.create({ name: 'ac', region: 'eu-west-1', owner: 'another' });
  const names = async (query: { prefix: string; after: string; limit: number }) => {
    const page = await store.engine.buckets.list({ owner, ...query });
    return [page.buckets.map(({ name }: Bucket) => name), page.isTruncated];
  };
  expect(await names({ prefix: '', after: '', limit: 10 })).toEqual([['aa', 'ab', 'ba'], false]);
  expect(await names({ prefix: 'a', after: '', limit: 10 })).toEqual([['aa', 'ab'], false]);
  expect(await names({ prefix: '', after: '', limit: 2 })).toEqual([['aa', 'ab'], true]);
  expect(await names({ prefix: '', after: 'ab', limit: 2 })).toEqual([['ba'], false]);
  const bucket = await store.engine.buckets.get('aa');
  await store.engine.buckets.setConfig(bucket, 'tagging', '{"a":1}');
  expect(await store.engine.buckets.getConfig(bucket, 'tagging')).toBe('{"a":1}');
  await store.engine.buckets.setConfig(bucket, 'tagging', null);
  expect(await store.engine.buckets.getConfig(bucket, 'tagging')).toBeUndefined();
});
