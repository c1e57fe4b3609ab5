/** What lifecycle rules do, and when: the job on a real store, whose clock the test moves. */
import { expect, test } from 'vitest';
import { createEngine } from '../../src/engine/engine.ts';
import { writeEventRules } from '../../src/engine/events/rules.ts';
import { endOfDays } from '../../src/engine/lifecycle/due.ts';
import type { Bucket, Version } from '../../src/engine/types.ts';
import type { Index } from '../../src/meta/types.ts';
import { asListed, bodyOf, EngineStore, owner, plain } from '../support/engine-store.ts';
import { dayMs, expiring, lifecycleJob, ruleWith, runPass, runSteps, setRules } from '../support/lifecycle-job.ts';

const everything = { prefix: '', delimiter: '', after: '', afterVersionId: '', limit: 2000 };

async function listing(store: EngineStore, bucket: Bucket): Promise<readonly Version[]> {
  const { entries } = await store.engine.listing.versions(bucket, everything);
  return entries.flatMap((entry) => (entry.kind === 'version' ? [entry.version] : []));
}

/** Keys of all versions, with a `-` before those of delete markers. */
async function keys(store: EngineStore, bucket: Bucket): Promise<readonly string[]> {
  return (await listing(store, bucket)).map(({ key, isDeleteMarker }) => (isDeleteMarker ? `-${key}` : key));
}

/** Moves the clock to the end of the day in which so many days have passed since it stood at a time. */
function passDays(store: EngineStore, days: number, sinceMs = store.nowMs): void {
  store.nowMs = endOfDays({ sinceMs, days }, dayMs);
}

test('days → gone at the end of the day in which they have passed, and no moment before', async () => {
  await using store = await EngineStore.open();
  const bucket = await store.newBucket();
  await store.put(bucket, 'k', 'x');
  await setRules(store, bucket, [expiring({ days: 3 })]);
  passDays(store, 3);
  store.nowMs -= 1;
  expect(await runPass(store)).toMatchObject({ lookedAt: 1, expired: 0 });
  store.nowMs += 1;
  expect(await runPass(store)).toMatchObject({ lookedAt: 1, expired: 1 });
  expect(await keys(store, bucket)).toEqual([]);
});

test('versioned → a marker of the owner of the bucket hides it; suspended → a null marker; neither twice', async () => {
  await using store = await EngineStore.open();
  const bucket = await store.newVersionedBucket();
  await store.put(bucket, 'k', 'x');
  await setRules(store, bucket, [expiring({ days: 1 })]);
  passDays(store, 1);
  await runPass(store);
  const hidden = await listing(store, bucket);
  expect(hidden).toMatchObject([{ isDeleteMarker: true, attributes: { owner } }, { isDeleteMarker: false }]);
  await store.engine.buckets.setVersioning(bucket, 'Suspended');
  await store.put(bucket, 'null', 'x');
  passDays(store, 1);
  expect(await runPass(store)).toMatchObject({ expired: 1 });
  expect((await listing(store, bucket)).map(({ key, versionId }) => [key, versionId])).toEqual([
    ...hidden.map(({ key, versionId }) => [key, versionId]),
    ['null', 'null'],
  ]);
  passDays(store, 1);
  expect(await runPass(store)).toMatchObject({ expired: 0, markersRemoved: 1 });
  expect(await keys(store, bucket)).toEqual(['-k', 'k']);
});

test('filters and dates → only what they name, by rules that are in force', async () => {
  await using store = await EngineStore.open();
  const bucket = await store.newBucket();
  const tags = [{ key: 'keep', value: 'no' }];
  for (const [key, size, tagged] of [
    ['a/small', 1, false],
    ['a/large', 9, false],
    ['a/tagged', 1, true],
    ['a/large-tagged', 9, true],
    ['b/small', 1, false],
    ['c/small', 1, false],
    ['d/small', 1, false],
  ] as const) {
    const attributes = tagged ? { ...plain, tags } : plain;
    await store.engine.objects.put({ bucket, key, source: bodyOf('x'.repeat(size)), attributes });
  }
  const days = { days: 1 };
  await setRules(store, bucket, [
    expiring(days, { form: 'and', filter: { prefix: 'a/', tags, sizeGreaterThan: 1, sizeLessThan: 10 } }),
    expiring(days, { isEnabled: false, filter: { prefix: 'b/', tags: [] } }),
    expiring({ dateMs: store.nowMs - (store.nowMs % dayMs) }, { filter: { prefix: 'c/', tags: [] } }),
    expiring({ dateMs: store.nowMs + 9 * dayMs }, { filter: { prefix: 'd/', tags: [] } }),
  ]);
  passDays(store, 1);
  // Nothing names what begins with `b/`, so it is not looked at.
  expect(await runPass(store)).toMatchObject({ lookedAt: 6, expired: 2 });
  expect(await keys(store, bucket)).toEqual(['a/large', 'a/small', 'a/tagged', 'b/small', 'd/small']);
});

