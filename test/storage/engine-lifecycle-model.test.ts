/**
 * Random versions, uploads and rules on a store whose clock the test moves, judged by the model of lifecycle. With a clock that
 * stands while rules act, the model knows just what must be gone and what must be left.
 */
import { expect, test } from 'vitest';
import type { LifecycleRule } from '../../src/engine/lifecycle/rules.ts';
import type { Bucket, Version } from '../../src/engine/types.ts';
import type { ObjectLock } from '../../src/meta/records.ts';
import { asListed, bodyOf, EngineStore, owner, plain } from '../support/engine-store.ts';
import { dayMs, runPass, setRules } from '../support/lifecycle-job.ts';
import {
  judgeUploads,
  judgeVersions,
  type ModelAction,
  type ModelRule,
  movedTo,
  type Passes,
} from '../support/lifecycle-model.ts';
import type { ModelUpload, ModelVersion } from '../support/reference-model.ts';
import { isSlowRing } from '../support/ring.ts';
import { SeededRandom } from '../support/seeded-random.ts';

const cases = isSlowRing ? 200 : 30;
/** What goes may leave more to do to the next pass, a few times over. */
const passesMax = 20;
const keys = ['a', 'a/b', 'b', 'b/c'];
const prefixes = ['', '', 'a', 'a/', 'b'];
const tags = ['x', 'y'];
/** On both sides of the sizes of rules, and of the least that is moved. */
const contents = [0, 1, 100, 128 * 1024 - 1, 128 * 1024, 128 * 1024].map((size) => Buffer.alloc(size, 1));
const classes = ['STANDARD', 'STANDARD', 'STANDARD_IA', 'GLACIER_IR', 'DEEP_ARCHIVE'];
const wholeListing = { prefix: '', delimiter: '', after: '', limit: 1000 };

const taggedWith = (tag = '') => (tag === '' ? [] : [{ key: 'tag', value: tag }]);

interface Drawn {
  readonly name: string;
  readonly hasLocks: boolean;
}

/** None, or one that is over some day. */
function drawLock(random: SeededRandom, nowMs: number): { lock?: ObjectLock } {
  const untilMs = nowMs + random.below(40 * dayMs);
  return random.pick([
    {},
    {},
    { lock: { revision: 1, legalHold: 'ON' as const } },
    { lock: { revision: 1, retention: { mode: random.pick(['GOVERNANCE', 'COMPLIANCE']), untilMs } } },
  ]);
}

/** Some weeks of clients' work on a bucket. One with locks keeps all versions. */
async function fill(store: EngineStore, { name, hasLocks }: Drawn, random: SeededRandom): Promise<void> {
  const { objects, uploads, buckets } = store.engine;
  for (let i = 0; i < 24; i++) {
    store.nowMs += random.below(3 * dayMs);
    const bucket = await buckets.get(name);
    const key = random.pick(keys);
    const tagged = taggedWith(random.pick(['', ...tags]));
    const lock = hasLocks ? drawLock(random, store.nowMs) : {};
    const attributes = { ...plain, storageClass: random.pick(classes), tags: tagged, ...lock };
    const kind = random.below(12);
    if (kind < 4) await objects.put({ bucket, key, source: bodyOf(random.pick(contents)), attributes });
    else if (kind < 7) await objects.delete({ bucket, key, owner });
    else if (kind < 9) await uploads.create({ bucket, key, attributes });
    else if (kind < 11) await completeOne(store, bucket, random);
    else if (!hasLocks) await buckets.setVersioning(bucket, random.below(4) === 0 ? 'Suspended' : 'Enabled');
  }
}

/** An upload that was begun some time ago. */
async function completeOne(store: EngineStore, bucket: Bucket, random: SeededRandom): Promise<void> {
  const { uploads } = store.engine;
  const begun = await uploadsOf(store, bucket);
  if (begun.length === 0) return;
  const { key, uploadId } = random.pick(begun);
  const upload = await uploads.get(bucket, key, uploadId);
  const part = await uploads.putPart({ bucket, upload, partNumber: 1, source: bodyOf(random.pick(contents)) });
  await uploads.complete({ bucket, key, uploadId, parts: [asListed(part)] });
}

async function uploadsOf(store: EngineStore, bucket: Bucket) {
  const { entries } = await store.engine.uploads.list(bucket, { ...wholeListing, afterUploadId: '' });
  return entries.flatMap((entry) => (entry.kind === 'upload' ? [entry.upload] : []));
}

async function modelUploads(store: EngineStore, bucket: Bucket): Promise<Map<string, ModelUpload>> {
  const found = await uploadsOf(store, bucket);
  return new Map(
    found.map(({ uploadId, key, initiatedMs: at }) => {
      return [uploadId, { key, storageClass: '', made: { fromMs: at, toMs: at }, parts: new Map() }];
    }),
  );
}

/** The versions of each key, newest first. */
async function modelVersions(store: EngineStore, bucket: Bucket): Promise<Map<string, ModelVersion[]>> {
  const { entries } = await store.engine.listing.versions(bucket, { ...wholeListing, afterVersionId: '' });
  const versions = entries.flatMap((entry) => (entry.kind === 'version' ? [entry.version] : []));
  return new Map(
    Array.from(
      Map.groupBy(versions, ({ key }) => key),
      ([key, found]) => [key, found.map(modelOf)],
    ),
  );
}

