/** What the index keeps of contents: parts and their places, shared blobs, segments, the outbox. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Version } from '../../src/meta/records.ts';
import { type BlobVersions, type Index, VersionGone } from '../../src/meta/types.ts';
import { ATTRIBUTES, createBucket, IndexFixture, newContent, put, rejection } from './index-fixture.ts';

let fixture: IndexFixture;
let index: Index;
let bucketId: number;

beforeEach(async () => {
  fixture = new IndexFixture();
  index = await fixture.open();
  bucketId = await createBucket(index);
});
afterEach(async () => {
  await index.close();
  fixture.remove();
});

async function find(key: string): Promise<Version> {
  const version = await index.getVersion(bucketId, key);
  if (version === undefined) throw new Error(`${key} is there`);
  return version;
}

/** An object of parts of 10 bytes each with these numbers; part n lies at offset n × 100. */
async function putParts(key: string, numbers: readonly number[]): Promise<Version> {
  const upload = { bucketId, key, uploadId: `upload-${key}` };
  await index.submit({ type: 'create-upload', ...upload, initiatedMs: 1, attributes: ATTRIBUTES });
  await Promise.all(
    numbers.map((partNumber) =>
      index.submit({
        ...{ type: 'put-part', ...upload, partNumber, size: 10, etag: `e${partNumber}`, lastModifiedMs: 1 },
        content: newContent(partNumber * 100),
      }),
    ),
  );
  const parts = numbers.map((partNumber) => ({ partNumber, etag: `e${partNumber}` }));
  const object = { versionId: 'null', ordinal: 1, lastModifiedMs: 2, size: numbers.length * 10, etag: 'whole' };
  await index.submit({ type: 'complete-upload', ...upload, parts, ...object });
  return find(key);
}

test('10,000 parts → a range finds its parts, a number finds its part', async () => {
  const version = await putParts(
    'large',
    Array.from({ length: 10_000 }, (_, i) => i + 1),
  );
  expect(version.partCount).toBe(10_000);
  const slices = await index.getSlices(version, { start: 54_325, end: 54_345 });
  expect(slices.map(({ location, offset, length }) => [location.extents[0]?.offset, offset, length])).toEqual([
    [543_300, 5, 5],
    [543_400, 0, 10],
    [543_500, 0, 5],
  ]);
  expect(await index.getVersionPart(version, 7_000)).toMatchObject({ part: { partNumber: 7_000 }, offset: 69_990 });
  expect(await index.getVersionPart(version, 10_001)).toBeUndefined();
});

test('part numbers with gaps → the n-th part is the n-th in order, and pages go by number', async () => {
  const version = await putParts('gaps', [2, 5, 9]);
  expect(await index.getVersionPart(version, 1)).toMatchObject({ part: { partNumber: 2 }, offset: 0 });
  expect(await index.getVersionPart(version, 2)).toMatchObject({ part: { partNumber: 5 }, offset: 10 });
  expect(await index.getVersionPart(version, 5)).toBeUndefined();
  const page = await index.listVersionParts(version, { after: 2, limit: 1 });
  expect(page.parts.map((part) => part.partNumber)).toEqual([5]);
  expect(page.isTruncated).toBe(true);
  expect((await index.listVersionParts(version, { after: 5, limit: 1 })).isTruncated).toBe(false);
  expect((await index.getCompletedUpload(bucketId, 'gaps', 'upload-gaps'))?.etag).toBe('whole');
  expect(await index.getCompletedUpload(bucketId, 'other', 'upload-gaps')).toBeUndefined();
});