test('an upload completed long after it was begun → what it hides counts from the completion; with the clock set back, from its time', async () => {
  await using store = await EngineStore.open({ partSizeMinBytes: 1 });
  const bucket = await store.newVersionedBucket();
  const { uploads } = store.engine;
  const upload = await uploads.create({ bucket, key: 'k', attributes: plain });
  store.nowMs += dayMs;
  await store.put(bucket, 'k', 'hidden');
  store.nowMs += 40 * dayMs;
  const part = await uploads.putPart({ bucket, upload, partNumber: 1, source: bodyOf('x') });
  await uploads.complete({ bucket, key: 'k', uploadId: upload.uploadId, parts: [asListed(part)] });
  const completedMs = store.nowMs;
  await setRules(store, bucket, [ruleWith({ noncurrentExpiration: { days: 30 } })]);
  store.nowMs += dayMs;
  expect(await runPass(store)).toMatchObject({ noncurrentRemoved: 0 });
  passDays(store, 30, completedMs);
  store.nowMs -= 1;
  expect(await runPass(store)).toMatchObject({ noncurrentRemoved: 0 });
  store.nowMs += 1;
  expect(await runPass(store)).toMatchObject({ noncurrentRemoved: 1 });
  store.nowMs += 10_000 * dayMs;
  for (const content of ['1', '2']) await store.put(bucket, 'back', content);
  store.nowMs -= 5000 * dayMs;
  for (const content of ['3', '4']) await store.put(bucket, 'back', content);
  passDays(store, 30);
  expect(await runPass(store)).toMatchObject({ noncurrentRemoved: 2 });
});

test('noncurrent versions → counted from their successors, and as many kept as the rule says', async () => {
  await using store = await EngineStore.open();
  const bucket = await store.newVersionedBucket();
  const putMs: number[] = [];
  for (const content of ['1', '2', '3', '4', '5']) {
    await store.put(bucket, 'k', content);
    putMs.push(store.nowMs);
    store.nowMs += dayMs;
  }
  await setRules(store, bucket, [ruleWith({ noncurrentExpiration: { days: 10, newerVersions: 2 } })]);
  passDays(store, 10, putMs[1]);
  store.nowMs -= 1;
  expect(await runPass(store)).toMatchObject({ noncurrentRemoved: 0 });
  store.nowMs += 1;
  expect(await runPass(store)).toMatchObject({ noncurrentRemoved: 1 });
  passDays(store, 100);
  expect(await runPass(store)).toMatchObject({ noncurrentRemoved: 1, expired: 0 });
  const left = await listing(store, bucket);
  expect(await Promise.all(left.map(async (version) => String(await store.read(version))))).toEqual(['5', '4', '3']);
});

test('a marker that hides nothing → gone at once, or at the age of an object; one that hides something stays', async () => {
  await using store = await EngineStore.open();
  const bucket = await store.newVersionedBucket();
  const filter = (prefix: string) => ({ filter: { prefix, tags: [] } });
  for (const key of ['at-once/a', 'by-age/a']) await store.engine.objects.delete({ bucket, key, owner });
  for (const key of ['at-once/b', 'by-age/b']) {
    await store.put(bucket, key, 'x');
    await store.engine.objects.delete({ bucket, key, owner });
  }
  await setRules(store, bucket, [
    expiring({ ofMarkers: true }, filter('at-once')),
    expiring({ days: 5 }, filter('by-age')),
  ]);
  expect(await runPass(store)).toMatchObject({ markersRemoved: 1 });
  expect(await keys(store, bucket)).toEqual(['-at-once/b', 'at-once/b', '-by-age/a', '-by-age/b', 'by-age/b']);
  passDays(store, 5);
  expect(await runPass(store)).toMatchObject({ markersRemoved: 1 });
  expect(await keys(store, bucket)).toEqual(['-at-once/b', 'at-once/b', '-by-age/b', 'by-age/b']);
});

test('uploads that are not complete → aborted with their parts, of the prefix alone', async () => {
  await using store = await EngineStore.open();
  const bucket = await store.newBucket();
  const { uploads } = store.engine;
  for (const key of ['a/k', 'b/k']) {
    const upload = await uploads.create({ bucket, key, attributes: plain });
    await uploads.putPart({ bucket, upload, partNumber: 1, source: bodyOf('part') });
  }
  await setRules(store, bucket, [ruleWith({ filter: { prefix: 'a/', tags: [] }, abortUploadsDays: 2 })]);
  passDays(store, 1);
  expect(await runPass(store)).toMatchObject({ uploadsAborted: 0 });
  passDays(store, 0);
  expect(await runPass(store)).toMatchObject({ uploadsAborted: 1 });
  const query = { prefix: '', delimiter: '', after: '', afterUploadId: '', limit: 10 };
  expect((await uploads.list(bucket, query)).entries).toMatchObject([{ upload: { key: 'b/k' } }]);
  expect(await store.liveBytes()).toBe(4);
});

