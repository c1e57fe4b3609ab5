/** Multipart uploads: condition → result. */
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import type { Bucket, ChecksumAlgorithm, Part, Upload } from '../../src/engine/types.ts';
import { asListed, bodyOf, EngineStore, type ListedPart, owner, plain } from '../support/engine-store.ts';
import { SeededRandom } from '../support/seeded-random.ts';

const random = new SeededRandom(3);
const limits = { partSizeMinBytes: 1000 };

function md5(content: Uint8Array): Buffer {
  return createHash('md5').update(content).digest();
}

interface Fixture {
  readonly store: EngineStore;
  readonly bucket: Bucket;
  readonly upload: Upload;
}

async function begin(
  store: EngineStore,
  bucket: Bucket,
  options: { checksumAlgorithm?: ChecksumAlgorithm; checksumType?: 'FULL_OBJECT' | 'COMPOSITE' } = {},
): Promise<Fixture> {
  const attributes = { ...plain, metadata: { colour: 'red' } };
  return { store, bucket, upload: await store.engine.uploads.create({ bucket, key: 'k', attributes, ...options }) };
}

async function putPart(
  { store, bucket, upload }: Fixture,
  partNumber: number,
  content: string | Uint8Array,
  checksumAlgorithm: ChecksumAlgorithm = 'CRC64NVME',
): Promise<Part> {
  return store.engine.uploads.putPart({ bucket, upload, partNumber, source: bodyOf(content, { checksumAlgorithm }) });
}

function complete({ store, bucket, upload }: Fixture, parts: readonly ListedPart[]) {
  return store.engine.uploads.complete({ bucket, key: 'k', uploadId: upload.uploadId, parts });
}

test('parts in any order, with gaps, one replaced → the object as listed, its parts, its ranges', async () => {
  await using store = await EngineStore.open(limits);
  const fixture = await begin(store, await store.newBucket());
  const contents = [random.bytes(2 * store.blobs.placeLimitBytes), random.bytes(5000), random.bytes(10)];
  await putPart(fixture, 7, random.bytes(3000));
  const last = await putPart(fixture, 9, contents[2] ?? '');
  const first = await putPart(fixture, 2, contents[0] ?? '');
  const middle = await putPart(fixture, 7, contents[1] ?? '');
  await putPart(fixture, 8, 'not listed');
  store.nowMs += 5000;
  const version = await complete(fixture, [first, middle, last].map(asListed));
  const whole = Buffer.concat(contents);
  expect(version).toMatchObject({
    size: whole.length,
    etag: `${createHash('md5')
      .update(Buffer.concat(contents.map(md5)))
      .digest('hex')}-3`,
    partCount: 3,
    lastModifiedMs: fixture.upload.initiatedMs,
    attributes: { metadata: { colour: 'red' } },
  });
  await store.reopen();
  const { bucket } = fixture;
  const found = await store.engine.objects.find(bucket, 'k');
  expect(found).toEqual(version);
  expect((await store.read(found)).equals(whole)).toBe(true);
  const start = (contents[0]?.length ?? 0) - 5;
  expect((await store.read(found, { start, end: start + 5010 })).equals(whole.subarray(start, start + 5010))).toBe(
    true,
  );
  const { parts } = await store.engine.objects.listParts(found, { after: 0, limit: 10 });
  expect(parts).toEqual([first, middle, last]);
  expect(await store.engine.objects.part(found, 2)).toEqual({ part: middle, start: start + 5, end: start + 5005 });
  expect(await store.engine.objects.part(found, 4)).toBeUndefined();
});

test('completed → the upload is gone, the parts not listed are freed', async () => {
  await using store = await EngineStore.open(limits);
  const fixture = await begin(store, await store.newBucket());
  const { bucket, upload } = fixture;
  const part = await putPart(fixture, 1, random.bytes(2000));
  await putPart(fixture, 2, random.bytes(9000));
  await complete(fixture, [asListed(part)]);
  await expect(store.engine.uploads.get(bucket, 'k', upload.uploadId)).rejects.toMatchObject({ code: 'NoSuchUpload' });
  expect(await store.liveBytes()).toBe(2000);
});

test('completed again with the same parts → the same version; with others → NoSuchUpload', async () => {
  await using store = await EngineStore.open(limits);
  const fixture = await begin(store, await store.newVersionedBucket());
  const parts = [await putPart(fixture, 1, random.bytes(2000)), await putPart(fixture, 2, 'end')].map(asListed);
  const version = await complete(fixture, parts);
  expect(await complete(fixture, parts)).toEqual(version);
  await expect(complete(fixture, parts.slice(0, 1))).rejects.toMatchObject({ code: 'NoSuchUpload' });
  await expect(complete(fixture, [{ partNumber: 1, etag: 'nonsense' }])).rejects.toMatchObject({
    code: 'NoSuchUpload',
  });
});

