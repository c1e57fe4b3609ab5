/** Replication on a real index, with destinations that a test plays and a clock that it moves. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { writeEventRules } from '../../src/engine/events/rules.ts';
import type { ReplicationRule } from '../../src/engine/replication/configuration.ts';
import { writeReplication } from '../../src/engine/replication/rules.ts';
import { type ReplicaTarget, ReplicationRefused } from '../../src/engine/replication/types.ts';
import type { Bucket, ObjectEvent, Version } from '../../src/engine/types.ts';
import { newVersionId } from '../../src/engine/version-ids.ts';
import { eventRecord } from '../../src/events/record.ts';
import type { ReplicationOptions } from '../../src/jobs/replicate.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { bodyOf, EngineStore, plain } from '../support/engine-store.ts';
import { notedTarget } from '../support/noted-target.ts';
import { hourMs, newRuledBucket, replicating, until } from '../support/replicating-store.ts';

const there = 'arn:aws:s3:::there';
const cause = { requestId: 'r', hostId: 'h', requester: 'AWS:1', sourceAddress: '' };

let store: EngineStore;
let buckets = 0;
let source: Bucket;
beforeAll(async () => {
  store = await EngineStore.open({ partSizeMinBytes: 1 });
});
afterAll(() => store[Symbol.asyncDispose]());
beforeEach(async () => {
  source = await ruled({ metrics: { isEnabled: true }, time: { isEnabled: true, minutes: 15 } });
});

/** A bucket of which everything is replicated. */
const ruled = (different: Partial<ReplicationRule['destination']> = {}): Promise<Bucket> =>
  newRuledBucket(store, { name: `bucket-${++buckets}`, destination: { bucket: there, ...different } });

/** A rule that has a queue told of events. */
const queueRule = (target: string, event: string) => ({
  kind: 'queue' as const,
  id: 'e',
  target,
  events: [event],
  filters: [],
  prefix: '',
  suffix: '',
});

const put = (key: string, bucket = source): Promise<Version> =>
  store.engine.objects.put({ bucket, key, source: bodyOf('x'), attributes: plain, cause });
const statusOf = async (key: string) => (await store.engine.objects.find(source, key)).attributes.replication;

/** An object of the parts 1, 2 and 5. */
async function putParts(key: string): Promise<string> {
  const upload = await store.engine.uploads.create({ bucket: source, key, attributes: plain });
  const { uploadId } = upload;
  const parts = [];
  for (const partNumber of [1, 2, 5]) {
    const body = bodyOf(`part ${partNumber}`);
    const { etag } = await store.engine.uploads.putPart({ bucket: source, upload, partNumber, source: body });
    parts.push({ partNumber, etag });
  }
  const { versionId } = await store.engine.uploads.complete({ bucket: source, key, uploadId, parts, cause });
  return versionId;
}

const work = (target: ReplicaTarget, different: Partial<ReplicationOptions> = {}) =>
  replicating(store, { elsewhere: new Map([[there, target]]), ...different });

const nothingWaits = async () => expect(await store.engine.replication.sizes()).toEqual([]);

test('a destination that is away → each change again, later and later, in order of its key; COMPLETED once it is there', async () => {
  let isAway = true;
  const { calls, target } = notedTarget(() => (isAway ? new Error('away') : undefined));
  const versions = [await put('k'), await put('k'), await put('other')];
  const running = work(target);
  await until(running, () => expect(calls.length).toBe(2));
  for (let times = 0; times < 3; times++) await running.job.step();
  expect(calls).toHaveLength(2);
  store.nowMs += hourMs;
  await until(running, () => expect(calls.length).toBe(4));
  expect(await statusOf('k')).toBe('PENDING');
  isAway = false;
  store.nowMs += hourMs;
  await until(running, nothingWaits);
  const done = calls.filter((call) => !call.endsWith('failed'));
  expect(done.filter((call) => call.includes(' k '))).toEqual(
    versions.slice(0, 2).map(({ versionId }) => `put k ${versionId}`),
  );
  expect([await statusOf('k'), await statusOf('other')]).toEqual(['COMPLETED', 'COMPLETED']);
  await running.close();
});