/** The index, on which something happens before the first command that lifecycle submits. */
function indexWith(store: EngineStore, happening: () => Promise<unknown>): Index {
  let happened: Promise<unknown> | undefined;
  const submit: Index['submit'] = async (command) => {
    happened ??= happening();
    await happened;
    return store.index.submit(command);
  };
  return new Proxy(store.index, {
    get(index, name) {
      if (name === 'submit') return submit;
      const member: unknown = Reflect.get(index, name, index);
      return typeof member === 'function' ? member.bind(index) : member;
    },
  });
}

async function runPassDuring(store: EngineStore, happening: () => Promise<unknown>) {
  const index = indexWith(store, happening);
  return runPass(store, createEngine({ index, blobs: store.blobs, clock: store.clock }).lifecycle);
}

test('a removal is told as a rule’s, to those who ask for that; who asks for removals by clients hears nothing', async () => {
  await using store = await EngineStore.open();
  const { engine } = store;
  const plainBucket = await store.newBucket('plain');
  const versioned = await store.newVersionedBucket();
  for (const bucket of [plainBucket, versioned]) {
    await store.put(bucket, 'k', 'x');
    await setRules(store, bucket, [expiring({ days: 1 })]);
    const rule = { kind: 'queue' as const, id: 'told', filters: [], prefix: '', suffix: '' };
    await writeEventRules(engine.buckets, bucket, [
      { ...rule, target: 'lifecycle', events: ['s3:LifecycleExpiration:*'] },
      { ...rule, target: 'clients', events: ['s3:ObjectRemoved:*'] },
    ]);
  }
  passDays(store, 1);
  await runPass(store);
  const told = await engine.outbox.list({ target: 'lifecycle', after: 0, limit: 10 });
  expect(told.map(({ event }) => event)).toMatchObject([
    { event: 'LifecycleExpiration:DeleteMarkerCreated', bucket: versioned.name, key: 'k' },
    { event: 'LifecycleExpiration:Delete', bucket: 'plain', requester: 's3.amazonaws.com' },
  ]);
  expect(await engine.outbox.list({ target: 'clients', after: 0, limit: 10 })).toEqual([]);
});

test('what a client changes between the look and the removal → stays', async () => {
  await using store = await EngineStore.open();
  const plainBucket = await store.newBucket('plain');
  await store.put(plainBucket, 'k', 'old');
  await setRules(store, plainBucket, [expiring({ days: 1 })]);
  passDays(store, 1);
  const overwritten = () => store.put(plainBucket, 'k', 'new');
  expect(await runPassDuring(store, overwritten)).toMatchObject({ expired: 0, leftAlone: 1 });
  expect(String(await store.get(plainBucket, 'k'))).toBe('new');

  const tags = [{ key: 'keep', value: 'no' }];
  await store.engine.objects.setTags({ bucket: plainBucket, key: 'k', versionId: undefined }, tags);
  await setRules(store, plainBucket, [expiring({ days: 1 }, { filter: { tags } })]);
  passDays(store, 1);
  const untagged = () => store.engine.objects.setTags({ bucket: plainBucket, key: 'k', versionId: undefined }, []);
  expect(await runPassDuring(store, untagged)).toMatchObject({ expired: 0, leftAlone: 1 });
  expect(String(await store.get(plainBucket, 'k'))).toBe('new');
});

test('a version that a client makes current again, or a marker over which it writes → stays', async () => {
  await using store = await EngineStore.open();
  const bucket = await store.newVersionedBucket();
  await store.put(bucket, 'k', 'old');
  const { versionId } = await store.put(bucket, 'k', 'new');
  await store.engine.objects.delete({ bucket, key: 'marked', owner });
  await setRules(store, bucket, [ruleWith({ expiration: { ofMarkers: true }, noncurrentExpiration: { days: 1 } })]);
  passDays(store, 1);
  const changed = async () => {
    await store.engine.objects.delete({ bucket, key: 'k', versionId, owner });
    await store.put(bucket, 'k', 'newest');
    await store.put(bucket, 'marked', 'x');
  };
  expect(await runPassDuring(store, changed)).toMatchObject({ noncurrentRemoved: 0, markersRemoved: 0, leftAlone: 2 });
  expect(await keys(store, bucket)).toEqual(['k', 'k', 'marked', '-marked']);
});

