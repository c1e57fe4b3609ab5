/** The commit path: batches, their order, and what a failed wave leaves behind. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { CommandRejected } from '../../src/meta/commands.ts';
import { FILE_HEADER_BYTES, scanRecords } from '../../src/meta/log/codec.ts';
import type { Index } from '../../src/meta/types.ts';
import {
  ATTRIBUTES,
  createBucket,
  everything,
  IndexFixture,
  names,
  newContent,
  put,
  rejection,
} from './index-fixture.ts';

let fixture: IndexFixture;
let index: Index;
let waves = 0;
/** What the blob side of the next waves does. */
let alongside: () => Promise<void>;

beforeEach(async () => {
  waves = 0;
  alongside = async () => undefined;
  fixture = new IndexFixture({
    alongside: () => {
      waves += 1;
      return alongside();
    },
  });
  index = await fixture.open();
});
afterEach(async () => {
  await index.close();
  fixture.remove();
});

async function keys(bucketId: number): Promise<string[]> {
  return names(await index.listObjects(everything(bucketId)));
}

test('100 submits of one tick → one wave, visible in the order of the calls', async () => {
  const bucketId = await createBucket(index);
  waves = 0;
  const order: number[] = [];
  const submits = Array.from({ length: 100 }, (_, i) =>
    index.submit(put(bucketId, `key-${i % 10}`, i + 1)).then(() => order.push(i)),
  );
  await Promise.all(submits);
  expect(waves).toBe(1);
  expect(order).toEqual(Array.from({ length: 100 }, (_, i) => i));
  const last = await index.getVersion(bucketId, 'key-3');
  expect(last?.etag).toBe('etag-94');
});

test('more commands than a batch takes → several waves, none is lost', async () => {
  const bucketId = await createBucket(index);
  waves = 0;
  await Promise.all(Array.from({ length: 1200 }, (_, i) => index.submit(put(bucketId, `key-${i}`, i + 1))));
  expect(waves).toBe(3);
  expect((await keys(bucketId)).length).toBe(1200);
});

test('a batch in flight → reads see nothing of it', async () => {
  const bucketId = await createBucket(index);
  const began = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  alongside = () => {
    began.resolve();
    return gate.promise;
  };
  const submitted = index.submit(put(bucketId, 'key', 1));
  await began.promise;
  expect(await index.getVersion(bucketId, 'key')).toBeUndefined();
  gate.resolve();
  await submitted;
  expect(await index.getVersion(bucketId, 'key')).toBeDefined();
});

test('one command of a batch rejected → only it, and it takes no numbers', async () => {
  const bucketId = await createBucket(index);
  const results = await Promise.allSettled([
    index.submit(put(bucketId, 'a', 1)),
    index.submit(put(bucketId, 'a', 2, { conditions: { ifNoneMatch: '*' } })),
    index.submit(put(bucketId, 'b', 3, { content: { kind: 'shared', slices: [{ blob: 99, offset: 0, length: 1 }] } })),
    index.submit(put(bucketId, 'c', 4)),
  ]);
  expect(results.map((result) => result.status)).toEqual(['fulfilled', 'rejected', 'rejected', 'fulfilled']);
  const version = await index.getVersion(bucketId, 'c');
  if (version === undefined) throw new Error('c is there');
  expect((await index.getSlices(version, { start: 0, end: 10 }))[0]?.blob).toBe(2);
});

test('nothing of a batch succeeded → no wave', async () => {
  await createBucket(index);
  waves = 0;
  expect(await rejection(createBucket(index))).toBe('BucketExists');
  expect(waves).toBe(0);
});

test('the blobs of a wave fail → CommitFailed, nothing of it is visible, and the next wave works', async () => {
  const bucketId = await createBucket(index);
  await index.submit(put(bucketId, 'before', 1));
  alongside = () => Promise.reject(new Error('no disks'));
  const failed = [
    index.submit(put(bucketId, 'void', 2)),
    // Rejected by a change that is void: it must not be told that the object exists.
    index.submit(put(bucketId, 'void', 3, { conditions: { ifNoneMatch: '*' } })),
  ];
  expect(await Promise.all(failed.map(rejection))).toEqual(['CommitFailed', 'CommitFailed']);
  expect(await keys(bucketId)).toEqual(['before null']);
  alongside = async () => undefined;
  await index.submit(put(bucketId, 'after', 4));
  expect(await keys(bucketId)).toEqual(['after null', 'before null']);
});

test('events are followed → those of each wave once it is visible, in order; none of one that failed', async () => {
  const told: string[] = [];
  const event = { event: 'TestEvent', atMs: 1, bucket: 'bucket', requestId: 'r', hostId: 'h' } as const;
  const post = (...targets: string[]) => index.submit({ type: 'post-test-events', targets, event });
  await post('before');
  const unfollow = index.followEvents((placed) => told.push(...placed.map(({ target }) => target)));
  await Promise.all([post('a', 'b'), post('c')]);
  alongside = () => Promise.reject(new Error('no disks'));
  expect(await rejection(post('void'))).toBe('CommitFailed');
  alongside = async () => undefined;
  await post('d');
  unfollow();
  await post('after');
  expect(told).toEqual(['a', 'b', 'c', 'd']);
});

