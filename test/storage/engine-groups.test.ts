/** Storage classes on groups of disks: condition → where the bytes lie. */
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Bucket, Version } from '../../src/engine/types.ts';
import { asListed, bodyOf, EngineStore, plain } from '../support/engine-store.ts';
import { FaultyFiles } from '../support/faulty-files.ts';
import { dayMs, ruleWith, runPass, setRules } from '../support/lifecycle-job.ts';
import { withRebuilt } from '../support/rebuilt-engine.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { settle } from '../support/space-jobs.ts';

const kibibyte = 1024;
const random = new SeededRandom(20_261_128);
const cold = { ...plain, storageClass: 'GLACIER_IR' };

/** A store of which one class is kept on other disks. */
async function openStore(schemes = {}): Promise<EngineStore> {
  const store = await EngineStore.open({ partSizeMinBytes: 1000 });
  store.groups = { GLACIER_IR: 'slow' };
  store.schemes = schemes;
  await store.reopen();
  return store;
}

/** The groups of the segments that a version lies in. */
async function groupsOf({ index, blobs }: Pick<EngineStore, 'index' | 'blobs'>, version: Version): Promise<unknown[]> {
  const slices = await index.getSlices(version, { start: 0, end: version.size });
  const segments = slices.flatMap(({ location }) => location.extents.map(({ segment }) => segment));
  return [...new Set(segments.map((segment) => blobs.poolOf(segment)?.group))];
}

/** Everything that a group's segments have of live objects, in bytes. */
async function liveIn(store: EngineStore, group: string): Promise<number> {
  const segments = await store.index.listSegments();
  const own = segments.filter(({ segment }) => store.blobs.poolOf(segment)?.group === group);
  return own.reduce((sum, { liveBytes }) => sum + liveBytes, 0);
}

async function put(store: EngineStore, bucket: Bucket, key: string, content: Uint8Array): Promise<Version> {
  return store.engine.objects.put({ bucket, key, source: bodyOf(content), attributes: cold });
}

test('bodies of any size, copies and parts → on the disks of the group of their class', async () => {
  await using store = await openStore();
  const bucket = await store.newBucket();
  for (const size of [1, 100 * kibibyte, 1024 * kibibyte, 3000 * kibibyte]) {
    const content = random.bytes(size);
    const version = await put(store, bucket, 'cold', content);
    const source = await store.put(bucket, 'hot', content);
    const copy = await store.engine.objects.copy({ source, bucket, key: 'copy', attributes: cold });
    const back = await store.engine.objects.copy({ source: copy, bucket, key: 'back', attributes: plain });
    const shared = await store.engine.objects.copy({ source: copy, bucket, key: 'shared', attributes: cold });
    for (const [found, group] of [
      [version, 'slow'],
      [source, 'default'],
      [copy, 'slow'],
      [back, 'default'],
      [shared, 'slow'],
    ] as const) {
      expect(await groupsOf(store, found), found.key).toEqual([group]);
      expect((await store.read(found)).equals(content), found.key).toBe(true);
    }
  }
  const { uploads } = store.engine;
  const upload = await uploads.create({ bucket, key: 'parts', attributes: cold });
  const source = await store.engine.objects.find(bucket, 'hot');
  const range = { start: 0, end: 2000 };
  const parts = [
    await uploads.putPart({ bucket, upload, partNumber: 1, source: bodyOf(random.bytes(5000)) }),
    await uploads.copyPart({ bucket, upload, partNumber: 2, source, range }),
  ];
  await uploads.complete({ bucket, key: 'parts', uploadId: upload.uploadId, parts: parts.map(asListed) });
  expect(await groupsOf(store, await store.engine.objects.find(bucket, 'parts'))).toEqual(['slow']);
});