test('more versions and keys than a step looks at, a restart in the middle → each done once, none left', async () => {
  await using store = await EngineStore.open();
  const bucket = await store.newVersionedBucket();
  const many = Array.from({ length: 700 }, (_, i) => i);
  await Promise.all(many.map((i) => store.put(bucket, `a/${i}`, 'x')));
  await Promise.all(many.map(() => store.put(bucket, 'k', 'x')));
  await setRules(store, bucket, [
    expiring({ days: 1 }, { filter: { prefix: 'a/', tags: [] } }),
    ruleWith({ filter: { prefix: 'k', tags: [] }, noncurrentExpiration: { days: 1, newerVersions: 3 } }),
  ]);
  passDays(store, 1);
  const first = lifecycleJob(store);
  await runSteps(store, first, 1);
  const figures = first.status();
  expect(figures['expired']).toBeGreaterThan(0);
  expect(figures['expired']).toBeLessThan(700);
  const second = lifecycleJob(store);
  await runSteps(store, second);
  expect(second.status()).toMatchObject({ noncurrentRemoved: 696, leftAlone: 0 });
  // It went on where the first was, or a page before that.
  expect(Number(second.status()['expired'])).toBeLessThan(700);
  const left = await listing(store, bucket);
  expect(left.filter(({ key }) => key === 'k')).toHaveLength(4);
  expect(left.filter(({ isLatest, isDeleteMarker }) => isLatest && isDeleteMarker)).toHaveLength(700);
});

test('a few old versions among many young ones → these alone go, and each version is counted once', async () => {
  await using store = await EngineStore.open();
  const bucket = await store.newVersionedBucket();
  const key = (i: number) => `k/${String(i).padStart(4, '0')}`;
  const old = [0, 499, 500, 501, 998, 1499];
  for (const i of old) await store.put(bucket, key(i), 'old');
  for (const i of [499, 998]) await store.put(bucket, key(i), 'new');
  passDays(store, 5);
  const young = Array.from({ length: 1500 }, (_, i) => i).filter((i) => !old.includes(i));
  await Promise.all(young.map((i) => store.put(bucket, key(i), 'young')));
  await setRules(store, bucket, [
    ruleWith({ filter: { prefix: 'k/', tags: [] }, expiration: { days: 5 }, noncurrentExpiration: { days: 5 } }),
  ]);
  expect(await runPass(store)).toMatchObject({ lookedAt: 1502, expired: 6, noncurrentRemoved: 2 });
  expect((await keys(store, bucket)).filter((name) => name.startsWith('-'))).toEqual(old.map((i) => `-${key(i)}`));
});

test('rules that change between two steps → what is current is not taken for what is not', async () => {
  await using store = await EngineStore.open();
  const bucket = await store.newVersionedBucket();
  const key = (i: number) => `k/${String(i).padStart(4, '0')}`;
  await Promise.all(Array.from({ length: 600 }, (_, i) => store.put(bucket, key(i), 'x')));
  const old = (prefix: string) => ruleWith({ filter: { prefix, tags: [] }, noncurrentExpiration: { days: 1 } });
  await setRules(store, bucket, [old('k/')]);
  passDays(store, 1);
  const job = lifecycleJob(store);
  await runSteps(store, job, 1);
  expect(job.status()).toMatchObject({ pass: 'under way', lookedAt: 499 });
  // The key that was looked at last has another version, and is the first, and only one, of this rule.
  await store.put(bucket, key(498), 'new');
  await setRules(store, bucket, [old(key(498))]);
  await runSteps(store, job);
  expect(job.status()).toMatchObject({ pass: 'done', noncurrentRemoved: 0, leftAlone: 0 });
  expect(await listing(store, bucket)).toHaveLength(601);
});

test('a pass a day, by itself; one that is asked for, at once; buckets without rules cost nothing', async () => {
  await using store = await EngineStore.open();
  const bucket = await store.newBucket();
  await store.put(bucket, 'k', 'x');
  await store.put(await store.newBucket('without'), 'k', 'x');
  await setRules(store, bucket, [expiring({ days: 9 })]);
  const job = lifecycleJob(store);
  const started = async () => {
    await runSteps(store, job);
    return job.status()['passStartedMs'];
  };
  const firstMs = await started();
  expect(job.status()).toMatchObject({ pass: 'done', lookedAt: 1 });
  store.nowMs += 60_000;
  expect(await started()).toBe(firstMs);
  job.begin?.();
  expect(await started()).toBeGreaterThan(Number(firstMs));
  passDays(store, 0);
  expect(job.idlePauseMs).toBe(0);
  const midnightMs = store.nowMs;
  expect(await started()).toBe(midnightMs);
  expect(job.idlePauseMs).toBe(midnightMs + dayMs - store.nowMs);
});