test('one key fails → what is behind it is passed by and read when it is done, in its order; late ones of it are told all the same', async () => {
  await writeEventRules(store.engine.buckets, source, [queueRule('passed', 's3:Replication:OperationMissedThreshold')]);
  let isAway = true;
  const { calls, target } = notedTarget((call) => (isAway && call.includes(' k ') ? new Error('away') : undefined));
  const versions = [await put('k')];
  const running = work(target);
  await until(running, () => expect(calls).toHaveLength(1));
  for (let times = 0; times < 5; times++) versions.push(await put('k'));
  await put('other');
  await until(running, async () => expect(await statusOf('other')).toBe('COMPLETED'));
  store.nowMs += hourMs;
  const toldOf = () => store.engine.outbox.list({ target: 'passed', after: 0, limit: 10 });
  await until(running, async () => {
    expect(await toldOf()).toHaveLength(6);
    expect(calls).toHaveLength(3);
  });
  for (let times = 0; times < 3; times++) await running.job.step();
  isAway = false;
  store.nowMs += hourMs;
  await until(running, nothingWaits);
  const done = calls.filter((call) => call.includes(' k ') && !call.endsWith('failed'));
  expect(done).toEqual(versions.map(({ versionId }) => `put k ${versionId}`));
  await running.close();
});

test('longer than it is tried → FAILED, kept with why; a refusal → at once; tried again → COMPLETED', async () => {
  let refuses: Error | undefined = new Error('away');
  const { target } = notedTarget(() => refuses);
  await put('k');
  const running = work(target);
  await until(running, () => expect(running.job.status()['failedAttempts']).toBe(1));
  store.nowMs += 25 * hourMs;
  await until(running, async () => expect(await statusOf('k')).toBe('FAILED'));
  refuses = new ReplicationRefused('no such bucket');
  await put('l');
  await until(running, async () => expect(await statusOf('l')).toBe('FAILED'));
  const failed = await store.engine.replication.failed({ destination: there, after: 0, limit: 10 });
  expect(failed.map(({ key, failure }) => `${key}: ${failure}`)).toEqual(['k: away', 'l: no such bucket']);
  const size = { destination: there, bucket: source.name, rule: 'rule', entries: 2, bytes: 2 };
  const sizes = () => store.engine.replication.sizes();
  expect(await sizes()).toEqual([{ ...size, isFailed: true, oldestMs: expect.any(Number) }]);
  refuses = undefined;
  expect(await store.engine.replication.retry(there)).toBe(2);
  expect(await sizes()).toEqual([{ ...size, isFailed: false, oldestMs: store.nowMs }]);
  expect(await statusOf('k')).toBe('PENDING');
  await until(running, nothingWaits);
  expect([await statusOf('k'), await statusOf('l')]).toEqual(['COMPLETED', 'COMPLETED']);
  await running.close();
});

test('a rule that tracks time: late → told once; done after all → told; failed → told', async () => {
  await writeEventRules(store.engine.buckets, source, [queueRule('queue', 's3:Replication:*')]);
  let answer: Error | undefined = new Error('away');
  const { target } = notedTarget(() => answer);
  await put('k');
  const running = work(target);
  await running.job.step();
  store.nowMs += 16 * 60_000;
  const told = async () => {
    const entries = await store.engine.outbox.list({ target: 'queue', after: 0, limit: 10 });
    return entries.map(({ event }) => {
      const { eventName, replicationEventData } = eventRecord(event as ObjectEvent);
      return { name: eventName.replace('Replication:Operation', ''), ...replicationEventData };
    });
  };
  const facts = { replicationRuleId: 'rule', destinationBucket: there, s3Operation: 'OBJECT_PUT' };
  const requestTime = new Date(store.nowMs - 16 * 60_000).toISOString();
  const missed = { name: 'MissedThreshold', ...facts, requestTime, threshold: '900' };
  const after = { ...missed, name: 'ReplicatedAfterThreshold', replicationTime: '4560' };
  await until(running, async () => expect(await told()).toEqual([missed]));
  await running.job.step();
  answer = undefined;
  store.nowMs += hourMs;
  await until(running, nothingWaits);
  expect(await told()).toEqual([missed, after]);
  answer = new ReplicationRefused('never', { reason: 'DstBucketNotFound' });
  await put('l');
  await until(running, async () => expect(await told()).toHaveLength(3));
  expect((await told()).at(-1)).toMatchObject({ name: 'FailedReplication', failureReason: 'DstBucketNotFound' });
  await store.engine.replication.retry(there);
  answer = undefined;
  await until(running, nothingWaits);
  await running.close();
});

