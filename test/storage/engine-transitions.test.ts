/** Lifecycle rules that move versions to other storage classes: the job on a real store, whose clock the test moves. */
import { expect, test } from 'vitest';
import { writeEventRules } from '../../src/engine/events/rules.ts';
import { endOfDays } from '../../src/engine/lifecycle/due.ts';
import type { LifecycleRule } from '../../src/engine/lifecycle/rules.ts';
import type { Bucket, Engine, ObjectEvent, Version } from '../../src/engine/types.ts';
import { busEvent } from '../../src/events/event-bridge.ts';
import { eventRecord } from '../../src/events/record.ts';
import { asListed, bodyOf, EngineStore, owner, plain } from '../support/engine-store.ts';
import { dayMs, lifecycleJob, ruleWith, runPass, runSteps, setRules } from '../support/lifecycle-job.ts';
import { withRebuilt } from '../support/rebuilt-engine.ts';
import { SeededRandom } from '../support/seeded-random.ts';

const random = new SeededRandom(20_261_127);
const kibibyte = 1024;
const toInfrequent = ruleWith({ transitions: [{ days: 30, storageClass: 'STANDARD_IA' }] });

/** A store of which the hot class is kept as copies. */
async function openStore(): Promise<EngineStore> {
  const store = await EngineStore.open({ partSizeMinBytes: 1000 });
  store.schemes = { STANDARD: '1+2' };
  await store.reopen();
  return store;
}

function passDays(store: EngineStore, days: number): void {
  store.nowMs = endOfDays({ sinceMs: store.nowMs, days }, dayMs);
}

/** A store, or an index that was made anew over its blobs. */
type Kept = Pick<EngineStore, 'blobs' | 'index'> & { readonly engine: Pick<Engine, 'objects'> };

async function standing(store: Kept, version: Version): Promise<{ class: string; schemes: unknown[] }> {
  const slices = await store.index.getSlices(version, { start: 0, end: version.size });
  const segments = slices.flatMap(({ location }) => location.extents.map(({ segment }) => segment));
  return {
    class: version.attributes.storageClass,
    schemes: [...new Set(segments.map((segment) => store.blobs.poolOf(segment)?.scheme))],
  };
}

async function putParts(store: EngineStore, bucket: Bucket, key: string, contents: readonly Buffer[]): Promise<void> {
  const { uploads } = store.engine;
  const upload = await uploads.create({ bucket, key, attributes: plain });
  const parts = [];
  for (const [i, content] of contents.entries()) {
    parts.push(await uploads.putPart({ bucket, upload, partNumber: i + 1, source: bodyOf(content) }));
  }
  await uploads.complete({ bucket, key, uploadId: upload.uploadId, parts: parts.map(asListed) });
}

/** Objects of every kind that the engine keeps in its own way, with what they hold. */
async function fill(store: EngineStore, bucket: Bucket): Promise<Map<string, Buffer>> {
  const contents = new Map<string, Buffer>();
  const put = async (key: string, size: number) => {
    const content = random.bytes(size);
    contents.set(key, content);
    await store.put(bucket, key, content);
  };
  await put('small', 128 * kibibyte);
  await put('medium', 2000 * kibibyte);
  await put('large', 9000 * kibibyte);
  const source = await store.engine.objects.find(bucket, 'small');
  await store.engine.objects.copy({ source, bucket, key: 'copy', attributes: plain });
  contents.set('copy', contents.get('small') ?? Buffer.alloc(0));
  const parts = [random.bytes(5000 * kibibyte), random.bytes(300 * kibibyte), random.bytes(1000)];
  await putParts(store, bucket, 'parts', parts);
  contents.set('parts', Buffer.concat(parts));
  return contents;
}

async function expectMoved(store: Kept, bucket: Bucket, contents: ReadonlyMap<string, Buffer>): Promise<void> {
  const { objects } = store.engine;
  for (const [key, content] of contents) {
    const version = await objects.find(bucket, key);
    expect(await standing(store, version), key).toEqual({ class: 'STANDARD_IA', schemes: ['6+3'] });
    const chunks: Uint8Array[] = [];
    for await (const chunk of await objects.read(version, { start: 0, end: version.size })) chunks.push(chunk);
    expect(Buffer.concat(chunks).equals(content), key).toBe(true);
  }
}