test('one upload completed ten times at once → one version', async () => {
  await using store = await EngineStore.open(limits);
  const fixture = await begin(store, await store.newVersionedBucket());
  const parts = [asListed(await putPart(fixture, 1, 'only'))];
  const versions = await Promise.all(Array.from({ length: 10 }, () => complete(fixture, parts)));
  expect(new Set(versions.map(({ versionId }) => versionId)).size).toBe(1);
});

test('ten uploads of one key completed at once → ten versions', async () => {
  await using store = await EngineStore.open(limits);
  const bucket = await store.newVersionedBucket();
  const uploads = await Promise.all(
    Array.from({ length: 10 }, async (_, n) => {
      const fixture = await begin(store, bucket);
      return { fixture, part: await putPart(fixture, 1, `upload ${n}`) };
    }),
  );
  const versions = await Promise.all(uploads.map(({ fixture, part }) => complete(fixture, [asListed(part)])));
  expect(new Set(versions.map(({ versionId }) => versionId)).size).toBe(10);
  for (const [n, { versionId }] of versions.entries()) {
    expect((await store.get(bucket, 'k', versionId)).toString()).toBe(`upload ${n}`);
  }
});

test('a small part before the last → EntityTooSmall with its figures; as the last → allowed', async () => {
  await using store = await EngineStore.open(limits);
  const fixture = await begin(store, await store.newBucket());
  const small = asListed(await putPart(fixture, 1, 'small'));
  const last = asListed(await putPart(fixture, 2, 'last'));
  await expect(complete(fixture, [small, last])).rejects.toMatchObject({
    code: 'EntityTooSmall',
    details: { partNumber: 1, proposedSize: 5, minSizeAllowed: 1000, etag: small.etag },
  });
  expect((await complete(fixture, [last])).size).toBe(4);
});

test('the least size of a part, unless told otherwise → 5 MiB', async () => {
  await using store = await EngineStore.open();
  const fixture = await begin(store, await store.newBucket());
  const small = await putPart(fixture, 1, Buffer.alloc(5 * 1024 * 1024 - 1));
  const last = await putPart(fixture, 2, 'end');
  await expect(complete(fixture, [small, last].map(asListed))).rejects.toMatchObject({ code: 'EntityTooSmall' });
  const enough = await putPart(fixture, 1, Buffer.alloc(5 * 1024 * 1024));
  expect((await complete(fixture, [enough, last].map(asListed))).size).toBe(5 * 1024 * 1024 + 3);
});

test('parts that are missing, of another ETag or checksum → InvalidPart; out of order → InvalidPartOrder', async () => {
  await using store = await EngineStore.open(limits);
  const fixture = await begin(store, await store.newBucket());
  const parts = [await putPart(fixture, 1, random.bytes(2000)), await putPart(fixture, 2, 'end')];
  const [one, two] = parts.map(({ partNumber, etag }) => ({ partNumber, etag }));
  if (one === undefined || two === undefined) throw new Error('two parts were put');
  const invalid = (partNumber: number) => ({ code: 'InvalidPart', details: { partNumber } });
  await expect(complete(fixture, [one, { ...two, partNumber: 3 }])).rejects.toMatchObject(invalid(3));
  await expect(complete(fixture, [one, { ...two, etag: one.etag }])).rejects.toMatchObject(invalid(2));
  const wrong = [{ ...one, checksum: 'AAAAAAAAAAA=' }, two];
  await expect(complete(fixture, wrong)).rejects.toMatchObject(invalid(1));
  await expect(complete(fixture, [two, one])).rejects.toMatchObject({ code: 'InvalidPartOrder' });
  await expect(complete(fixture, [one, one])).rejects.toMatchObject({ code: 'InvalidPartOrder' });
  expect((await complete(fixture, parts.map(asListed))).size).toBe(2003);
});

test('checksums → by the upload’s algorithm and type, seen by verify, which may refuse', async () => {
  await using store = await EngineStore.open(limits);
  const bucket = await store.newBucket();
  const contents = [random.bytes(2000), random.bytes(100)];
  const whole = await store.put(bucket, 'whole', Buffer.concat(contents));
  for (const [options, type, suffix] of [
    [{}, 'FULL_OBJECT', ''],
    [{ checksumAlgorithm: 'SHA256' }, 'COMPOSITE', '-2'],
    [{ checksumAlgorithm: 'CRC32C', checksumType: 'FULL_OBJECT' }, 'FULL_OBJECT', ''],
    [{ checksumAlgorithm: 'CRC32C' }, 'COMPOSITE', '-2'],
  ] as const) {
    const algorithm = 'checksumAlgorithm' in options ? options.checksumAlgorithm : 'CRC64NVME';
    const fixture = await begin(store, bucket, options);
    const parts = [];
    for (const [n, content] of contents.entries()) parts.push(await putPart(fixture, n + 1, content, algorithm));
    const refused = new Error('BadDigest');
    let seen: unknown;
    const request = { bucket, key: 'k', uploadId: fixture.upload.uploadId, parts: parts.map(asListed) };
    const refusal = store.engine.uploads.complete({
      ...request,
      verify: (result) => {
        seen = result;
        throw refused;
      },
    });
    await expect(refusal).rejects.toBe(refused);
    const version = await store.engine.uploads.complete(request);
    expect(seen).toEqual({ size: 2100, etag: version.etag, checksum: version.checksum });
    expect(version.checksum).toMatchObject({ algorithm, type, value: expect.stringMatching(`=${suffix}$`) });
    if (algorithm === 'CRC64NVME') expect(version.checksum).toEqual(whole.checksum);
  }
});

