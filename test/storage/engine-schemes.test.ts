/** Storage classes that are coded in different ways: condition → how the bytes lie. */
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import type { Bucket, Version } from '../../src/engine/types.ts';
import { asListed, bodyOf, chunksOf, EngineStore, plain } from '../support/engine-store.ts';
import { SeededRandom } from '../support/seeded-random.ts';

const kibibyte = 1024;
const random = new SeededRandom(20_261_126);
const hot = { ...plain, storageClass: 'EXPRESS_ONEZONE' };

/** A store of which one class is kept as copies. */
async function openStore(limits = {}): Promise<EngineStore> {
  const store = await EngineStore.open(limits);
  store.schemes = { EXPRESS_ONEZONE: '1+2' };
  await store.reopen();
  return store;
}

/** The schemes of the segments that a version lies in. */
async function schemesOf(store: EngineStore, version: Version): Promise<unknown[]> {
  const slices = await store.index.getSlices(version, { start: 0, end: version.size });
  const segments = slices.flatMap(({ location }) => location.extents.map(({ segment }) => segment));
  return [...new Set(segments.map((segment) => store.blobs.poolOf(segment)?.scheme))];
}

function holds(store: EngineStore): number {
  return store.blobs.segments().reduce((sum, segment) => sum + segment.holds, 0);
}

async function putHot(store: EngineStore, bucket: Bucket, key: string, content: Uint8Array): Promise<Version> {
  return store.engine.objects.put({ bucket, key, source: bodyOf(content), attributes: hot });
}

test('bodies of any size, their length told or not → in the scheme of their class, beside those of others', async () => {
  await using store = await openStore();
  const bucket = await store.newBucket();
  const limit = store.blobs.placeLimitBytesOf('1+2');
  for (const size of [1, 4096, limit - 1, limit, limit + 1, 1024 * kibibyte, 3000 * kibibyte]) {
    const content = random.bytes(size);
    const told = await putHot(store, bucket, 'told', content);
    const { length: _, ...untold } = bodyOf(content);
    const streamed = await store.engine.objects.put({ bucket, key: 'untold', source: untold, attributes: hot });
    const cold = await store.put(bucket, 'cold', content);
    for (const version of [told, streamed, cold]) {
      expect(await schemesOf(store, version)).toEqual([version === cold ? '6+3' : '1+2']);
      expect((await store.read(version)).equals(content)).toBe(true);
    }
  }
  expect(holds(store)).toBe(0);
});

test('no class configured → all of them 6+3; configured later → what there is stays and is read as it lies', async () => {
  await using store = await EngineStore.open();
  const bucket = await store.newBucket();
  const content = random.bytes(10_000);
  const before = await putHot(store, bucket, 'before', content);
  expect(await schemesOf(store, before)).toEqual(['6+3']);
  store.schemes = { EXPRESS_ONEZONE: '1+2' };
  await store.reopen();
  expect(await schemesOf(store, await putHot(store, bucket, 'after', content))).toEqual(['1+2']);
  store.schemes = {};
  await store.reopen();
  for (const key of ['before', 'after']) expect((await store.get(bucket, key)).equals(content)).toBe(true);
  expect(await schemesOf(store, await store.engine.objects.find(bucket, 'after'))).toEqual(['1+2']);
});

test('parts of an upload → in the scheme of its class, a copied part too', async () => {
  await using store = await openStore({ partSizeMinBytes: 1000 });
  const bucket = await store.newBucket();
  const contents = [random.bytes(5000), random.bytes(700 * kibibyte), random.bytes(2000)];
  const [first = Buffer.of(), second = Buffer.of(), third = Buffer.of()] = contents;
  const source = await store.put(bucket, 'source', Buffer.concat([random.bytes(10), third, random.bytes(10)]));
  const upload = await store.engine.uploads.create({ bucket, key: 'k', attributes: hot });
  const put = (partNumber: number, content: Uint8Array) =>
    store.engine.uploads.putPart({ bucket, upload, partNumber, source: bodyOf(content) });
  const range = { start: 10, end: 10 + third.length };
  const parts = [
    await put(1, first),
    await put(2, second),
    await store.engine.uploads.copyPart({ bucket, upload, partNumber: 3, source, range }),
  ];
  const listed = parts.map(asListed);
  await store.engine.uploads.complete({ bucket, key: 'k', uploadId: upload.uploadId, parts: listed });
  const version = await store.engine.objects.find(bucket, 'k');
  expect(await schemesOf(store, version)).toEqual(['1+2']);
  expect((await store.read(version)).equals(Buffer.concat(contents))).toBe(true);
  expect(parts[2]?.etag).toBe(createHash('md5').update(third).digest('hex'));
});

test.each([
  { from: plain, to: hot, scheme: '1+2' },
  { from: hot, to: plain, scheme: '6+3' },
])(
  'copied to $to.storageClass → written anew in $scheme, with the same ETag and checksum',
  async ({ from, to, scheme }) => {
    await using store = await openStore();
    const bucket = await store.newBucket();
    for (const size of [1000, 2500 * kibibyte]) {
      const content = random.bytes(size);
      await store.engine.objects.put({ bucket, key: 'source', source: bodyOf(content), attributes: from });
      const source = await store.engine.objects.find(bucket, 'source');
      const copy = await store.engine.objects.copy({ source, bucket, key: 'copy', attributes: to });
      expect(copy).toMatchObject({ etag: source.etag, checksum: source.checksum, size, attributes: to });
      expect(await store.engine.objects.find(bucket, 'copy')).toEqual(copy);
      expect(await schemesOf(store, copy)).toEqual([scheme]);
      expect((await store.read(copy)).equals(content)).toBe(true);
      expect(holds(store)).toBe(0);
    }
  },
);

test('copied within a class, or to one that is coded alike → the bytes are shared', async () => {
  await using store = await openStore();
  const bucket = await store.newBucket();
  await putHot(store, bucket, 'hot', random.bytes(1000));
  await store.put(bucket, 'cold', random.bytes(1000));
  const before = await store.liveBytes();
  for (const [key, attributes] of [
    ['hot', hot],
    ['cold', { ...plain, storageClass: 'STANDARD_IA' }],
  ] as const) {
    const source = await store.engine.objects.find(bucket, key);
    await store.engine.objects.copy({ source, bucket, key: `${key}-copy`, attributes });
  }
  expect(await store.liveBytes()).toBe(before);
});

test('a copy to another class is refused → its source is not held', async () => {
  await using store = await openStore();
  const bucket = await store.newBucket();
  const source = await store.put(bucket, 'source', random.bytes(5000));
  await putHot(store, bucket, 'taken', random.bytes(10));
  const conditions = { ifNoneMatch: '*' } as const;
  const request = { source, bucket, key: 'taken', attributes: hot, conditions };
  await expect(store.engine.objects.copy(request)).rejects.toMatchObject({ code: 'PreconditionFailed' });
  expect(holds(store)).toBe(0);
});

test('a body that fails its check → nothing is committed, in whatever scheme', async () => {
  await using store = await openStore();
  const bucket = await store.newBucket();
  for (const size of [1000, 700 * kibibyte]) {
    const stream = chunksOf(random.bytes(size));
    const verify = () => {
      throw new Error('bad digest');
    };
    const source = bodyOf('', { stream, length: size, verify });
    await expect(store.engine.objects.put({ bucket, key: 'k', source, attributes: hot })).rejects.toThrow('bad digest');
  }
  expect(await store.liveBytes()).toBe(0);
  expect(holds(store)).toBe(0);
});
