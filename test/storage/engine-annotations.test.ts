/** Annotations in the store: what lies where, what is left of them, and what an index that is made anew has of them. */
import { expect, test } from 'vitest';
import type { NewEncryption, Version } from '../../src/engine/types.ts';
import { bodyOf, EngineStore, owner, plain } from '../support/engine-store.ts';
import { withRebuilt } from '../support/rebuilt-engine.ts';
import { SeededRandom } from '../support/seeded-random.ts';

type Engine = EngineStore['engine'];
type Bucket = Parameters<Engine['annotations']['put']>[0]['bucket'];

const mebibyte = 1024 * 1024;
const random = new SeededRandom(11);
const sseS3 = { kind: 'SSE-S3' } as const;
const kms = (kind: 'SSE-KMS' | 'DSSE-KMS') => ({ kind, keyArn: 'arn:of:key', context: {} }) as NewEncryption;
const text = (bytes: number) => random.bytes(bytes).toString('base64').slice(0, bytes);

const annotate = (
  store: EngineStore,
  bucket: Bucket,
  { version, ...said }: { version: Version; name: string; of: string },
) => store.engine.annotations.put({ bucket, version, name: said.name, source: bodyOf(said.of) });

async function read({ annotations }: Engine, version: Version, name: string): Promise<string> {
  const chunks: Uint8Array[] = [];
  const found = await annotations.find(version, name);
  for await (const chunk of await annotations.read(version, found)) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

async function namesOf({ annotations }: Engine, version: Version): Promise<readonly string[]> {
  const page = await annotations.list(version, { prefix: '', after: '', limit: 1000 });
  return page.annotations.map(({ annotation }) => annotation.name);
}

/** What a bucket has of annotations, by key and version. */
async function all(engine: Engine, name = 'bucket'): Promise<Record<string, string>> {
  const bucket = await engine.buckets.get(name);
  const found: Record<string, string> = {};
  const query = { prefix: '', delimiter: '', after: '', afterVersionId: '', limit: 1000 };
  for (const entry of (await engine.listing.versions(bucket, query)).entries) {
    if (entry.kind !== 'version' || entry.version.isDeleteMarker) continue;
    const { key, versionId } = entry.version;
    for (const called of await namesOf(engine, entry.version)) {
      found[`${key} ${versionId} ${called}`] = await read(engine, entry.version, called);
    }
  }
  return found;
}

test.each([
  ['as they are', undefined],
  ['by the server', sseS3],
  ['under a key of KMS', kms('SSE-KMS')],
  ['with two layers', kms('DSSE-KMS')],
] as const)(
  'small and large, of objects encrypted %s → read after a restart, and gone with their object',
  async (_, encryption) => {
    await using store = await EngineStore.open();
    const bucket = await store.newBucket();
    const said = { small: 'small', large: text(mebibyte) };
    const version = await store.engine.objects.put({
      ...{ bucket, key: 'k', source: bodyOf('text'), attributes: plain },
      ...(encryption && { encryption }),
    });
    for (const [name, of] of Object.entries(said)) {
      await annotate(store, bucket, { version, name, of: 'replaced' });
      await annotate(store, bucket, { version, name, of });
    }
    await store.reopen();
    for (const [name, of] of Object.entries(said)) expect(await read(store.engine, version, name)).toBe(of);
    expect(await store.liveBytes()).toBeGreaterThan(mebibyte);
    await store.engine.annotations.delete({ bucket, version, name: 'large' });
    expect(await store.liveBytes()).toBeLessThan(2000);
    await store.engine.objects.delete({ bucket, key: 'k', owner });
    expect(await store.liveBytes()).toBe(0);
  },
);

test.each([
  [undefined, undefined],
  [undefined, sseS3],
  [sseS3, undefined],
  [sseS3, sseS3],
  [sseS3, kms('SSE-KMS')],
  [kms('SSE-KMS'), kms('DSSE-KMS')],
  [kms('DSSE-KMS'), sseS3],
] as const)(
  'a copy of what is encrypted as %o to %o → has them when its source is gone, also rebuilt',
  async (from, to) => {
    await using store = await EngineStore.open();
    const bucket = await store.newVersionedBucket();
    const { objects } = store.engine;
    const put = { bucket, key: 'source', source: bodyOf('text'), attributes: plain };
    const source = await objects.put({ ...put, ...(from && { encryption: from }) });
    const large = text(300_000);
    await annotate(store, bucket, { version: source, name: 'small', of: 'small' });
    await annotate(store, bucket, { version: source, name: 'large', of: large });
    const request = { source, bucket, key: 'copy', attributes: plain, copiesAnnotations: true };
    const copy = await objects.copy({ ...request, ...(to && { encryption: to }) });
    await objects.delete({ bucket, key: 'source', versionId: source.versionId, owner });
    await store.reopen();
    const expected = { [`copy ${copy.versionId} large`]: large, [`copy ${copy.versionId} small`]: 'small' };
    expect(await all(store.engine)).toEqual(expected);
    await withRebuilt(store, async ({ engine, report }) => {
      expect(report.lost).toEqual([]);
      // The source is back, as what was deleted and not collected is.
      expect(await all(engine)).toMatchObject(expected);
    });
    await store.engine.objects.delete({ bucket, key: 'copy', versionId: copy.versionId, owner });
    expect(await store.liveBytes()).toBe(0);
  },
);

test('an index that is made anew → the last annotation of each name, of versions, null versions and locked ones', async () => {
  await using store = await EngineStore.open();
  const plainly = await store.newBucket('plainly');
  const old = await store.put(plainly, 'k', 'old');
  await annotate(store, plainly, { version: old, name: 'of-the-old', of: 'not any more' });
  store.nowMs += 5;
  const large = await store.put(plainly, 'k', random.bytes(2 * mebibyte));
  await annotate(store, plainly, { version: large, name: 'note', of: 'of the new' });
  const bucket = await store.newVersionedBucket();
  const first = await store.put(bucket, 'k', 'first');
  const second = await store.put(bucket, 'k', 'second');
  for (const of of ['one', 'two', 'three']) await annotate(store, bucket, { version: first, name: 'note', of });
  await annotate(store, bucket, { version: second, name: 'note', of: 'of the second' });
  const lock = { revision: 1, legalHold: 'ON' as const };
  const held = { bucket, key: 'held', source: bodyOf('held'), attributes: plain };
  const locked = await store.engine.objects.put(held);
  await annotate(store, bucket, { version: locked, name: 'note', of: 'before the lock' });
  await store.engine.buckets.setConfig(bucket, 'object-lock', '{}');
  await store.engine.locks.setLegalHold({ bucket, key: 'held', versionId: locked.versionId }, lock.legalHold);
  await store.reopen();
  const expected = [await all(store.engine), await all(store.engine, 'plainly')];
  expect(Object.values(expected[0] ?? {}).toSorted()).toEqual(['before the lock', 'of the second', 'three']);
  await withRebuilt(store, async ({ engine, report }) => {
    expect(report.lost).toEqual([]);
    expect([await all(engine), await all(engine, 'plainly')]).toEqual(expected);
  });
});

test('more than a thousand → refused, but one of them can be put anew', async () => {
  await using store = await EngineStore.open();
  const bucket = await store.newBucket();
  const version = await store.put(bucket, 'k', 'text');
  const put = (n: number) => annotate(store, bucket, { version, name: `note-${n}`, of: String(n) });
  for (let n = 0; n < 1000; n += 100) await Promise.all(Array.from({ length: 100 }, (_, i) => put(n + i)));
  await expect(put(1000)).rejects.toMatchObject({ code: 'TooManyAnnotations' });
  await put(999);
  expect(await namesOf(store.engine, version)).toHaveLength(1000);
  const copy = await store.engine.objects.copy({
    ...{ source: version, bucket, key: 'copy', attributes: plain, copiesAnnotations: true },
  });
  expect(await namesOf(store.engine, copy)).toHaveLength(1000);
});

test('its segment is compacted → it is read from where it lies now', async () => {
  await using store = await EngineStore.open();
  const bucket = await store.newBucket();
  const version = await store.put(bucket, 'k', 'text');
  await store.put(bucket, 'dead', random.bytes(100_000));
  await annotate(store, bucket, { version, name: 'note', of: text(2000) });
  const before = await read(store.engine, version, 'note');
  const found = await store.engine.annotations.find(version, 'note');
  await store.engine.objects.delete({ bucket, key: 'dead', owner });
  await store.reopen();
  for (const { segment } of await store.compaction.listCandidates(0.2)) {
    while (!(await store.compaction.move(segment, mebibyte)).isDone);
  }
  expect((await store.engine.annotations.find(version, 'note')).slices).not.toEqual(found.slices);
  expect(await read(store.engine, version, 'note')).toBe(before);
});

test('its object is replaced or removed while it is being put → refused, and nothing is left', async () => {
  await using store = await EngineStore.open();
  const bucket = await store.newBucket();
  const replaced = await store.put(bucket, 'replaced', 'old');
  const removed = await store.put(bucket, 'removed', 'old');
  await store.put(bucket, 'replaced', 'new');
  await store.engine.objects.delete({ bucket, key: 'removed', owner });
  const put = (version: Version) => annotate(store, bucket, { version, name: 'note', of: 'text' });
  await expect(put(replaced)).rejects.toMatchObject({ code: 'ServiceUnavailable' });
  await expect(put(removed)).rejects.toMatchObject({ code: 'NoSuchKey' });
  expect(await store.liveBytes()).toBe('new'.length);
});