test.each([{}, { STANDARD: '1+2' }])(
  'transitions to the class, schemes %o → the bytes move to its group, none is left behind, and compaction keeps them there',
  async (schemes) => {
    await using store = await openStore(schemes);
    const bucket = await store.newBucket();
    const contents = new Map<string, Buffer>();
    for (const size of [200 * kibibyte, 300 * kibibyte, 3000 * kibibyte]) {
      for (const kept of ['moved', 'deleted']) {
        const key = `${kept}/${size}`;
        const content = random.bytes(size);
        await store.put(bucket, key, content);
        contents.set(key, content);
      }
    }
    await setRules(store, bucket, [ruleWith({ transitions: [{ days: 1, storageClass: 'GLACIER_IR' }] })]);
    store.nowMs += 3 * dayMs;
    expect(await runPass(store)).toMatchObject({ transitioned: 6, leftAlone: 0 });
    for (const key of [...contents.keys()].filter((name) => name.startsWith('deleted'))) {
      await store.engine.objects.delete({ bucket, key, owner: 'o' });
      contents.delete(key);
    }
    // What is open is sealed.
    await store.reopen();
    await settle(store);
    const total = [...contents.values()].reduce((sum, { length }) => sum + length, 0);
    expect(await liveIn(store, 'slow')).toBe(total);
    const stored = (group: string) =>
      store.blobs.segments().reduce((sum, state) => sum + (state.group === group ? state.fileBytes : 0), 0);
    // The bucket's own description.
    expect(stored('default')).toBeLessThan(20_000);
    expect(stored('slow')).toBeLessThan(total * 1.5 * 1.3);
    await store.reopen();
    await withRebuilt(store, async ({ engine, index, report }) => {
      expect(report.lost).toEqual([]);
      const again = await engine.buckets.get(bucket.name);
      for (const [key, content] of contents) {
        const version = await engine.objects.find(again, key);
        expect(version.attributes.storageClass).toBe('GLACIER_IR');
        expect(await groupsOf({ index, blobs: store.blobs }, version)).toEqual(['slow']);
        expect((await store.get(bucket, key)).equals(content), key).toBe(true);
      }
    });
  },
);

test('a class is put on a group later → what was written stays, and copies within the class go to the group', async () => {
  await using store = await openStore();
  store.groups = {};
  await store.reopen();
  const bucket = await store.newBucket();
  const before = await put(store, bucket, 'before', random.bytes(5000));
  store.groups = { GLACIER_IR: 'slow' };
  await store.reopen();
  expect(await groupsOf(store, before)).toEqual(['default']);
  const copy = await store.engine.objects.copy({ source: before, bucket, key: 'copy', attributes: cold });
  expect(await groupsOf(store, copy)).toEqual(['slow']);
});

test('the disks of a group are away → nothing moves there, what is to be removed goes, and the next pass moves the rest', async () => {
  await using store = await openStore();
  const bucket = await store.newBucket();
  for (const size of [200 * kibibyte, 5000 * kibibyte]) await store.put(bucket, `move/${size}`, random.bytes(size));
  await store.put(bucket, 'remove', random.bytes(10));
  const filter = (prefix: string) => ({ prefix, tags: [] });
  await setRules(store, bucket, [
    ruleWith({ id: 'm', filter: filter('move/'), transitions: [{ days: 1, storageClass: 'GLACIER_IR' }] }),
    ruleWith({ id: 'r', filter: filter('remove'), expiration: { days: 1 } }),
  ]);
  store.nowMs += 3 * dayMs;
  const away = [1, 2, 3].map((n) => join(store.folder, 'zone-a', `slow-${n}`));
  for (const path of away) await rename(path, `${path}.away`);
  await store.blobs.checkDisks();
  expect(await runPass(store)).toMatchObject({ transitioned: 0, notMoved: 2, expired: 1 });
  for (const path of away) await rename(`${path}.away`, path);
  await store.blobs.checkDisks();
  expect(await runPass(store)).toMatchObject({ transitioned: 2, notMoved: 0 });
});

test('the disks of one group fail under a wave → what lies on others is acknowledged all the same, and is there', async () => {
  const files = FaultyFiles.install();
  await using store = await openStore({ GLACIER_IR: '1+2' });
  const bucket = await store.newBucket();
  const content = random.bytes(5 * kibibyte);
  // Both pools have segments that are open.
  await put(store, bucket, 'cold/0', content);
  await store.put(bucket, 'hot/0', content);
  const fault = files.fail({ operation: 'datasync', path: /slow-\d\/segments/, code: 'EIO' });
  const names = Array.from({ length: 8 }, (_, i) => i + 1);
  // All of them go in one wave, and those that follow it wait meanwhile.
  const [cold, hot] = await Promise.all([
    Promise.allSettled(names.map((i) => put(store, bucket, `cold/${i}`, content))),
    Promise.allSettled(names.map((i) => store.put(bucket, `hot/${i}`, content))),
  ]);
  expect(fault.met).toBeGreaterThan(1);
  expect(new Set(hot.map(({ status }) => status))).toEqual(new Set(['fulfilled']));
  for (const outcome of cold) {
    expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'ServiceUnavailable' } });
  }
  await store.reopen();
  for (const i of names) expect((await store.get(bucket, `hot/${i}`)).equals(content)).toBe(true);
  const listed = await store.engine.listing.objects(bucket, { prefix: 'cold/', delimiter: '', after: '', limit: 10 });
  expect(listed.entries).toHaveLength(1);
});
