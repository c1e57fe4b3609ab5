/** Objects that come under a key of KMS after they were written, on real disks: condition → result. */
import { expect, test } from 'vitest';
import { newObjectLockDocument } from '../../src/engine/locks/configuration.ts';
import type { Bucket, Engine, NewEncryption, Version } from '../../src/engine/types.ts';
import type { Rekeyable } from '../../src/meta/object-encryption.ts';
import { asListed, bodyOf, EngineStore, owner, plain } from '../support/engine-store.ts';
import { dayMs, ruleWith, runPass, setRules } from '../support/lifecycle-job.ts';
import { withRebuilt } from '../support/rebuilt-engine.ts';
import { SeededRandom } from '../support/seeded-random.ts';

const mebibyte = 1024 * 1024;
const random = new SeededRandom(12);
const arnOf = (id: string) => `arn:aws:kms:us-east-1:000000000000:key/${id}`;
const underOne: NewEncryption = { kind: 'SSE-KMS', keyArn: arnOf('one'), context: { 'aws:s3:arn': 'x' } };

/** Puts the current version under another key. */
function rekey({ engine }: EngineStore, bucket: Bucket, key: string, keyArn = arnOf('two')): Promise<void> {
  return engine.encryption.rekey({ bucket, key, versionId: undefined }, async ({ attributes }) => ({
    source: attributes.encryption as Rekeyable,
    asked: { keyArn, context: { 'aws:s3:arn': `arn:aws:s3:::${bucket.name}/${key}` } },
  }));
}

async function read(engine: Pick<Engine, 'objects'>, version: Version): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of await engine.objects.read(version, { start: 0, end: version.size })) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Whole and in parts, written with SSE-S3 and with SSE-KMS; by key what each says. */
async function writeAll(store: EngineStore, bucket: Bucket): Promise<Map<string, Buffer>> {
  const { objects, uploads } = store.engine;
  const texts = new Map<string, Buffer>();
  for (const encryption of [{ kind: 'SSE-S3' }, underOne] as const) {
    for (const size of [0, 300, 2 * mebibyte]) {
      const key = `${encryption.kind} ${size}`;
      const text = random.bytes(size);
      texts.set(key, text);
      await objects.put({ bucket, key, source: bodyOf(text), attributes: plain, encryption });
    }
    const key = `${encryption.kind} parts`;
    const upload = await uploads.create({ bucket, key, attributes: plain, encryption });
    const pieces = [random.bytes(300 * 1024), random.bytes(70_000)];
    const parts = [];
    for (const [at, piece] of pieces.entries()) {
      parts.push(await uploads.putPart({ bucket, upload, partNumber: at + 1, source: bodyOf(piece) }));
    }
    await uploads.complete({ bucket, key, uploadId: upload.uploadId, parts: parts.map((part) => asListed(part)) });
    texts.set(key, Buffer.concat(pieces));
  }
  return texts;
}

test('SSE-S3 and SSE-KMS → under the new key, all else as it was, also for who found it before; copied, moved and made anew from the disks', async () => {
  await using store = await EngineStore.open({ partSizeMinBytes: 1 });
  const bucket = await store.newBucket();
  const { objects } = store.engine;
  const texts = await writeAll(store, bucket);
  for (const [key, text] of texts) {
    const { attributes, ...before } = await objects.find(bucket, key);
    const found = { ...before, attributes };
    store.nowMs += 5000;
    await rekey(store, bucket, key);
    const { attributes: changed, ...after } = await objects.find(bucket, key);
    expect(after, key).toEqual(before);
    expect(changed).toMatchObject({ encryption: { kind: 'SSE-KMS', keyArn: arnOf('two'), revision: 1 } });
    expect((await read(store.engine, found)).equals(text), key).toBe(true);
    const copy = await objects.copy({
      ...{ source: await objects.find(bucket, key), bucket, key: `${key} copied` },
      ...{ attributes: plain, encryption: underOne },
    });
    expect((await read(store.engine, copy)).equals(text), key).toBe(true);
  }
  // Once more, and moved to another class between two changes.
  await setRules(store, bucket, [ruleWith({ transitions: [{ days: 1, storageClass: 'GLACIER' }] })]);
  store.nowMs += 3 * dayMs;
  await runPass(store);
  await rekey(store, bucket, 'SSE-S3 parts', arnOf('three'));
  await store.reopen();
  await withRebuilt(store, async ({ engine, report }) => {
    expect(report.lost).toEqual([]);
    const rebuilt = await engine.buckets.get(bucket.name);
    for (const [key, text] of texts) {
      const version = await engine.objects.find(rebuilt, key);
      const keyArn = arnOf(key === 'SSE-S3 parts' ? 'three' : 'two');
      expect(version.attributes, key).toMatchObject({ encryption: { kind: 'SSE-KMS', keyArn } });
      expect(version.attributes.storageClass, key).toBe(version.size > 128 * 1024 ? 'GLACIER' : 'STANDARD');
      expect((await read(engine, version)).equals(text), key).toBe(true);
    }
  });
});

