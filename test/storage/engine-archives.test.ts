/** Archives and the clock: when a restored version can be read, and for how long. */
import { describe, expect, test } from 'vitest';
import { writeEventRules } from '../../src/engine/events/rules.ts';
import type { Bucket, ObjectEvent } from '../../src/engine/types.ts';
import { busEvent } from '../../src/events/event-bridge.ts';
import { eventRecord } from '../../src/events/record.ts';
import { tellRestores } from '../../src/jobs/tell-restores.ts';
import { bodyOf, EngineStore, owner, plain } from '../support/engine-store.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

test.each([
  ['GLACIER', 'Expedited', hourMs / 12],
  ['GLACIER', 'Standard', 5 * hourMs],
  ['GLACIER', 'Bulk', 12 * hourMs],
  ['DEEP_ARCHIVE', 'Standard', 12 * hourMs],
  ['DEEP_ARCHIVE', 'Bulk', 2 * dayMs],
] as const)(
  '%s, %s → read %i ms later, until the end of the day in which its days are over',
  async (storageClass, tier, delayMs) => {
    await using store = await EngineStore.open();
    const bucket = await store.newBucket();
    const { archives, objects } = store.engine;
    const attributes = { ...plain, storageClass };
    await objects.put({ bucket, key: 'k', source: bodyOf(Buffer.from('x')), attributes });
    const state = async () => archives.stateOf(await objects.find(bucket, 'k')).kind;
    store.nowMs = Date.parse('2026-11-01T10:30:00Z');
    expect(await state()).toBe('archived');
    expect(await archives.restore({ bucket, key: 'k', versionId: undefined, days: 3, tier })).toBe('begun');
    const readyMs = store.nowMs + delayMs;
    store.nowMs = readyMs - 1;
    expect(await state()).toBe('restoring');
    store.nowMs = readyMs;
    expect(await state()).toBe('restored');
    // As after a crash, or when the index comes from another zone: what was committed says it all.
    await store.reopen();
    store.nowMs = Math.floor(readyMs / dayMs) * dayMs + 4 * dayMs - 1;
    expect(archives.stateOf(await store.engine.objects.find(bucket, 'k')).kind).toBe('restored');
    store.nowMs += 1;
    expect(archives.stateOf(await store.engine.objects.find(bucket, 'k')).kind).toBe('archived');
  },
);