function modelOf({ ordinal, versionId, isDeleteMarker, size, lastModifiedMs: at, attributes }: Version): ModelVersion {
  const content = isDeleteMarker ? undefined : contents.find(({ length }) => length === size);
  const [tag] = attributes.tags;
  const storageClass = isDeleteMarker ? '' : attributes.storageClass;
  const { legalHold, retention: { untilMs = 0 } = {} } = attributes.lock ?? {};
  const lockedUntilMs = legalHold === 'ON' ? Number.POSITIVE_INFINITY : untilMs;
  const made = { fromMs: at, toMs: at };
  const placedMs = Math.floor(ordinal / 1000);
  const placed = { fromMs: placedMs, toMs: placedMs };
  return { versionId, content, etag: '', tag: tag?.value, storageClass, made, placed, lockedUntilMs };
}

function drawRule(random: SeededRandom): ModelRule {
  const action = drawAction(random);
  const only = random.pick([
    {},
    {},
    { tag: random.pick(tags) },
    { largerThan: random.pick([0, 1, 100]) },
    { smallerThan: random.pick([2, 1000, 1_000_000]) },
  ]);
  const isPlain = action.kind === 'abort uploads' || action.kind === 'expire markers';
  const filter = { prefix: random.pick(prefixes), ...(isPlain ? {} : only) };
  return { isEnabled: random.below(6) > 0, filter, action };
}

function drawAction(random: SeededRandom): ModelAction {
  const days = 1 + random.below(30);
  const newer = random.below(3);
  const to = random.pick(movedTo);
  return random.pick<ModelAction>([
    { kind: 'expire', days },
    { kind: 'expire on a date', isPast: random.below(2) === 0 },
    { kind: 'expire markers' },
    { kind: 'expire noncurrent', days, newer },
    { kind: 'expire noncurrent', days, newer },
    { kind: 'abort uploads', days },
    { kind: 'move', days, to },
    { kind: 'move noncurrent', days, newer, to },
  ]);
}

function asPut({ isEnabled, filter, action }: ModelRule, id: string): LifecycleRule {
  const { prefix, tag, largerThan: sizeGreaterThan, smallerThan: sizeLessThan } = filter;
  const rule = {
    ...({ id, isEnabled, form: 'and' } as const),
    filter: { prefix, tags: taggedWith(tag), sizeGreaterThan, sizeLessThan },
  };
  const newerVersions = 'newer' in action && action.newer > 0 ? action.newer : undefined;
  switch (action.kind) {
    case 'expire':
      return { ...rule, expiration: { days: action.days } };
    case 'expire on a date':
      return { ...rule, expiration: { dateMs: action.isPast ? 0 : Number.MAX_SAFE_INTEGER } };
    case 'expire markers':
      return { ...rule, expiration: { ofMarkers: true } };
    case 'expire noncurrent':
      return { ...rule, noncurrentExpiration: { days: action.days, newerVersions } };
    case 'abort uploads':
      return { ...rule, abortUploadsDays: action.days };
    case 'move':
      return { ...rule, transitions: [{ days: action.days, storageClass: action.to }] };
    case 'move noncurrent':
      return { ...rule, noncurrentTransitions: [{ days: action.days, newerVersions, storageClass: action.to }] };
  }
}

/** Has rules act, at a time that stands, until they find nothing more to do. */
async function act(store: EngineStore): Promise<void> {
  for (let pass = 0; pass < passesMax; pass++) {
    const { lookedAt: _, pass: _pass, passStartedMs: _started, passEndedMs: _ended, ...did } = await runPass(store);
    if (Object.values(did).every((count) => count === 0)) return;
  }
  throw new Error(`Passes that follow each other find more to do, ${passesMax} times`);
}

/** Throws what is wrong with what the rules have done by now. */
async function actAndJudge(store: EngineStore, name: string, rules: readonly ModelRule[]): Promise<number> {
  const bucket = await store.engine.buckets.get(name);
  const [uploads, versions] = [await modelUploads(store, bucket), await modelVersions(store, bucket)];
  await act(store);
  const { nowMs: now } = store;
  const { versioning } = bucket;
  const passes: Passes = { rules, dayMs, versioning, fromMs: now, completeMs: now, endMs: now };
  judgeUploads(uploads, { left: new Set((await modelUploads(store, bucket)).keys()), passes });
  const left = await modelVersions(store, bucket);
  for (const [key, before] of versions) {
    const after = (left.get(key) ?? []).map((version) => ({ ...version, isMarker: version.content === undefined }));
    judgeVersions(key, { before, after, passes });
  }
  const count = (found: ReadonlyMap<string, readonly unknown[]>) => [...found.values()].flat().length;
  return Math.abs(count(versions) - count(left));
}

test(`${cases} buckets of random versions under random rules → just what the model says is done, day by day`, async () => {
  await using store = await EngineStore.open();
  let changed = 0;
  for (let seed = 1; seed <= cases; seed++) {
    const random = new SeededRandom(seed);
    const name = `bucket-${seed}`;
    await store.newBucket(name);
    const hasLocks = random.below(3) === 0;
    const isVersioned = hasLocks || random.below(4) > 0;
    if (isVersioned) await store.engine.buckets.setVersioning(await store.engine.buckets.get(name), 'Enabled');
    await fill(store, { name, hasLocks }, random);
    const rules = Array.from({ length: 1 + random.below(4) }, () => drawRule(random));
    const bucket = await store.engine.buckets.get(name);
    await setRules(
      store,
      bucket,
      rules.map((rule, i) => asPut(rule, `rule-${i}`)),
    );
    for (let day = 0; day < 6; day++) {
      const judged = actAndJudge(store, name, rules);
      changed += await judged.catch((error: unknown) => {
        throw new Error(`seed ${seed}, day ${day}: ${String(error)}`);
      });
      // Sometimes to the first moment of a day, at which something may become due.
      store.nowMs += random.below(8 * dayMs);
      if (random.below(2) === 0) store.nowMs = Math.ceil(store.nowMs / dayMs) * dayMs;
    }
    await setRules(store, bucket, []);
  }
  expect(changed).toBeGreaterThan(cases);
});