test('the last row that names a blob goes → the segment has no live bytes and can be dropped', async () => {
  await index.submit(put(bucketId, 'a', 1));
  const [slice] = await index.getSlices(await find('a'), { start: 0, end: 10 });
  const slices = [{ blob: slice?.blob ?? 0, offset: 2, length: 3 }];
  await index.submit(put(bucketId, 'b', 2, { size: 3, content: { kind: 'shared', slices } }));
  const segment = 'ab'.repeat(16);
  await index.submit({ type: 'delete-version', bucketId, key: 'a', versionId: 'null' });
  expect(await index.listSegments()).toEqual([{ segment, liveBytes: 10 }]);
  expect(await rejection(index.submit({ type: 'drop-segment', segment }))).toBe('SegmentInUse');
  // Copied onto itself: held before it is let go.
  await index.submit(put(bucketId, 'b', 3, { size: 3, content: { kind: 'shared', slices } }));
  expect(await index.listSegments()).toEqual([{ segment, liveBytes: 10 }]);
  await index.submit({ type: 'delete-version', bucketId, key: 'b', versionId: 'null' });
  expect(await index.listSegments()).toEqual([{ segment, liveBytes: 0 }]);
  await index.submit({ type: 'drop-segment', segment });
  expect(await index.listSegments()).toEqual([]);
  expect(await rejection(index.submit(put(bucketId, 'c', 4, { content: { kind: 'shared', slices } })))).toBe(
    'SourceGone',
  );
});

test('a bucket is deleted with an upload in progress → its parts are freed', async () => {
  const upload = { bucketId, key: 'key', uploadId: 'upload' };
  await index.submit({ type: 'create-upload', ...upload, initiatedMs: 1, attributes: ATTRIBUTES });
  const part = { partNumber: 1, size: 10, etag: 'e', lastModifiedMs: 1, content: newContent(0) };
  await index.submit({ type: 'put-part', ...upload, ...part });
  await index.submit({ type: 'delete-bucket', bucketId });
  expect((await index.listSegments()).map((use) => use.liveBytes)).toEqual([0]);
  expect(await index.getBucket('bucket')).toBeUndefined();
});

test('versions of some blobs are asked for → those, and what has several blobs, page by page, among versions of a key too', async () => {
  await putParts('parts', [1, 2]);
  for (let n = 1; n <= 3; n++) await index.submit(put(bucketId, `single-${n}`, n));
  await index.submit({ type: 'set-versioning', bucketId, versioning: 'Enabled' });
  for (let n = 1; n <= 5; n++) await index.submit(put(bucketId, 'many', n, { versionId: `v${n}` }));
  const blobOf = async (key: string, versionId?: string) => {
    const version = await index.getVersion(bucketId, key, versionId);
    const [last] =
      version === undefined ? [] : await index.getSlices(version, { start: version.size - 1, end: version.size });
    return last?.blob ?? 0;
  };
  const ask = async (firstBlob: number, lastBlob = firstBlob) => {
    const found: string[] = [];
    for (let from: { key: string; below?: number } | undefined = { key: '' }; from !== undefined; ) {
      const page: BlobVersions = await index.findVersionsOfBlobs({ bucketId, firstBlob, lastBlob, from, limit: 2 });
      found.push(...page.found.map(({ key, versionId }) => `${key} ${versionId}`));
      from = page.next;
    }
    return found;
  };
  expect(await ask(await blobOf('many', 'v2'))).toEqual(['many v2']);
  expect(await ask(await blobOf('parts'))).toEqual(['parts null']);
  expect(await ask(await blobOf('single-3'))).toEqual(['single-3 null']);
  expect(await ask(await blobOf('many', 'v4'), await blobOf('many', 'v5'))).toEqual(['many v5', 'many v4']);
  expect(await ask(1, await blobOf('many'))).toHaveLength(9);
  expect(await ask(1_000_000)).toEqual([]);
});

test('a version is removed after it was looked up → VersionGone, not an empty answer', async () => {
  await index.submit(put(bucketId, 'key', 1));
  const version = await find('key');
  await index.submit(put(bucketId, 'key', 2));
  await expect(index.getSlices(version, { start: 0, end: 10 })).rejects.toBeInstanceOf(VersionGone);
});

test('metadata, headers, tags and checksum → come back as they went in', async () => {
  const attributes = {
    ...ATTRIBUTES,
    headers: { contentType: 'text/plain', contentLanguage: 'de' },
    metadata: { note: 'Grüße', __proto__x: '1' },
    tags: [{ key: 'k', value: '' }],
  };
  const checksum = { algorithm: 'CRC64NVME', type: 'FULL_OBJECT', value: 'AAAA' } as const;
  await index.submit(put(bucketId, 'key', 1, { attributes, checksum }));
  expect(await find('key')).toMatchObject({ attributes, checksum });
});