test('days → class and bytes of objects of every kind, none left behind; a second pass finds nothing', async () => {
  await using store = await openStore();
  const bucket = await store.newBucket();
  const contents = await fill(store, bucket);
  const before = await store.engine.objects.find(bucket, 'parts');
  await setRules(store, bucket, [toInfrequent]);
  passDays(store, 29);
  expect(await runPass(store)).toMatchObject({ transitioned: 0 });
  passDays(store, 1);
  const total = [...contents.values()].reduce((sum, { length }) => sum + length, 0);
  expect(await runPass(store)).toMatchObject({ transitioned: 5, bytesMoved: total, leftAlone: 0 });
  await expectMoved(store, bucket, contents);
  const after = await store.engine.objects.find(bucket, 'parts');
  const { attributes: _, ...same } = before;
  expect(after).toMatchObject(same);
  // The copy has bytes of its own now.
  expect(await store.liveBytes()).toBe(total);
  expect(await runPass(store)).toMatchObject({ transitioned: 0, bytesMoved: 0 });
});

test('told of → the class that the object has now, to queues and on the bus', async () => {
  await using store = await EngineStore.open();
  const made = await store.newBucket();
  const target = 'arn:aws:sqs:us-east-1:000000000000:q';
  const rule = { id: 'r', target, events: ['s3:LifecycleTransition'], filters: [], prefix: '', suffix: '' };
  await writeEventRules(store.engine.buckets, made, [{ ...rule, kind: 'queue' }]);
  const bucket = await store.engine.buckets.get(made.name);
  const { etag } = await store.put(bucket, 'k', random.bytes(128 * kibibyte));
  await setRules(store, bucket, [toInfrequent]);
  passDays(store, 30);
  expect(await runPass(store)).toMatchObject({ transitioned: 1 });
  const events = await store.index.listEvents({ target, after: 0, limit: 10 });
  expect(events.map(({ event }) => eventRecord(event as ObjectEvent))).toMatchObject([
    {
      eventName: 'LifecycleTransition',
      userIdentity: { principalId: 's3.amazonaws.com' },
      s3: { object: { key: 'k', size: 128 * kibibyte, eTag: etag } },
      lifecycleEventData: { transitionEventData: { destinationStorageClass: 'STANDARD_IA' } },
    },
  ]);
  expect(events.map(({ event }) => busEvent(event as ObjectEvent, owner))).toMatchObject([
    { 'detail-type': 'Object Storage Class Changed', detail: { 'destination-storage-class': 'STANDARD_IA' } },
  ]);
});

test('a class that is coded alike → no byte moves, copies go on sharing', async () => {
  await using store = await EngineStore.open({ partSizeMinBytes: 1000 });
  const bucket = await store.newBucket();
  const contents = await fill(store, bucket);
  const live = await store.liveBytes();
  await setRules(store, bucket, [toInfrequent]);
  passDays(store, 30);
  expect(await runPass(store)).toMatchObject({ transitioned: 5, bytesMoved: 0 });
  await expectMoved(store, bucket, contents);
  expect(await store.liveBytes()).toBe(live);
});

test('a copy that no rule names → stays as it lies when its source moves', async () => {
  await using store = await openStore();
  const bucket = await store.newBucket();
  const content = random.bytes(200 * kibibyte);
  const source = await store.put(bucket, 'moved/a', content);
  await store.engine.objects.copy({ source, bucket, key: 'kept', attributes: plain });
  await setRules(store, bucket, [{ ...toInfrequent, filter: { prefix: 'moved/', tags: [] } }]);
  passDays(store, 30);
  expect(await runPass(store)).toMatchObject({ transitioned: 1 });
  const kept = await store.engine.objects.find(bucket, 'kept');
  expect(await standing(store, kept)).toEqual({ class: 'STANDARD', schemes: ['1+2'] });
  expect((await store.read(kept)).equals(content)).toBe(true);
  await expectMoved(store, bucket, new Map([['moved/a', content]]));
});

test('an end after any step → a pass that goes on moves the rest, each thing once', async () => {
  await using store = await openStore();
  const bucket = await store.newBucket();
  const contents = await fill(store, bucket);
  await setRules(store, bucket, [toInfrequent]);
  passDays(store, 30);
  for (const steps of [1, 3, 4, 6]) {
    const job = lifecycleJob(store);
    job.begin?.();
    await runSteps(store, job, steps);
    await store.engine.lifecycle.close();
    await store.reopen();
    for (const [key, content] of contents) expect((await store.get(bucket, key)).equals(content), key).toBe(true);
  }
  await runPass(store);
  await expectMoved(store, bucket, contents);
  const total = [...contents.values()].reduce((sum, { length }) => sum + length, 0);
  expect(await store.liveBytes()).toBe(total);
});