test('an object of parts, given up in the middle → gone on with at the part that is not there, by another process too', async () => {
  await putParts('parts');
  let failing = 'part 2';
  const { calls, target } = notedTarget((call) => (call === failing ? new Error('cut off') : undefined));
  const first = work(target);
  await until(first, () => expect(calls).toEqual(['begin', 'part 1', 'part 2 failed']));
  failing = 'complete 3';
  store.nowMs += hourMs;
  await until(first, () => expect(calls).toContain('complete 3 failed'));
  await first.close();
  failing = '';
  const second = work(target);
  await until(second, nothingWaits);
  expect(calls.slice(3)).toEqual([
    ...['parts of the-upload', 'part 2', 'part 5', 'complete 3 failed'],
    ...['parts of the-upload', 'complete 3'],
  ]);
  await second.close();
});

test('the source of an unfinished upload is gone → the upload is aborted there, once that can be, by another process too', async () => {
  let failing = 'part 2';
  const { calls, target } = notedTarget((call) => (call.startsWith(failing) ? new Error('cut off') : undefined));
  const versionId = await putParts('parts');
  const first = work(target);
  await until(first, () => expect(calls).toEqual(['begin', 'part 1', 'part 2 failed']));
  await first.close();
  await store.engine.objects.delete({ bucket: source, key: 'parts', versionId, owner: source.owner, cause });
  failing = 'abort';
  const second = work(target);
  await until(second, () => expect(calls.at(-1)).toBe('abort parts the-upload failed'));
  for (let times = 0; times < 3; times++) await second.job.step();
  failing = 'nothing';
  store.nowMs += hourMs;
  await until(second, nothingWaits);
  expect(calls.slice(4)).toEqual(['abort parts the-upload']);
  await second.close();
});

test.each([
  { why: 'refused', refusal: new ReplicationRefused('no'), abortFails: false },
  { why: 'tried for too long', refusal: undefined, abortFails: false },
  { why: 'refused, and so is its end', refusal: new ReplicationRefused('no'), abortFails: true },
])(
  'an unfinished upload, $why → FAILED, and aborted there if that can be; tried again → COMPLETED',
  async ({ refusal, abortFails }) => {
    const parts = ['part 1', 'part 2', 'part 5', 'complete 3'];
    let isThere = false;
    const { calls, target } = notedTarget((call) => {
      if (isThere) return undefined;
      if (call === 'part 2') return refusal ?? new Error('cut off');
      return call.startsWith('abort') && abortFails ? new Error('no') : undefined;
    });
    await putParts('parts');
    const running = work(target);
    await until(running, () => expect(calls).toContain('part 2 failed'));
    if (refusal === undefined) store.nowMs += 25 * hourMs;
    await until(running, async () => expect(await statusOf('parts')).toBe('FAILED'));
    expect(calls.slice(0, 3)).toEqual(['begin', 'part 1', 'part 2 failed']);
    expect(calls.at(-1)).toBe(`abort parts the-upload${abortFails ? ' failed' : ''}`);
    expect(calls.filter((call) => call.startsWith('abort'))).toHaveLength(1);
    isThere = true;
    const before = calls.length;
    await store.engine.replication.retry(there);
    await until(running, nothingWaits);
    expect(await statusOf('parts')).toBe('COMPLETED');
    expect(calls.slice(before).filter((call) => call !== 'set parts')).toEqual([
      'parts of the-upload',
      ...parts.slice(1),
    ]);
    await running.close();
  },
);

test('bytesPerSecond → in small pieces, no faster than that', async () => {
  const { target } = notedTarget();
  const pieces: number[] = [];
  const slowly: ReplicaTarget = {
    ...target,
    async putWhole(_, { read }) {
      for await (const piece of read()) pieces.push(piece.length);
    },
  };
  await store.engine.objects.put({
    bucket: source,
    key: 'k',
    source: bodyOf('x'.repeat(200_000)),
    attributes: plain,
    cause,
  });
  const startedMs = systemClock.nowMs();
  const running = work(slowly, { clock: systemClock, bytesPerSecond: 2_000_000 });
  await until(running, nothingWaits);
  expect(pieces).toEqual([65_536, 65_536, 65_536, 200_000 - 3 * 65_536]);
  expect(systemClock.nowMs() - startedMs).toBeGreaterThan(90);
  await running.close();
});