test('a wave throws before it began → CommitFailed', async () => {
  const bucketId = await createBucket(index);
  alongside = () => {
    throw new Error('closed');
  };
  expect(await rejection(index.submit(put(bucketId, 'void', 2)))).toBe('CommitFailed');
  alongside = async () => undefined;
  expect(await rejection(index.submit(put(bucketId, 'key', 3)))).toBe('none');
});

test('a wave fails while commands wait whose blobs it took → these fail too', async () => {
  const bucketId = await createBucket(index);
  alongside = () => {
    alongside = async () => undefined;
    return Promise.reject(new Error('no disks'));
  };
  const submits = Array.from({ length: 600 }, (_, i) => rejection(index.submit(put(bucketId, `key-${i}`, i + 1))));
  expect(new Set(await Promise.all(submits))).toEqual(new Set(['CommitFailed']));
  expect(await keys(bucketId)).toEqual([]);
});

test('a failed wave → the next record takes its sequence, with a larger epoch', async () => {
  const bucketId = await createBucket(index);
  await index.submit(put(bucketId, 'before', 1));
  alongside = () => Promise.reject(new Error('no disks'));
  await rejection(index.submit(put(bucketId, 'void', 2)));
  alongside = async () => undefined;
  await index.submit(put(bucketId, 'after', 3));
  const bytes = readFileSync(join(fixture.zonePath('east'), 'log', '00000000000000000001.log'));
  const records = Array.from(scanRecords(bytes, FILE_HEADER_BYTES), ({ sequence, epoch }) => [sequence, epoch]);
  expect(records).toEqual([
    [1, 1],
    [2, 1],
    [3, 2],
  ]);
});

test('a command fails in the middle → undone alone with the numbers it took, and replay agrees', async () => {
  const bucketId = await createBucket(index);
  const upload = { type: 'create-upload', bucketId, uploadId: 'same', initiatedMs: 1, attributes: ATTRIBUTES } as const;
  const submits = ['a', 'b'].map((key) => rejection(index.submit({ ...upload, key })));
  const last = rejection(index.submit({ ...upload, key: 'c', uploadId: 'other' }));
  expect(await Promise.all([...submits, last])).toEqual(['none', 'SQLITE_CONSTRAINT_UNIQUE', 'none']);
  await index.close();
  const live = fixture.dump();
  fixture.removeDatabases();
  index = await fixture.open();
  expect(fixture.dump()['uploads']).toEqual(live['uploads']);
});

test('a failed wave, then a restart → its record is not replayed, from any copy', async () => {
  const bucketId = await createBucket(index);
  alongside = () => Promise.reject(new Error('no disks'));
  expect(await rejection(index.submit(put(bucketId, 'void', 1)))).toBe('CommitFailed');
  alongside = async () => undefined;
  await index.submit(put(bucketId, 'kept', 2));
  await index.close();
  fixture.removeDatabases();
  index = await fixture.open();
  expect(await keys(bucketId)).toEqual(['kept null']);
});

test('a location that computes its extents when asked → what the log holds is what was asked before the wave', async () => {
  const bucketId = await createBucket(index);
  let sealed = false;
  alongside = async () => {
    sealed = true;
  };
  const plain = newContent(700);
  const location = {
    size: 10,
    get extents() {
      return sealed || plain.kind !== 'new' ? [] : plain.location.extents;
    },
  };
  await index.submit(put(bucketId, 'key', 1, { content: { kind: 'new', location } }));
  await index.close();
  fixture.removeDatabases();
  index = await fixture.open();
  const version = await index.getVersion(bucketId, 'key');
  if (version === undefined) throw new Error('the key is there');
  expect((await index.getSlices(version, { start: 0, end: 10 }))[0]?.location.extents[0]?.offset).toBe(700);
});

test('lastOrdinal → the largest ever, also of versions that are gone, also after a restart and a replay', async () => {
  const bucketId = await createBucket(index);
  await index.submit(put(bucketId, 'key', 41));
  await index.submit({ type: 'delete-version', bucketId, key: 'key', versionId: 'null' });
  expect(index.lastOrdinal()).toBe(41);
  await index.close();
  index = await fixture.open();
  expect(index.lastOrdinal()).toBe(41);
  await index.close();
  fixture.removeDatabases();
  index = await fixture.open();
  expect(index.lastOrdinal()).toBe(41);
});

test('closing → what waits is finished, what comes later is refused', async () => {
  const bucketId = await createBucket(index);
  const waiting = index.submit(put(bucketId, 'key', 1));
  const closing = index.close();
  expect(await rejection(index.submit(put(bucketId, 'late', 2)))).toBe('CommitFailed');
  await waiting;
  await closing;
  index = await fixture.open();
  expect(await keys(bucketId)).toEqual(['key null']);
});

test('a rejection → CommandRejected with its code', async () => {
  const bucketId = await createBucket(index);
  const error = await index
    .submit({ type: 'abort-upload', bucketId, key: 'key', uploadId: 'none' })
    .catch((cause: unknown) => cause);
  expect(error).toBeInstanceOf(CommandRejected);
});
