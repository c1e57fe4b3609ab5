/** Locks in the commit, over restarts, beside lifecycle rules, and on the disks alone: condition → result. */
import { expect, test } from 'vitest';
import { writeEventRules } from '../../src/engine/events/rules.ts';
import { serviceCause } from '../../src/engine/events/service-cause.ts';
import {
  newObjectLockDocument,
  type ObjectLockConfiguration,
  readObjectLock,
  writeObjectLock,
} from '../../src/engine/locks/configuration.ts';
import { newLock } from '../../src/engine/locks/new-lock.ts';
import type { Bucket, Engine, LegalHold, ObjectLock, Retention, Version } from '../../src/engine/types.ts';
import { asListed, bodyOf, EngineStore, owner, plain } from '../support/engine-store.ts';
import { dayMs, ruleWith, runPass, setRules } from '../support/lifecycle-job.ts';
import { withRebuilt } from '../support/rebuilt-engine.ts';
import { SeededRandom } from '../support/seeded-random.ts';

const mebibyte = 1024 * 1024;
const random = new SeededRandom(11);
const locked = { code: 'ObjectLocked' };

/** A bucket with object lock. */
async function newLocked(store: EngineStore, configuration: ObjectLockConfiguration = {}): Promise<Bucket> {
  const configs = newObjectLockDocument();
  const bucket = await store.engine.buckets.create({ name: 'bucket', region: 'us-east-1', owner, configs });
  await writeObjectLock(store.engine.buckets, bucket, configuration);
  return store.engine.buckets.get('bucket');
}

const forDays = (store: EngineStore, days: number, mode: Retention['mode'] = 'GOVERNANCE'): Retention => ({
  mode,
  untilMs: store.nowMs + days * dayMs,
});

function retain(
  { engine }: Pick<EngineStore, 'engine'>,
  bucket: Bucket,
  key: string,
  change: { retention: Retention | 'none'; bypassesGovernance?: boolean; versionId?: string },
): Promise<void> {
  const { versionId, ...changed } = change;
  return engine.locks.setRetention({ bucket, key, versionId }, { bypassesGovernance: false, ...changed });
}

function hold({ engine }: Pick<EngineStore, 'engine'>, bucket: Bucket, key: string, status: LegalHold): Promise<void> {
  return engine.locks.setLegalHold({ bucket, key, versionId: undefined }, status);
}

function remove({ engine }: EngineStore, bucket: Bucket, { key, versionId }: Version, bypassesGovernance = false) {
  return engine.objects.delete({ bucket, key, versionId, owner, bypassesGovernance });
}

async function lockOf({ engine }: { engine: Pick<Engine, 'objects'> }, bucket: Bucket, key: string) {
  const { retention, legalHold } = (await engine.objects.find(bucket, key)).attributes.lock ?? {};
  return { retention, legalHold };
}

