/** Encrypted bodies on real disks: condition → result. */
import { createHash, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { routesOf } from '../../src/engine/replication/configuration.ts';
import type { CustomerKey, NewEncryption, Version } from '../../src/engine/types.ts';
import { asListed, bodyOf, chunksOf, EngineStore, owner, plain } from '../support/engine-store.ts';
import { withRebuilt } from '../support/rebuilt-engine.ts';
import { SeededRandom } from '../support/seeded-random.ts';

const mebibyte = 1024 * 1024;
const random = new SeededRandom(11);
const keyArn = 'arn:aws:kms:us-east-1:000000000000:key/one';

function customerKey(): CustomerKey {
  const key = randomBytes(32);
  return { key, md5: createHash('md5').update(key).digest('base64') };
}
const customers = customerKey();
const kinds: readonly (readonly [string, NewEncryption | undefined])[] = [
  ['none', undefined],
  ['SSE-S3', { kind: 'SSE-S3' }],
  ['SSE-KMS', { kind: 'SSE-KMS', keyArn, context: { 'aws:s3:arn': 'arn:aws:s3:::bucket/a' } }],
  ['DSSE-KMS', { kind: 'DSSE-KMS', keyArn, context: { 'aws:s3:arn': 'arn:aws:s3:::bucket/a' } }],
  ['SSE-C', { kind: 'SSE-C', key: customers }],
];
const encrypted = kinds.slice(1);
const keyFor = (encryption: NewEncryption | undefined) => (encryption?.kind === 'SSE-C' ? customers : undefined);

/** By `read`, and by `recall` where the bytes are at hand. */
async function readAll(
  store: EngineStore,
  version: Version,
  key?: CustomerKey,
  range = { start: 0, end: version.size },
) {
  const { objects } = store.engine;
  const chunks: Uint8Array[] = [];
  for await (const chunk of await objects.read(version, range, key)) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  const recalled = objects.recall(version, range, key);
  if (recalled !== undefined) expect(Buffer.from(recalled).equals(bytes)).toBe(true);
  return bytes;
}

async function onDisks(store: EngineStore): Promise<Buffer> {
  const files = await store.shardFiles();
  return Buffer.concat(await Promise.all(files.map((file) => readFile(join(store.folder, file)))));
}

test.each(encrypted)(
  '%s → small and large bodies are read back, whole and in ranges, and no text lies on disks',
  async (_, encryption) => {
    await using store = await EngineStore.open();
    const bucket = await store.newBucket();
    const pattern = Buffer.from('a text that can be found again; ');
    for (const size of [0, 1, 5000, 65_520, store.blobs.placeLimitBytes, 2 * mebibyte + 17]) {
      const text = Buffer.alloc(size, pattern);
      const key = `${size}`;
      await store.engine.objects.put({ bucket, key, source: bodyOf(text), attributes: plain, encryption });
      const version = await store.engine.objects.find(bucket, key);
      expect(version).toMatchObject({ size, attributes: { encryption: { kind: encryption?.kind } } });
      const md5 = createHash('md5').update(text).digest('hex');
      if (encryption?.kind === 'SSE-S3') expect(version.etag).toBe(md5);
      else expect(version.etag).toMatch(/^(?!.*-)[0-9a-f]{32}$/);
      if (encryption?.kind !== 'SSE-S3') expect(version.etag).not.toBe(md5);
      for (const [start, end] of [
        [0, size],
        [0, Math.min(1, size)],
        [size >> 1, size],
        [size >> 2, Math.min(size, (size >> 2) + 70_000)],
      ] as const) {
        const bytes = await readAll(store, version, keyFor(encryption), { start, end });
        expect(bytes.equals(text.subarray(start, end))).toBe(true);
      }
    }
    await store.reopen();
    expect((await onDisks(store)).includes(pattern)).toBe(false);
  },
);

test.each(encrypted)('%s in parts → read across them, listed, and completed', async (_, encryption) => {
  await using store = await EngineStore.open({ partSizeMinBytes: 1 });
  const bucket = await store.newBucket();
  const { uploads, objects } = store.engine;
  const upload = await uploads.create({ bucket, key: 'parts', attributes: plain, encryption });
  const texts = [random.bytes(3 * mebibyte), random.bytes(1), random.bytes(100_000), random.bytes(65_520)];
  const parts = [];
  for (const [at, text] of texts.entries()) {
    const request = { bucket, upload, partNumber: at + 1, source: bodyOf(text), customerKey: keyFor(encryption) };
    parts.push(await uploads.putPart(request));
  }
  await uploads.complete({ bucket, key: 'parts', uploadId: upload.uploadId, parts: parts.map(asListed) });
  const version = await objects.find(bucket, 'parts');
  const whole = Buffer.concat(texts);
  expect(version).toMatchObject({
    size: whole.length,
    partCount: 4,
    attributes: { encryption: { kind: encryption?.kind } },
  });
  expect((await readAll(store, version, keyFor(encryption))).equals(whole)).toBe(true);
  const range = { start: 3 * mebibyte - 10, end: 3 * mebibyte + 50_000 };
  expect(
    (await readAll(store, version, keyFor(encryption), range)).equals(whole.subarray(range.start, range.end)),
  ).toBe(true);
});

test('copies of every kind into every kind → the same text, and bytes shared between server-held keys of as many layers', async () => {
  await using store = await EngineStore.open({ partSizeMinBytes: 1 });
  const bucket = await store.newBucket();
  const { objects, uploads } = store.engine;
  const text = random.bytes(200_000);
  for (const [from, source] of kinds) {
    await objects.put({ bucket, key: from, source: bodyOf(text), attributes: plain, encryption: source });
    const found = await objects.find(bucket, from);
    for (const [to, encryption] of kinds) {
      const key = `${from} → ${to}`;
      const before = await store.liveBytes();
      await objects.copy({ source: found, sourceKey: keyFor(source), bucket, key, attributes: plain, encryption });
      const copy = await objects.find(bucket, key);
      expect((await readAll(store, copy, keyFor(encryption))).equals(text), key).toBe(true);
      expect(copy.checksum, key).toEqual(found.checksum);
      expect(copy.etag === createHash('md5').update(text).digest('hex'), key).toBe(
        encryption === undefined || encryption.kind === 'SSE-S3',
      );
      const shares =
        source === encryption ? to !== 'SSE-C' : [from, to].every((one) => one === 'SSE-S3' || one === 'SSE-KMS');
      expect((await store.liveBytes()) - before === 0, key).toBe(shares);

      const upload = await uploads.create({ bucket, key, attributes: plain, encryption });
      const range = { start: 1000, end: 150_000 };
      const keys = { sourceKey: keyFor(source), customerKey: keyFor(encryption) };
      const part = await uploads.copyPart({ bucket, upload, partNumber: 1, source: found, range, ...keys });
      await uploads.complete({ bucket, key, uploadId: upload.uploadId, parts: [asListed(part)] });
      const ofParts = await objects.find(bucket, key);
      expect(
        (await readAll(store, ofParts, keyFor(encryption))).equals(text.subarray(range.start, range.end)),
        key,
      ).toBe(true);
    }
  }
});

test('a copy of a copy, whose first source is gone → reads', async () => {
  await using store = await EngineStore.open();
  const bucket = await store.newBucket();
  const { objects } = store.engine;
  const encryption = { kind: 'SSE-S3' } as const;
  await objects.put({ bucket, key: 'a', source: bodyOf('text'), attributes: plain, encryption });
  await objects.copy({ source: await objects.find(bucket, 'a'), bucket, key: 'b', attributes: plain, encryption });
  await objects.delete({ bucket, key: 'a', owner });
  await objects.copy({ source: await objects.find(bucket, 'b'), bucket, key: 'b', attributes: plain, encryption });
  expect((await readAll(store, await objects.find(bucket, 'b'))).toString()).toBe('text');
});

test('a client brings no key, another one, or one that is not needed → refused', async () => {
  await using store = await EngineStore.open();
  const bucket = await store.newBucket();
  const { objects } = store.engine;
  await objects.put({
    bucket,
    key: 'c',
    source: bodyOf('text'),
    attributes: plain,
    encryption: { kind: 'SSE-C', key: customers },
  });
  await objects.put({ bucket, key: 'plain', source: bodyOf('text'), attributes: plain });
  const version = await objects.find(bucket, 'c');
  await expect(readAll(store, version)).rejects.toMatchObject({ code: 'CustomerKeyMissing' });
  await expect(readAll(store, version, customerKey())).rejects.toMatchObject({ code: 'CustomerKeyWrong' });
  expect(() => objects.recall(version, { start: 0, end: 4 }, customerKey())).toThrow('another key');
  await expect(readAll(store, await objects.find(bucket, 'plain'), customers)).rejects.toMatchObject({
    code: 'CustomerKeyUseless',
  });
  const copy = { source: version, bucket, key: 'copy', attributes: plain };
  await expect(objects.copy(copy)).rejects.toMatchObject({ code: 'CustomerKeyMissing' });
});

test('transitions between pools, compaction, and an index made anew → the same text under the same keys', async () => {
  await using store = await EngineStore.open({ partSizeMinBytes: 1 });
  const bucket = await store.newBucket();
  const { objects, uploads } = store.engine;
  const texts = new Map<string, Buffer>();
  for (const [kind, encryption] of kinds) {
    for (const size of [300, 2 * mebibyte]) {
      const key = `${kind} ${size}`;
      texts.set(key, random.bytes(size));
      await objects.put({ bucket, key, source: bodyOf(texts.get(key) ?? ''), attributes: plain, encryption });
      if (encryption?.kind === 'SSE-C') continue;
      const copied = `${key} copied`;
      texts.set(copied, texts.get(key) ?? Buffer.alloc(0));
      await objects.copy({
        source: await objects.find(bucket, key),
        bucket,
        key: copied,
        attributes: plain,
        encryption,
      });
    }
    const upload = await uploads.create({ bucket, key: `${kind} parts`, attributes: plain, encryption });
    const text = random.bytes(70_000);
    texts.set(`${kind} parts`, text);
    const source = bodyOf(text);
    const part = await uploads.putPart({ bucket, upload, partNumber: 1, source, customerKey: keyFor(encryption) });
    await uploads.complete({ bucket, key: upload.key, uploadId: upload.uploadId, parts: [asListed(part)] });
  }
  const check = async (checked: EngineStore['engine']) => {
    const there = await checked.buckets.get('bucket');
    for (const [key, text] of texts) {
      const found = await checked.objects.find(there, key);
      const chunks: Uint8Array[] = [];
      const customer = key.startsWith('SSE-C') ? customers : undefined;
      for await (const chunk of await checked.objects.read(found, { start: 0, end: found.size }, customer))
        chunks.push(chunk);
      expect(Buffer.concat(chunks).equals(text), key).toBe(true);
    }
  };
  await check(store.engine);
  store.schemes = { STANDARD: '6+3', STANDARD_IA: '1+2' };
  await store.reopen();
  await withRebuilt(store, async ({ engine, report }) => {
    expect(report).toMatchObject({ versions: texts.size, lost: [] });
    await check(engine);
  });
});

test('a replica on this server, on other disks than its source → encrypted again, and read, and never as it is; under keys of KMS → queued by rules that select them', async () => {
  await using store = await EngineStore.create();
  store.schemes = { STANDARD_IA: '1+2' };
  await store.start();
  const source = await store.newVersionedBucket('source');
  const there = await store.newVersionedBucket('there');
  const { objects, replication } = store.engine;
  for (const [kind, encryption] of kinds.slice(1, 4)) {
    await objects.put({ bucket: source, key: kind, source: bodyOf('text'), attributes: plain, encryption });
    const found = await objects.find(source, kind);
    const rule = {
      id: 'r',
      isEnabled: true,
      form: 'filter',
      tags: [],
      destination: { bucket: 'arn:aws:s3:::there' },
    } as const;
    for (const [kmsObjects, isSelected] of [
      [undefined, kind === 'SSE-S3'],
      [false, kind === 'SSE-S3'],
      [true, true],
    ] as const) {
      const change = { key: kind, tags: [], kind: 'version', encryption: found.attributes.encryption } as const;
      expect(routesOf([{ ...rule, tags: [], kmsObjects }], change)).toHaveLength(isSelected ? 1 : 0);
    }
    const { versionId, ordinal, lastModifiedMs } = found;
    const version = { ...found, attributes: { ...found.attributes, storageClass: 'STANDARD_IA' } };
    const replica = { source, version, versionId, ordinal, lastModifiedMs, rule: { ...rule, tags: [] }, encryption };
    const { target } = await replication.here('arn:aws:s3:::there');
    const read = () => ({ [Symbol.asyncIterator]: () => chunksOf(Buffer.from('text')) });
    await expect(target.putWhole({ ...replica, encryption: undefined }, { start: 0, end: 4, read })).rejects.toThrow();
    await target.putWhole(replica, { start: 0, end: 4, read });
    const made = await objects.find(there, kind);
    expect(made.attributes).toMatchObject({ storageClass: 'STANDARD_IA', encryption: { kind } });
    expect((await readAll(store, made)).toString()).toBe('text');
  }
});