test('a client overwrites, deletes or retags it meanwhile → it stays as the client has it', async () => {
  await using store = await openStore();
  const bucket = await store.newBucket();
  const tags = [{ key: 'age', value: 'old' }];
  for (const key of ['deleted', 'overwritten', 'retagged']) {
    await store.put(bucket, key, random.bytes(200 * kibibyte));
    await store.engine.objects.setTags({ bucket, key, versionId: undefined }, tags);
  }
  await setRules(store, bucket, [{ ...toInfrequent, filter: { tags } }]);
  passDays(store, 30);
  const { engine, index } = store;
  const glance = index.glanceAtVersions.bind(index);
  index.glanceAtVersions = async (query) => {
    const page = await glance(query);
    await engine.objects.delete({ bucket, key: 'deleted', owner: 'o' });
    await store.put(bucket, 'overwritten', 'new');
    await engine.objects.setTags({ bucket, key: 'retagged', versionId: undefined }, 'none');
    return page;
  };
  expect(await runPass(store)).toMatchObject({ transitioned: 0, leftAlone: 3 });
  index.glanceAtVersions = glance;
  expect((await store.get(bucket, 'overwritten')).toString()).toBe('new');
  expect((await engine.objects.find(bucket, 'retagged')).attributes.storageClass).toBe('STANDARD');
});

test('an index that is made anew from the disks → the class and the bytes as they were moved', async () => {
  for (const store of [await openStore(), await EngineStore.open({ partSizeMinBytes: 1000 })]) {
    await using disposed = store;
    const bucket = await disposed.newBucket();
    const contents = await fill(disposed, bucket);
    await setRules(disposed, bucket, [toInfrequent]);
    passDays(disposed, 30);
    await runPass(disposed);
    await disposed.reopen();
    await withRebuilt(disposed, async ({ engine, index, report }) => {
      expect(report.lost).toEqual([]);
      const rebuilt = { engine, index, blobs: disposed.blobs };
      await expectMoved(rebuilt, await engine.buckets.get(bucket.name), contents);
    });
  }
});

const classesAfter = async (
  size: number,
  rules: readonly LifecycleRule[],
  { days = 400, from = 'STANDARD' }: { days?: number; from?: string } = {},
) => {
  await using store = await EngineStore.open();
  const bucket = await store.newBucket();
  const attributes = { ...plain, storageClass: from };
  await store.engine.objects.put({ bucket, key: 'k', source: bodyOf(random.bytes(size)), attributes });
  await setRules(store, bucket, rules);
  passDays(store, days);
  await runPass(store);
  return (await store.engine.objects.find(bucket, 'k')).attributes.storageClass;
};

test('several transitions → the one furthest down of those that are due and lead down', async () => {
  const transitions = [
    { days: 30, storageClass: 'ONEZONE_IA' },
    { days: 90, storageClass: 'GLACIER_IR' },
    { days: 180, storageClass: 'DEEP_ARCHIVE' },
  ] as const;
  const large = 128 * kibibyte;
  const rules = [ruleWith({ transitions })];
  expect(await classesAfter(large, rules, { days: 29 })).toBe('STANDARD');
  expect(await classesAfter(large, rules, { days: 30 })).toBe('ONEZONE_IA');
  expect(await classesAfter(large, rules, { days: 179 })).toBe('GLACIER_IR');
  expect(await classesAfter(large, rules, { days: 179, from: 'ONEZONE_IA' })).toBe('ONEZONE_IA');
  expect(await classesAfter(large, rules, { days: 179, from: 'GLACIER' })).toBe('GLACIER');
  expect(await classesAfter(large, rules, { days: 180, from: 'GLACIER' })).toBe('DEEP_ARCHIVE');
});

test('less than 128 KiB → stays, unless the filter names sizes', async () => {
  const small = 128 * kibibyte - 1;
  const rule = ruleWith({ transitions: [{ days: 0, storageClass: 'GLACIER' }] });
  expect(await classesAfter(small, [rule])).toBe('STANDARD');
  expect(await classesAfter(small, [{ ...rule, filter: { tags: [], sizeGreaterThan: 10 } }])).toBe('GLACIER');
});

test('versions that are not current → by their own rule, but for the newest of them', async () => {
  await using store = await openStore();
  const bucket = await store.newVersionedBucket();
  const content = random.bytes(200 * kibibyte);
  for (let count = 0; count < 4; count++) await store.put(bucket, 'k', content);
  await setRules(store, bucket, [
    ruleWith({ noncurrentTransitions: [{ days: 1, newerVersions: 2, storageClass: 'GLACIER_IR' }] }),
  ]);
  passDays(store, 1);
  expect(await runPass(store)).toMatchObject({ transitioned: 1 });
  const query = { prefix: '', delimiter: '', after: '', afterVersionId: '', limit: 10 };
  const { entries } = await store.engine.listing.versions(bucket, query);
  const classes = entries.map((entry) => entry.kind === 'version' && entry.version.attributes.storageClass);
  expect(classes).toEqual(['STANDARD', 'STANDARD', 'STANDARD', 'GLACIER_IR']);
});
