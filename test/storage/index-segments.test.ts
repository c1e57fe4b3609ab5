/** Which blobs lie where, as they come, move and go; and what jobs remember. */
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { PutVersion } from '../../src/meta/commands.ts';
import { databasePath } from '../../src/meta/database.ts';
import type { BlobLocation } from '../../src/meta/records.ts';
import { MIGRATIONS } from '../../src/meta/schema.ts';
import type { Index } from '../../src/meta/types.ts';
import { ATTRIBUTES, createBucket, IndexFixture, put, rejection } from './index-fixture.ts';

const first = 'a1'.repeat(16);
const second = 'b2'.repeat(16);
const all = { after: 0, limit: 100 };
let fixture: IndexFixture;
let index: Index;

beforeEach(async () => {
  fixture = new IndexFixture();
  index = await fixture.open();
});
afterEach(async () => {
  await index.close();
  fixture.remove();
});

/** A blob of 10 bytes in each of some segments, named after the offset at which it lies. */
function lyingAt(offset: number, ...segments: string[]): BlobLocation {
  const extents = segments.map((segment) => ({ segment, offset, unit: 64, start: 0, length: 10 }));
  return { size: 10 * extents.length, extents, writeId: offset.toString(16).padStart(32, '0') };
}

async function putAt(key: string, ordinal: number, location: BlobLocation, more: Partial<PutVersion> = {}) {
  const bucketId = (await index.getBucket('bucket'))?.id ?? (await createBucket(index));
  await index.submit(put(bucketId, key, ordinal, { size: location.size, content: { kind: 'new', location }, ...more }));
  return bucketId;
}

async function blobsOf(segment: string): Promise<BlobLocation[]> {
  return (await index.listSegmentBlobs(segment, all)).map(({ location }) => location);
}

test('blobs in one and in two segments → listed in each by pages, gone with the row', async () => {
  const [one, both] = [lyingAt(1, first), lyingAt(2, first, second)];
  await putAt('one', 1, one);
  const bucketId = await putAt('both', 2, both);
  expect(await blobsOf(first)).toEqual([one, both]);
  expect(await blobsOf(second)).toEqual([both]);
  const [entry] = await index.listSegmentBlobs(first, { after: 0, limit: 1 });
  expect(entry?.location).toEqual(one);
  expect(await index.listSegmentBlobs(first, { after: entry?.blob ?? 0, limit: 5 })).toMatchObject([
    { location: both },
  ]);
  await index.submit({ type: 'delete-version', bucketId, key: 'both', versionId: 'null' });
  expect([await blobsOf(first), await blobsOf(second)]).toEqual([[one], []]);
});

test('a blob relocated → read and counted where it lies now; once more from the same place → BlobMoved', async () => {
  const bucketId = await putAt('key', 1, lyingAt(1, first, second));
  const [{ blob, location: from } = { blob: 0, location: lyingAt(0) }] = await index.listSegmentBlobs(first, all);
  const to = { ...lyingAt(7, second, 'c3'.repeat(16)), ...(from.writeId !== undefined && { writeId: from.writeId }) };
  const command = { type: 'relocate-blob', blob, from: from.extents, to } as const;
  await index.submit(command);
  expect(await rejection(index.submit(command))).toBe('BlobMoved');
  const version = await index.getVersion(bucketId, 'key');
  const slices = version && (await index.getSlices(version, { start: 0, end: 20 }));
  expect(slices).toEqual([{ blob, location: to, offset: 0, length: 20 }]);
  expect(await blobsOf(first)).toEqual([]);
  expect(await blobsOf(second)).toEqual([to]);
  expect(await index.listSegments()).toEqual([
    { segment: first, liveBytes: 0 },
    { segment: second, liveBytes: 10 },
    { segment: 'c3'.repeat(16), liveBytes: 10 },
  ]);
  await index.submit({ type: 'delete-version', bucketId, key: 'key', versionId: 'null' });
  expect(await rejection(index.submit({ ...command, from: to.extents, to: from }))).toBe('BlobMoved');
  expect((await index.listSegments()).map(({ liveBytes }) => liveBytes)).toEqual([0, 0, 0]);
});

test('a manifest → held by its row and freed with it, of every kind of row', async () => {
  const bucketId = (
    await index.submit({
      ...{ type: 'create-bucket', name: 'bucket', region: 'r', owner: 'o', createdMs: 1 },
      manifest: lyingAt(1, first),
    })
  ).bucketId;
  const upload = { bucketId, key: 'parts', uploadId: 'upload' };
  const begun = { type: 'create-upload', ...upload, initiatedMs: 1, attributes: ATTRIBUTES } as const;
  await index.submit({ ...begun, manifest: lyingAt(2, first) });
  const part = { ...upload, size: 0, etag: 'e', lastModifiedMs: 1 };
  const content = { kind: 'new', location: { size: 0, extents: [] } } as const;
  for (const [partNumber, at] of [1, 1, 2].entries()) {
    await index.submit({
      type: 'put-part',
      ...part,
      partNumber: at,
      content,
      manifest: lyingAt(3 + partNumber, first),
    });
  }
  const offsets = async () => (await blobsOf(first)).map(({ extents }) => extents[0]?.offset);
  expect(await offsets()).toEqual([1, 2, 4, 5]);
  const whole = { versionId: 'null', ordinal: 1, lastModifiedMs: 2, size: 0, etag: 'whole' };
  const parts = [{ partNumber: 1, etag: 'e' }];
  await index.submit({ type: 'complete-upload', ...upload, parts, ...whole, manifest: lyingAt(6, first) });
  expect(await offsets()).toEqual([1, 4, 6]);
  await index.submit(put(bucketId, 'empty', 2, { size: 0, content, manifest: lyingAt(7, first) }));
  await index.submit({ type: 'set-versioning', bucketId, versioning: 'Enabled' });
  const marker = { bucketId, key: 'empty', markerId: 'marker', ordinal: 3, owner: 'o', lastModifiedMs: 3 };
  await index.submit({ type: 'delete-current', ...marker, manifest: lyingAt(8, first) });
  await index.submit({ ...begun, uploadId: 'aborted', manifest: lyingAt(9, first) });
  expect(await offsets()).toEqual([1, 4, 6, 7, 8, 9]);
  await index.submit({ type: 'delete-version', bucketId, key: 'empty', versionId: 'marker' });
  await index.submit({ type: 'delete-version', bucketId, key: 'empty', versionId: 'null' });
  await index.submit({ type: 'abort-upload', bucketId, key: 'parts', uploadId: 'aborted' });
  expect(await offsets()).toEqual([1, 4, 6]);
  await index.submit({ type: 'delete-version', bucketId, key: 'parts', versionId: 'null' });
  await index.submit({ type: 'delete-bucket', bucketId });
  expect(await offsets()).toEqual([]);
  expect(await index.listSegments()).toEqual([{ segment: first, liveBytes: 0 }]);
});