test('parts with an algorithm that the upload did not name → no checksum on the whole', async () => {
  await using store = await EngineStore.open(limits);
  const fixture = await begin(store, await store.newBucket());
  const part = await putPart(fixture, 1, 'x', 'SHA1');
  expect(part.checksum?.algorithm).toBe('SHA1');
  expect((await complete(fixture, [asListed(part)])).checksum).toBeUndefined();
});

test('conditions on completion → checked, the upload stays for another try', async () => {
  await using store = await EngineStore.open(limits);
  const fixture = await begin(store, await store.newBucket());
  const { bucket, upload } = fixture;
  await store.put(bucket, 'k', 'taken');
  const part = await putPart(fixture, 1, 'x');
  const request = { bucket, key: 'k', uploadId: upload.uploadId, parts: [asListed(part)] };
  const refused = store.engine.uploads.complete({ ...request, conditions: { ifNoneMatch: '*' } });
  await expect(refused).rejects.toMatchObject({ code: 'PreconditionFailed', details: { condition: 'If-None-Match' } });
  await store.engine.uploads.complete(request);
  expect((await store.get(bucket, 'k')).toString()).toBe('x');
});

test('a part copied from a range → its bytes and digests, shared; the source deleted → it stays', async () => {
  await using store = await EngineStore.open(limits);
  const bucket = await store.newBucket();
  const content = random.bytes(2 * store.blobs.placeLimitBytes + 777);
  await store.put(bucket, 'source', content);
  const source = await store.engine.objects.find(bucket, 'source');
  const fixture = await begin(store, bucket);
  const { upload } = fixture;
  const copyPart = (partNumber: number, start: number, end: number) =>
    store.engine.uploads.copyPart({ bucket, upload, partNumber, source, range: { start, end } });
  const parts = [await copyPart(1, 1000, 90_000), await copyPart(2, 0, content.length)];
  expect(parts[0]?.etag).toBe(md5(content.subarray(1000, 90_000)).toString('hex'));
  expect(parts[1]).toMatchObject({ etag: source.etag, checksum: source.checksum });
  expect(await store.liveBytes()).toBe(content.length);
  await store.engine.objects.delete({ bucket, key: 'source', owner });
  const version = await complete(fixture, parts.map(asListed));
  const expected = Buffer.concat([content.subarray(1000, 90_000), content]);
  expect((await store.read(version)).equals(expected)).toBe(true);
  expect(version.checksum).toEqual((await store.put(bucket, 'whole', expected)).checksum);
});

test('aborted → NoSuchUpload for parts and completion, its bytes are freed', async () => {
  await using store = await EngineStore.open(limits);
  const fixture = await begin(store, await store.newBucket());
  const { bucket, upload } = fixture;
  const part = await putPart(fixture, 1, random.bytes(2000));
  await store.engine.uploads.abort(bucket, 'k', upload.uploadId);
  const gone = { code: 'NoSuchUpload', details: { uploadId: upload.uploadId } };
  await expect(store.engine.uploads.abort(bucket, 'k', upload.uploadId)).rejects.toMatchObject(gone);
  await expect(putPart(fixture, 2, 'late')).rejects.toMatchObject(gone);
  await expect(complete(fixture, [asListed(part)])).rejects.toMatchObject(gone);
  expect(await store.liveBytes()).toBe(0);
});

test('uploads and parts listed → in order, by pages', async () => {
  await using store = await EngineStore.open(limits);
  const bucket = await store.newBucket();
  const fixtures = [await begin(store, bucket), await begin(store, bucket)];
  const list = { prefix: '', delimiter: '', after: '', afterUploadId: '', limit: 1 };
  const first = await store.engine.uploads.list(bucket, list);
  expect(first).toEqual({ entries: [{ kind: 'upload', upload: fixtures[0]?.upload }], isTruncated: true });
  const rest = await store.engine.uploads.list(bucket, {
    ...list,
    after: 'k',
    afterUploadId: fixtures[0]?.upload.uploadId ?? '',
  });
  expect(rest).toEqual({ entries: [{ kind: 'upload', upload: fixtures[1]?.upload }], isTruncated: false });
  const [fixture] = fixtures;
  if (fixture === undefined) throw new Error('two uploads were begun');
  const parts = [await putPart(fixture, 1, 'a'), await putPart(fixture, 5, 'b')];
  expect(await store.engine.uploads.listParts(fixture.upload, { after: 0, limit: 1 })).toEqual({
    parts: parts.slice(0, 1),
    isTruncated: true,
  });
  expect(await store.engine.uploads.listParts(fixture.upload, { after: 1, limit: 5 })).toEqual({
    parts: parts.slice(1),
    isTruncated: false,
  });
});