test('object lock from the first moment → versions are kept, for ever; given later → only where they are kept', async () => {
  await using store = await EngineStore.open();
  const bucket = await newLocked(store);
  expect(bucket.versioning).toBe('Enabled');
  await expect(store.engine.buckets.setVersioning(bucket, 'Suspended')).rejects.toMatchObject({ code: 'BucketLocked' });
  const other = await store.newBucket('other');
  const enable = () => writeObjectLock(store.engine.buckets, other, {});
  await expect(enable()).rejects.toMatchObject({ code: 'VersioningNotEnabled' });
  await store.engine.buckets.setVersioning(other, 'Suspended');
  await expect(enable()).rejects.toMatchObject({ code: 'VersioningNotEnabled' });
  await store.engine.buckets.setVersioning(other, 'Enabled');
  // Of two that meet the first one counts: never is a bucket with object lock without versions.
  const both = await Promise.allSettled([enable(), store.engine.buckets.setVersioning(other, 'Suspended')]);
  expect(both.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
});

test('retained → the version stays until its time, is hidden by a marker and by new ones, and then goes', async () => {
  await using store = await EngineStore.open();
  const bucket = await newLocked(store);
  const version = await store.put(bucket, 'k', 'x');
  const retention = forDays(store, 1, 'COMPLIANCE');
  await retain(store, bucket, 'k', { retention });
  await store.put(bucket, 'k', 'y');
  await store.engine.objects.delete({ bucket, key: 'k', owner });
  store.nowMs = retention.untilMs - 1;
  await expect(remove(store, bucket, version, true)).rejects.toMatchObject(locked);
  await expect(store.engine.buckets.delete(bucket)).rejects.toMatchObject({ code: 'BucketNotEmpty' });
  await store.reopen();
  await expect(remove(store, bucket, version, true)).rejects.toMatchObject(locked);
  store.nowMs = retention.untilMs;
  await remove(store, bucket, version);
  await expect(store.engine.objects.find(bucket, 'k', version.versionId)).rejects.toMatchObject({
    code: 'NoSuchVersion',
  });
});

test('a hold, a retention and a delete at once, many times → what was answered is so', async () => {
  await using store = await EngineStore.open();
  const bucket = await newLocked(store);
  const outcomes = await Promise.all(
    Array.from({ length: 60 }, async (_, turns) => {
      const key = `k${turns}`;
      const version = await store.put(bucket, key, 'x');
      const removed = async () => {
        // A lock is described before it is committed: the delete comes at any time of that.
        for (let turn = 0; turn < turns; turn++) await undefined;
        return remove(store, bucket, version);
      };
      const answers = await Promise.allSettled([
        removed(),
        hold(store, bucket, key, 'ON'),
        retain(store, bucket, key, { retention: forDays(store, 1) }),
      ]);
      const [wasRemoved, isHeld, isRetained] = answers.map(({ status }) => status === 'fulfilled');
      const found = await lockOf(store, bucket, key).catch(() => undefined);
      expect(found === undefined).toBe(wasRemoved);
      // Whatever came first was answered well, and what it rules out was not.
      expect(isHeld || isRetained).toBe(!wasRemoved);
      if (isHeld) expect(found?.legalHold).toBe('ON');
      if (isRetained) expect(found?.retention?.mode).toBe('GOVERNANCE');
      return wasRemoved;
    }),
  );
  expect(new Set(outcomes).size).toBe(2);
});

test('many changes of one lock at once → each is made', async () => {
  await using store = await EngineStore.open();
  const bucket = await newLocked(store);
  await store.put(bucket, 'k', 'x');
  const days = Array.from({ length: 12 }, (_, n) => n + 1);
  const longer = days.map((n) => retain(store, bucket, 'k', { retention: forDays(store, n) }).catch(() => {}));
  await Promise.all([...longer, hold(store, bucket, 'k', 'ON')]);
  expect(await lockOf(store, bucket, 'k')).toEqual({ retention: forDays(store, 12), legalHold: 'ON' });
});

test('a default → what says nothing itself gets it, counted from when the version is made; a hold comes beside it', async () => {
  await using store = await EngineStore.open({ partSizeMinBytes: 1000 });
  const bucket = await newLocked(store, { defaultRetention: { mode: 'COMPLIANCE', years: 1 } });
  const oneYear = () => forDays(store, 365, 'COMPLIANCE');
  const { objects, uploads } = store.engine;
  const upload = await uploads.create({ bucket, key: 'parts', attributes: plain });
  const part = await uploads.putPart({ bucket, upload, partNumber: 1, source: bodyOf('part') });
  store.nowMs += dayMs;
  for (const [key, content] of [
    ['small', 'x'],
    ['empty', ''],
    ['large', random.bytes(2 * mebibyte)],
  ] as const) {
    await store.put(bucket, key, content);
    expect(await lockOf(store, bucket, key)).toEqual({ retention: oneYear() });
  }
  await objects.copy({ source: await objects.find(bucket, 'small'), bucket, key: 'copy', attributes: plain });
  await uploads.complete({ bucket, key: 'parts', uploadId: upload.uploadId, parts: [asListed(part)] });
  for (const key of ['copy', 'parts']) expect(await lockOf(store, bucket, key)).toEqual({ retention: oneYear() });
  const own = { retention: forDays(store, 1), legalHold: 'ON' } as const;
  for (const [key, given] of [
    ['own', own],
    ['held', { legalHold: 'ON' }],
  ] as const) {
    const lock = newLock(given, store.nowMs);
    await objects.put({ bucket, key, source: bodyOf('x'), attributes: { ...plain, ...(lock && { lock }) } });
    expect(await lockOf(store, bucket, key)).toEqual({ retention: oneYear(), ...given });
  }
});

test('lifecycle rules → what is locked stays, moves to other classes, and goes once its lock is over; the rest goes on', async () => {
  await using store = await EngineStore.open();
  const bucket = await newLocked(store);
  const rules = ruleWith({
    expiration: { days: 1 },
    noncurrentExpiration: { days: 1 },
    noncurrentTransitions: [{ days: 1, storageClass: 'GLACIER' }],
  });
  await setRules(store, bucket, [rules]);
  const big = random.bytes(200 * 1024);
  for (const key of ['free', 'held', 'kept']) await store.put(bucket, key, big);
  const held = await store.engine.objects.find(bucket, 'held');
  const kept = await store.engine.objects.find(bucket, 'kept');
  await hold(store, bucket, 'held', 'ON');
  await retain(store, bucket, 'kept', { retention: forDays(store, 10) });
  store.nowMs += 2 * dayMs;
  expect(await runPass(store)).toMatchObject({ expired: 3 });
  store.nowMs += 2 * dayMs;
  expect(await runPass(store)).toMatchObject({ noncurrentRemoved: 1, transitioned: 2, leftAlone: 0 });
  for (const { key, versionId } of [held, kept]) {
    const { attributes } = await store.engine.objects.find(bucket, key, versionId);
    expect([attributes.storageClass, attributes.lock !== undefined]).toEqual(['GLACIER', true]);
  }
  store.nowMs += 10 * dayMs;
  expect(await runPass(store)).toMatchObject({ noncurrentRemoved: 1, leftAlone: 0 });
  await expect(store.engine.objects.find(bucket, 'held', held.versionId)).resolves.toBeDefined();
});

test('nothing left but the disks → locks are back, whether they came with the bytes or later, before or after a move', async () => {
  await using store = await EngineStore.open({ partSizeMinBytes: 1000 });
  const bucket = await newLocked(store);
  const { objects, uploads } = store.engine;
  const born = newLock({ retention: forDays(store, 30), legalHold: 'OFF' }, store.nowMs);
  await objects.put({
    bucket,
    key: 'born',
    source: bodyOf('x'),
    attributes: { ...plain, ...(born && { lock: born }) },
  });
  const upload = await uploads.create({ bucket, key: 'parts', attributes: plain });
  const part = await uploads.putPart({ bucket, upload, partNumber: 1, source: bodyOf(random.bytes(200 * 1024)) });
  await uploads.complete({ bucket, key: 'parts', uploadId: upload.uploadId, parts: [asListed(part)] });
  for (const [key, content] of [
    ['small', 'x'],
    ['empty', ''],
    ['large', random.bytes(2 * mebibyte)],
  ] as const) {
    await store.put(bucket, key, content);
  }
  const later = ['parts', 'small', 'empty', 'large'];
  for (const key of later) await retain(store, bucket, key, { retention: forDays(store, 40) });
  await setRules(store, bucket, [ruleWith({ transitions: [{ days: 1, storageClass: 'GLACIER' }] })]);
  store.nowMs += 2 * dayMs;
  expect(await runPass(store)).toMatchObject({ transitioned: 2 });
  for (const key of later) await hold(store, bucket, key, 'ON');
  await retain(store, bucket, 'small', { retention: 'none', bypassesGovernance: true });
  const before = new Map<string, ObjectLock | undefined>();
  for (const key of ['born', ...later]) before.set(key, (await objects.find(bucket, key)).attributes.lock);
  expect(before.get('large')).toMatchObject({ legalHold: 'ON', retention: { mode: 'GOVERNANCE' } });
  await store.reopen();
  await withRebuilt(store, async ({ engine, report }) => {
    expect(report.lost).toEqual([]);
    const rebuilt = await engine.buckets.get('bucket');
    for (const [key, lock] of before) {
      const version = await engine.objects.find(rebuilt, key);
      expect(version.attributes.lock, key).toEqual(lock);
      const isMoved = key === 'parts' || key === 'large';
      expect(version.attributes.storageClass, key).toBe(isMoved ? 'GLACIER' : 'STANDARD');
      const gone = engine.objects.delete({ bucket: rebuilt, key, versionId: version.versionId, owner });
      await expect(gone).rejects.toMatchObject(locked);
    }
    expect(await readObjectLock(engine.buckets, rebuilt)).toEqual({});
    await expect(engine.buckets.setVersioning(rebuilt, 'Suspended')).rejects.toMatchObject({ code: 'BucketLocked' });
  });
});

test('replayed from the log alone → the same locks', async () => {
  await using store = await EngineStore.open();
  const bucket = await newLocked(store, { defaultRetention: { mode: 'GOVERNANCE', days: 3 } });
  await store.put(bucket, 'k', 'x');
  await hold(store, bucket, 'k', 'ON');
  const before = await store.engine.objects.find(bucket, 'k');
  await store.reopen();
  expect((await store.engine.objects.find(bucket, 'k')).attributes).toEqual(before.attributes);
});

test('retention set, a hold put on, with a rule for all that is told → of retention alone', async () => {
  await using store = await EngineStore.open();
  const bucket = await newLocked(store);
  const { engine } = store;
  const events = ['s3:ObjectRetention:Put', 's3:ObjectAcl:Put'];
  await writeEventRules(engine.buckets, bucket, [
    { id: 'r', kind: 'queue', filters: [], prefix: '', suffix: '', target: 'there', events },
  ]);
  await store.put(bucket, 'k', 'x');
  const told = await engine.buckets.get('bucket');
  const target = { bucket: told, key: 'k', versionId: undefined, cause: serviceCause() };
  await engine.locks.setLegalHold(target, 'ON');
  await engine.locks.setRetention(target, { retention: forDays(store, 1), bypassesGovernance: false });
  const entries = await engine.outbox.list({ target: 'there', after: 0, limit: 10 });
  expect(entries.map(({ event }) => event)).toMatchObject([{ event: 'ObjectRetention:Put', key: 'k', size: 1 }]);
});

test('nothing left but the disks, after changes that were refused or met others → what was locked is so still', async () => {
  await using store = await EngineStore.open();
  const bucket = await newLocked(store);
  const keys = Array.from({ length: 20 }, (_, n) => `k${n}`);
  const compliance = forDays(store, 40, 'COMPLIANCE');
  const before = new Map<string, object>();
  for (const [n, key] of keys.entries()) {
    await store.put(bucket, key, 'x');
    await retain(store, bucket, key, { retention: forDays(store, 30) });
    // Of those that meet all were described, and what came second is refused or described once more.
    await Promise.allSettled([
      retain(store, bucket, key, { retention: compliance, bypassesGovernance: true }),
      retain(store, bucket, key, { retention: 'none', bypassesGovernance: true }),
      n % 2 === 0 ? hold(store, bucket, key, 'ON') : undefined,
    ]);
    const none = retain(store, bucket, key, { retention: 'none', bypassesGovernance: true });
    await expect(none).rejects.toMatchObject(locked);
    before.set(key, await lockOf(store, bucket, key));
  }
  expect(before.get('k0')).toEqual({ retention: compliance, legalHold: 'ON' });
  expect(before.get('k1')).toEqual({ retention: compliance });
  await store.reopen();
  await withRebuilt(store, async ({ engine }) => {
    const rebuilt = await engine.buckets.get('bucket');
    for (const [key, lock] of before) expect(await lockOf({ engine }, rebuilt, key), key).toEqual(lock);
  });
});