test('a job saves its state, also over a restart and a lost database → the last one is found', async () => {
  expect(await index.getJobState('scrub')).toBeUndefined();
  for (const state of ['{"at":1}', '{"at":2}']) await index.submit({ type: 'save-job-state', job: 'scrub', state });
  await index.close();
  fixture.removeDatabases();
  index = await fixture.open();
  expect(await index.getJobState('scrub')).toBe('{"at":2}');
  expect(await index.getJobState('repair')).toBeUndefined();
});

test('the last record moves a blob and what it moved it to is not intact → the record is cut, the blob lies where it lay', async () => {
  await putAt('key', 1, lyingAt(1, first));
  const [{ blob } = { blob: 0 }] = await index.listSegmentBlobs(first, all);
  await index.submit({ type: 'relocate-blob', blob, from: lyingAt(1, first).extents, to: lyingAt(1, second) });
  await index.close();
  fixture.removeDatabases();
  index = await fixture.open({ isIntact: async ({ extents }) => extents[0]?.segment !== second });
  expect(await blobsOf(first)).toEqual([lyingAt(1, first)]);
  expect(await blobsOf(second)).toEqual([]);
});

test('a database of the first schema → its blobs are found by segment, and have no write id', async () => {
  await index.close();
  fixture.removeDatabases();
  const path = databasePath(fixture.zonePath('north'));
  mkdirSync(dirname(path));
  const db = new Database(path);
  db.exec(MIGRATIONS[0] ?? '');
  db.prepare('INSERT INTO state VALUES (1, ?, 0, 0, 0, 0, 0, 1, 4, 1, 1)').run(fixture.options.clusterId);
  const insert = db.prepare('INSERT INTO blobs VALUES (?, ?, ?, 1)');
  const extent = (segment: string) => [segment, 100, 64, 0, 10];
  insert.run(1, 10, JSON.stringify([extent(first)]));
  insert.run(2, 20, JSON.stringify([extent(first), extent(second)]));
  insert.run(3, 20, JSON.stringify([extent(second), extent(second)]));
  db.pragma('user_version = 1');
  db.close();
  index = await fixture.open();
  const [one, both, twice] = [lyingAt(100, first), lyingAt(100, first, second), lyingAt(100, second, second)].map(
    ({ size, extents }) => ({ size, extents }),
  );
  expect(await blobsOf(first)).toEqual([one, both]);
  expect(await blobsOf(second)).toEqual([both, twice]);
});

test('blobs that come and go, segments that are dropped, rejected commands in one batch → as if one after another', async () => {
  const bucketId = await createBucket(index);
  const putNow = (key: string, ordinal: number, location: BlobLocation, more: Partial<PutVersion> = {}) =>
    index.submit(put(bucketId, key, ordinal, { size: location.size, content: { kind: 'new', location }, ...more }));
  const outcomes = await Promise.allSettled([
    putNow('gone', 1, lyingAt(1, first, second)),
    putNow('kept', 2, lyingAt(2, second)),
    index.submit({ type: 'delete-version', bucketId, key: 'gone', versionId: 'null' }),
    putNow('kept', 3, lyingAt(3, first), { conditions: { ifNoneMatch: '*' } }),
    index.submit({ type: 'drop-segment', segment: first }),
    index.submit({ type: 'drop-segment', segment: second }),
    putNow('late', 4, lyingAt(4, first)),
  ]);
  expect(outcomes.map(({ status }) => status === 'rejected')).toEqual([false, false, false, true, false, true, false]);
  expect(await index.listSegments()).toEqual([
    { segment: first, liveBytes: 10 },
    { segment: second, liveBytes: 10 },
  ]);
});

test('a bucket that changes within a batch → commands after it meet it as it is then', async () => {
  const bucketId = await createBucket(index);
  const putAs = (versionId: string, ordinal: number) =>
    index.submit(put(bucketId, 'key', ordinal, { versionId })).then(
      () => 'done',
      (error: { code?: string }) => error.code,
    );
  const outcomes = Promise.all([
    putAs('null', 1),
    index.submit({ type: 'set-versioning', bucketId, versioning: 'Enabled' }),
    putAs('null', 2),
    putAs('v3', 3),
    index.submit({ type: 'set-versioning', bucketId, versioning: 'Suspended' }),
    putAs('v4', 4),
    putAs('null', 5),
  ]);
  expect((await outcomes).filter((outcome) => outcome !== undefined)).toEqual([
    ...['done', 'StaleBucket', 'done', 'StaleBucket', 'done'],
  ]);
});