describe('the outbox', () => {
  const cause = { requestId: 'R', hostId: 'H', requester: 'AWS:user', sourceAddress: '127.0.0.1' };
  const notice = (event: string, ...targets: string[]) => ({
    notice: { event, cause, atMs: 5, to: targets.map((target) => ({ target, rule: 'rule' })) },
  });
  const waiting = (target: string) => index.listEvents({ target, after: 0, limit: 10 });

  test('a change with a notice → an event for each target, in order of change; without, or refused → none', async () => {
    await index.submit(put(bucketId, 'before', 1));
    await index.submit({ ...put(bucketId, 'key', 2), ...notice('ObjectCreated:Put', 'a', 'b') });
    const removal = { type: 'delete-version', bucketId, key: 'key', versionId: 'null' } as const;
    const refused = { ...removal, conditions: { ifMatch: ['other'] }, ...notice('ObjectRemoved:Delete', 'a') };
    await expect(index.submit(refused)).rejects.toThrow();
    await index.submit({ ...removal, ...notice('ObjectRemoved:Delete', 'a') });
    await index.submit({ ...removal, ...notice('ObjectRemoved:Delete', 'a') });
    const events = await waiting('a');
    expect(events).toMatchObject([
      {
        sequence: 1,
        event: { event: 'ObjectCreated:Put', key: 'key', rule: 'rule', requestId: 'R', versionId: 'null' },
      },
      { sequence: 3, event: { event: 'ObjectRemoved:Delete', key: 'key' } },
    ]);
    expect(await waiting('b')).toMatchObject([{ sequence: 2 }]);
    const sequencers = events.map(({ event }) => ('sequencer' in event ? event.sequencer : ''));
    expect(sequencers.toSorted()).toEqual(sequencers);
    expect(new Set(sequencers.map(({ length }) => length)).size).toBe(1);
  });

  test('asked for one key → its waiting events alone, between two places in the order', async () => {
    const keys = ['key', 'other', 'key', 'key', 'key'];
    for (const [at, key] of keys.entries()) {
      await index.submit({ ...put(bucketId, key, at + 1), ...notice('E', 'a', ...(at === 0 ? ['b'] : [])) });
    }
    await index.submit({ type: 'settle-events', delivered: [], dead: [4] });
    const asked = { target: 'a', bucket: 'bucket', key: 'key', after: 1, through: 6, limit: 10 };
    expect(await index.listEventsOn({ ...asked, after: 0, through: 5 })).toMatchObject([
      { sequence: 1 },
      { sequence: 5 },
    ]);
    expect(await index.listEventsOn(asked)).toMatchObject([{ sequence: 5 }, { sequence: 6 }]);
    expect(await index.listEventsOn({ ...asked, limit: 1 })).toHaveLength(1);
    expect(await index.listEventsOn({ ...asked, bucket: 'another' })).toEqual([]);
    expect(await index.listEventsOn({ ...asked, key: null })).toEqual([]);
  });

  test('a message in place of another: it is in the other one’s stead, or nowhere where that is gone', async () => {
    const message = { event: 'Message', atMs: 5, bucket: 'b', key: 'id', messageId: 'id', message: 'm' } as const;
    const post = (target: string, from?: number) =>
      index.submit({ type: 'post-messages', messages: [{ target, event: message, ...(from && { from }) }] });
    await post('a');
    await post('b', 1);
    await post('c', 1);
    expect(await index.listEvents({ target: 'a', after: 0, limit: 10 })).toEqual([]);
    expect(await index.listEvents({ target: 'b', after: 0, limit: 10 })).toEqual([{ sequence: 2, event: message }]);
    expect(await index.listEvents({ target: 'c', after: 0, limit: 10 })).toEqual([]);
  });

  test('settled: the delivered are gone, dead letters are counted and no longer given; after a new start as before', async () => {
    for (const ordinal of [1, 2, 3]) await index.submit({ ...put(bucketId, 'key', ordinal), ...notice('E', 'a') });
    await index.submit({ type: 'settle-events', delivered: [1], dead: [2] });
    const sizes = [
      { target: 'a', isDead: false, events: 1, oldestMs: 5 },
      { target: 'a', isDead: true, events: 1, oldestMs: 5 },
    ];
    expect(await index.countEvents()).toEqual(sizes);
    await index.close();
    index = await fixture.open();
    expect(await waiting('a')).toMatchObject([{ sequence: 3 }]);
    expect(await index.countEvents()).toEqual(sizes);
  });

  test('many wait → all are counted, and others have their turn meanwhile', async () => {
    const event = { event: 'TestEvent', atMs: 7, bucket: 'bucket', requestId: 'R', hostId: 'H' } as const;
    const post = (target: string, count: number) =>
      index.submit({ type: 'post-test-events', targets: Array<string>(count).fill(target), event });
    await Promise.all([post('a', 10_001), post('b', 1), post('c', 5000)]);
    // What has just come in lies elsewhere until it is asked for by its place.
    await index.submit({ type: 'replay-events', target: 'a', limit: 1 });
    let turns = 0;
    const others = (): void => {
      turns++;
      if (turns < 100) setImmediate(others);
    };
    setImmediate(others);
    expect(await index.countEvents()).toEqual([
      { target: 'a', isDead: false, events: 10_001, oldestMs: 7 },
      { target: 'b', isDead: false, events: 1, oldestMs: 7 },
      { target: 'c', isDead: false, events: 5000, oldestMs: 7 },
    ]);
    expect(turns).toBeGreaterThanOrEqual(3);
  });
});