describe('told of', () => {
  const target = 'arn:aws:sqs:us-east-1:000000000000:q';
  const noon = Date.parse('2026-11-01T12:00:00Z');

  /** A bucket whose restores are told, with an archived object. */
  async function archivedIn(store: EngineStore): Promise<Bucket> {
    const made = await store.newBucket();
    const rule = {
      kind: 'queue',
      id: 'r',
      target,
      events: ['s3:ObjectRestore:*'],
      filters: [],
      prefix: '',
      suffix: '',
    };
    await writeEventRules(store.engine.buckets, made, [{ ...rule, kind: 'queue' }]);
    store.nowMs = noon;
    const bucket = await store.engine.buckets.get(made.name);
    await archive(store, bucket);
    return bucket;
  }

  const archive = (store: EngineStore, bucket: Bucket) =>
    store.engine.objects.put({
      ...{ bucket, key: 'k', source: bodyOf('archived') },
      attributes: { ...plain, storageClass: 'GLACIER' },
    });

  const restore = (store: EngineStore, bucket: Bucket, days: number, tier: 'Standard' | 'Expedited' = 'Standard') =>
    store.engine.archives.restore({ bucket, key: 'k', versionId: undefined, days, tier, cause });

  const cause = { requestId: 'r', hostId: 'h', requester: 'AWS:me', sourceAddress: '127.0.0.1' };

  /** What has been told by a time, the job having run then. */
  async function toldAt(store: EngineStore, atMs: number): Promise<ObjectEvent[]> {
    store.nowMs = atMs;
    const job = tellRestores({ archives: store.engine.archives, dayLengthMs: dayMs });
    while ((await job.step()) !== 'idle');
    const entries = await store.index.listEvents({ target, after: 0, limit: 100 });
    return entries.flatMap(({ event }) => ('sequencer' in event && 'owner' in event ? event : []));
  }

  const namesAt = async (store: EngineStore, atMs: number) =>
    (await toldAt(store, atMs)).map(({ event }) => event.slice('ObjectRestore:'.length));

  test('a restore → Post, Completed at its time, Delete when its days are over, each once, also over restarts', async () => {
    await using store = await EngineStore.open();
    const bucket = await archivedIn(store);
    await restore(store, bucket, 3);
    const readyMs = noon + 5 * hourMs;
    expect(await namesAt(store, readyMs - 1)).toEqual(['Post']);
    expect(await namesAt(store, readyMs)).toEqual(['Post', 'Completed']);
    await store.reopen();
    const overMs = Date.parse('2026-11-05T00:00:00Z');
    expect(await namesAt(store, overMs - 1)).toEqual(['Post', 'Completed']);
    await store.reopen();
    expect(await namesAt(store, overMs)).toEqual(['Post', 'Completed', 'Delete']);
    expect(await namesAt(store, overMs + 30 * dayMs)).toEqual(['Post', 'Completed', 'Delete']);
  });

  test('what is said → until when, and from which class, in the record and on the bus', async () => {
    await using store = await EngineStore.open();
    const bucket = await archivedIn(store);
    await restore(store, bucket, 3);
    await toldAt(store, noon + 6 * hourMs);
    const [post, completed, over] = await toldAt(store, noon + 30 * dayMs);
    const further = [post, completed, over].map((event) => {
      if (event === undefined) return undefined;
      const { glacierEventData, eventName, userIdentity } = eventRecord(event);
      const { 'detail-type': type, detail } = busEvent(event, owner) as { 'detail-type': string; detail: object };
      return { eventName, by: userIdentity.principalId, ...glacierEventData?.restoreEventData, type, detail };
    });
    const object = { key: 'k', size: 8, etag: post?.etag, sequencer: expect.any(String) };
    const detail = { object, 'source-storage-class': 'GLACIER' };
    expect(further).toMatchObject([
      { eventName: 'ObjectRestore:Post', by: 'AWS:me', type: 'Object Restore Initiated', detail },
      {
        ...{ eventName: 'ObjectRestore:Completed', by: 's3.amazonaws.com', type: 'Object Restore Completed' },
        lifecycleRestorationExpiryTime: '2026-11-05T00:00:00.000Z',
        lifecycleRestoreStorageClass: 'GLACIER',
        detail: { ...detail, 'restore-expiry-time': '2026-11-05T00:00:00Z' },
      },
      { eventName: 'ObjectRestore:Delete', type: 'Object Restore Expired', detail: { object } },
    ]);
    expect(further[0]).not.toHaveProperty('lifecycleRestorationExpiryTime');
    expect(further[2]).not.toHaveProperty('lifecycleRestorationExpiryTime');
  });

  test('made faster, and extended → Completed once, at the earlier time; Delete at the later one', async () => {
    await using store = await EngineStore.open();
    const bucket = await archivedIn(store);
    await restore(store, bucket, 1);
    await restore(store, bucket, 1, 'Expedited');
    const soonMs = noon + hourMs / 12;
    expect(await namesAt(store, soonMs)).toEqual(['Post', 'Post', 'Completed']);
    expect(await namesAt(store, noon + 5 * hourMs)).toHaveLength(3);
    await restore(store, bucket, 10);
    expect(await namesAt(store, noon + 9 * dayMs)).toHaveLength(3);
    expect((await namesAt(store, noon + 11 * dayMs)).slice(3)).toEqual(['Delete']);
  });

  test('overwritten, deleted, or its bucket gone meanwhile → no more', async () => {
    await using store = await EngineStore.open();
    const bucket = await archivedIn(store);
    await restore(store, bucket, 1);
    await archive(store, bucket);
    expect(await namesAt(store, noon + dayMs)).toEqual(['Post']);
    await restore(store, bucket, 1);
    await store.engine.objects.delete({ bucket, key: 'k', owner });
    await store.engine.buckets.delete(bucket);
    expect(await namesAt(store, noon + 9 * dayMs)).toEqual(['Post', 'Post']);
    expect(await store.index.listDueRestores({ nowMs: store.nowMs, limit: 10 })).toEqual([]);
  });
});