test('a change of the key, of the lock and a move at once, many times → each is made, and so on the disks', async () => {
  await using store = await EngineStore.open();
  const configs = newObjectLockDocument();
  const bucket = await store.engine.buckets.create({ name: 'bucket', region: 'us-east-1', owner, configs });
  const keys = Array.from({ length: 16 }, (_, n) => `k${n}`);
  const text = random.bytes(200 * 1024);
  const encryption = { kind: 'SSE-S3' } as const;
  for (const key of keys) {
    await store.engine.objects.put({ bucket, key, source: bodyOf(text), attributes: plain, encryption });
  }
  await setRules(store, bucket, [ruleWith({ transitions: [{ days: 1, storageClass: 'GLACIER' }] })]);
  store.nowMs += 3 * dayMs;
  const off = (key: string) => store.engine.locks.setLegalHold({ bucket, key, versionId: undefined }, 'OFF');
  await Promise.all([
    runPass(store),
    ...keys.flatMap((key) => [off(key), rekey(store, bucket, key), rekey(store, bucket, key, arnOf('three'))]),
  ]);
  await runPass(store);
  await store.reopen();
  const known = await Promise.all(keys.map((key) => store.engine.objects.find(bucket, key)));
  await withRebuilt(store, async ({ engine }) => {
    const rebuilt = await engine.buckets.get(bucket.name);
    for (const version of known) {
      const { attributes } = version;
      expect(attributes).toMatchObject({ encryption: { revision: 2 }, lock: { legalHold: 'OFF' } });
      const found = await engine.objects.find(rebuilt, version.key);
      expect(found.attributes).toMatchObject({ encryption: attributes.encryption, lock: attributes.lock });
      expect((await read(engine, found)).equals(text)).toBe(true);
    }
  });
});

test('held or retained → refused; not any more → under the new key', async () => {
  await using store = await EngineStore.open();
  const configs = newObjectLockDocument();
  const bucket = await store.engine.buckets.create({ name: 'bucket', region: 'us-east-1', owner, configs });
  const target = { bucket, key: 'k', versionId: undefined };
  const { objects, locks } = store.engine;
  await objects.put({ bucket, key: 'k', source: bodyOf('x'), attributes: plain, encryption: underOne });
  const isRefused = () => expect(rekey(store, bucket, 'k')).rejects.toMatchObject({ code: 'ObjectLocked' });
  await locks.setLegalHold(target, 'ON');
  await isRefused();
  await locks.setLegalHold(target, 'OFF');
  const retention = { mode: 'GOVERNANCE', untilMs: store.nowMs + dayMs } as const;
  await locks.setRetention(target, { retention, bypassesGovernance: false });
  await isRefused();
  store.nowMs = retention.untilMs;
  await rekey(store, bucket, 'k');
  // A hold that meets it: whichever is first, what is held is never put under another key after it.
  const answers = await Promise.allSettled([
    locks.setLegalHold(target, 'ON'),
    rekey(store, bucket, 'k', arnOf('three')),
  ]);
  expect(answers[0]?.status).toBe('fulfilled');
  const { encryption } = (await objects.find(bucket, 'k')).attributes;
  expect(encryption).toMatchObject({ keyArn: arnOf(answers[1]?.status === 'fulfilled' ? 'three' : 'two') });
});

test('a move that was decided before → refused, as what it describes is under another key', async () => {
  await using store = await EngineStore.open();
  const bucket = await store.newBucket();
  await store.engine.objects.put({ bucket, key: 'k', source: bodyOf('x'), attributes: plain, encryption: underOne });
  const { bucketId, key, versionId, ordinal } = await store.engine.objects.find(bucket, 'k');
  const move = { type: 'transition-version', bucketId, key, versionId, seen: { ordinal } } as const;
  await rekey(store, bucket, 'k');
  const moved = store.index.submit({ ...move, from: 'STANDARD', to: 'GLACIER' });
  await expect(moved).rejects.toMatchObject({ code: 'VersionChanged' });
  await store.index.submit({ ...move, from: 'STANDARD', to: 'GLACIER', encryptionRevision: 1 });
});