test('lines of access logs → counted by bucket and day, given in order and page by page, gone when they are dropped; after a new start as before', async () => {
  const text = Buffer.from('line\n').toString('base64');
  const batch = {
    type: 'add-log-batch',
    bucketId: 7,
    day: 3,
    atMs: 5,
    lines: 2,
    size: 10,
    source: '{}',
    text,
  } as const;
  await index.submit(batch);
  await index.submit({ ...batch, atMs: 4, lines: 1 });
  await index.submit({ ...batch, day: 4 });
  const groups = [
    { bucketId: 7, day: 3, oldestMs: 4, lines: 3, size: 20 },
    { bucketId: 7, day: 4, oldestMs: 5, lines: 2, size: 10 },
  ];
  expect(await index.listLogGroups()).toEqual(groups);
  const list = (after: number) => index.listLogBatches({ bucketId: 7, day: 3, after, limit: 1 });
  const [first] = await list(0);
  expect(first).toMatchObject({ lines: 2, source: '{}', text: Buffer.from('line\n') });
  const sequence = first?.sequence ?? 0;
  expect(await list(sequence)).toMatchObject([{ lines: 1 }]);
  await index.submit({ type: 'drop-log-batches', sequences: [sequence, 99] });
  await index.close();
  index = await fixture.open();
  expect(await index.listLogGroups()).toEqual([{ ...groups[0], lines: 1, size: 10 }, groups[1]]);
});

test('buckets → in order of name, by prefix and page, and an id is never given twice', async () => {
  for (const name of ['alpha', 'beta', 'beta-2', 'gamma']) await createBucket(index, name);
  const page = await index.listBuckets({ prefix: 'beta', after: '', limit: 1 });
  expect(page.buckets.map((bucket) => bucket.name)).toEqual(['beta']);
  expect(page.isTruncated).toBe(true);
  const rest = await index.listBuckets({ prefix: 'beta', after: 'beta', limit: 5, owner: 'owner' });
  expect(rest.buckets.map((bucket) => bucket.name)).toEqual(['beta-2']);
  expect(rest.isTruncated).toBe(false);
  const gamma = await index.getBucket('gamma');
  await index.submit({ type: 'delete-bucket', bucketId: gamma?.id ?? 0 });
  expect(await createBucket(index, 'gamma')).toBeGreaterThan(gamma?.id ?? 0);
});