describe('replicas', () => {
  const replica = (key: string, ordinal: number, versionId: string, bucket: Bucket) => {
    const identity = { versionId, ordinal, lastModifiedMs: store.nowMs };
    return store.engine.objects.put({
      bucket,
      key,
      source: bodyOf(versionId),
      attributes: plain,
      replica: identity,
      cause,
    });
  };
  const orderIn = async (bucket: Bucket, prefix: string) => {
    const query = { prefix, delimiter: '', after: '', afterVersionId: '', limit: 100 };
    const { entries } = await store.engine.listing.versions(bucket, query);
    return entries.flatMap((entry) => (entry.kind === 'version' ? [entry.version.versionId] : []));
  };

  test('in whatever order they come → in the order of their sources, two of one moment too; twice → once; never sent on', async () => {
    const [one, other] = [source, await ruled()];
    const at = store.nowMs * 1000;
    const ids = Array.from({ length: 5 }, (_, i) => newVersionId(at + i));
    const made = [ids[0], ids[1], ids[2], ids[3], ids[4]].map((id, i) => ({
      id: id ?? '',
      at: at + 10 * Math.min(i, 3),
    }));
    for (const { id, at: ordinal } of made) await replica('k', ordinal, id, one);
    for (const { id, at: ordinal } of made.toReversed()) await replica('k', ordinal, id, other);
    await replica('k', at, ids[0] ?? '', other);
    const order = await orderIn(one, 'k');
    expect(order).toHaveLength(5);
    expect(order.slice(2)).toEqual([ids[2], ids[1], ids[0]]);
    expect(await orderIn(other, 'k')).toEqual(order);
    expect((await store.engine.objects.find(one, 'k')).attributes.replication).toBe('REPLICA');
    await nothingWaits();
  });

  test('tags changed here later than there → stay; earlier → become those of there; of one moment → the same on both', async () => {
    const [one, other] = [source, await ruled()];
    const [id, ordinal] = [newVersionId(store.nowMs * 1000), store.nowMs * 1000];
    for (const bucket of [one, other]) await replica('k', ordinal, id, bucket);
    const set = (bucket: Bucket, value: string, changedMs: number) => {
      const tags = [{ key: 't', value }];
      return store.engine.replication.setReplicaAttributes({ bucket, key: 'k', versionId: id, tags, changedMs });
    };
    const tagOf = async (bucket: Bucket) =>
      (await store.engine.objects.find(bucket, 'k', id)).attributes.tags[0]?.value;
    await set(one, 'new', 20);
    await set(one, 'old', 10);
    expect(await tagOf(one)).toBe('new');
    for (const [bucket, values] of [
      [one, ['a', 'b']],
      [other, ['b', 'a']],
    ] as const) {
      for (const value of values) await set(bucket, value, 30);
    }
    expect([await tagOf(one), await tagOf(other)]).toEqual(['b', 'b']);
  });
});

test('a version deleted before its turn → nothing is sent, and it is told; a rule that is gone → FAILED', async () => {
  await writeEventRules(store.engine.buckets, source, [queueRule('over', 's3:Replication:*')]);
  const { calls, target } = notedTarget();
  const { versionId } = await put('gone');
  await store.engine.objects.delete({ bucket: source, key: 'gone', versionId, owner: source.owner, cause });
  const running = work(target);
  await until(running, nothingWaits);
  expect(calls).toEqual([]);
  const [told] = await store.engine.outbox.list({ target: 'over', after: 0, limit: 10 });
  expect(told?.event).toMatchObject({ event: 'Replication:OperationNotTracked', key: 'gone', versionId });
  await put('k');
  await writeReplication(store.engine.buckets, source, undefined);
  await until(running, async () => expect(await statusOf('k')).toBe('FAILED'));
  await running.close();
});

test('an object under a key of KMS → stays where it is, as no rule selects it', async () => {
  const kms = { keyArn: 'arn:aws:kms:us-east-1:000000000000:key/k', context: {} };
  for (const encryption of [{ kind: 'SSE-S3' }, { kind: 'SSE-KMS', ...kms }, { kind: 'DSSE-KMS', ...kms }] as const) {
    const body = bodyOf('x');
    await store.engine.objects.put({ bucket: source, key: 'k', source: body, attributes: plain, cause, encryption });
    expect(await statusOf('k')).toBe(encryption.kind === 'SSE-S3' ? 'PENDING' : undefined);
  }
});
