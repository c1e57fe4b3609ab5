/**
 * Writes golden files of the index: the log of one zone and the database that it made, by
 * `node test/storage/golden/write-index.ts FOLDER`. Run once for each version of the schema or of the log; what is
 * committed is never written again.
 */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Command } from '../../../src/meta/commands.ts';
import { openIndex } from '../../../src/meta/index-store.ts';
import type { ObjectAttributes } from '../../../src/meta/records.ts';

const target = process.argv[2];
if (target === undefined) throw new Error('say into which folder');
await mkdir(target, { recursive: true });
const root = await mkdtemp(join(tmpdir(), 'ninefold-golden-'));
const zones = ['north', 'east', 'south'].map((name) => ({ name, path: join(root, name) }));
for (const { path } of zones) await mkdir(path);
const index = await openIndex({
  zones,
  clusterId: '01'.repeat(16),
  alongside: async () => undefined,
  isIntact: async () => true,
  logFileSizeMaxBytes: 4_000,
});

const plain: ObjectAttributes = { owner: 'owner', storageClass: 'STANDARD', headers: {}, metadata: {}, tags: [] };
const rich: ObjectAttributes = {
  owner: 'owner',
  storageClass: 'STANDARD_IA',
  headers: { contentType: 'image/jpeg', cacheControl: 'no-cache', expires: 'Thu, 01 Jan 2026 00:00:00 GMT' },
  metadata: { colour: 'grün', 'empty-value': '' },
  tags: [{ key: 'kind', value: 'cat' }],
  acl: [
    { grantee: { id: 'owner' }, permission: 'FULL_CONTROL' },
    { grantee: { group: 'AllUsers' }, permission: 'READ' },
  ],
};
const blob = (offset: number, ...lengths: number[]) => ({
  kind: 'new' as const,
  location: {
    size: lengths.reduce((sum, length) => sum + length, 0),
    extents: lengths.map((length, i) => ({ segment: `a${i}`.repeat(16), offset, unit: 4096, start: 32, length })),
  },
});
const shared = (id: number, offset: number, length: number) => ({
  kind: 'shared' as const,
  slices: [{ blob: id, offset, length }],
});
const crc = { algorithm: 'CRC64NVME', type: 'FULL_OBJECT', value: 'AAAAAAAAAAA=' } as const;
let ordinal = 0;
const made = () => ({ ordinal: ++ordinal, lastModifiedMs: 1_700_000_000_000 + ordinal });

const notification = JSON.stringify({ topics: ['all'] });
const inBucket = { bucketId: 1 };
const cat = { ...inBucket, key: 'photos/cat.jpg' };
const upload = { ...inBucket, key: 'films/mouse.mp4', uploadId: 'upload-1' };
const part = { type: 'put-part', ...upload, size: 6_000_000, lastModifiedMs: 5 } as const;
const none = { ...blob(0), location: { size: 0, extents: [] } };
const bucket = { type: 'create-bucket', region: 'us-east-1', owner: 'owner', createdMs: 1 } as const;

const commands: readonly (() => Command)[] = [
  () => ({ ...bucket, name: 'first', configs: { ownership: '{"rule":"BucketOwnerEnforced"}' } }),
  () => ({ ...bucket, name: 'second' }),
  () => ({ ...bucket, name: 'gone' }),
  () => ({ type: 'delete-bucket', bucketId: 3 }),
  () => ({ type: 'set-bucket-config', ...inBucket, kind: 'notification', document: notification }),
  () => ({ type: 'set-bucket-config', ...inBucket, kind: 'tagging', document: '[]' }),
  () => ({ type: 'set-bucket-config', ...inBucket, kind: 'tagging', document: null }),
  // Unversioned: a replaced null version, one of no bytes, one that is deleted.
  () => ({
    type: 'put-version',
    ...cat,
    versionId: 'null',
    size: 10,
    etag: 'e1',
    ...made(),
    attributes: plain,
    content: blob(0, 10),
  }),
  () => ({
    type: 'put-version',
    ...cat,
    versionId: 'null',
    size: 20,
    etag: 'e2',
    ...made(),
    attributes: rich,
    content: blob(100, 20),
    checksum: crc,
    conditions: { ifMatch: ['e1'] },
  }),
  () => ({
    type: 'put-version',
    ...inBucket,
    key: 'empty',
    versionId: 'null',
    size: 0,
    etag: 'e0',
    ...made(),
    attributes: plain,
    content: none,
    conditions: { ifNoneMatch: '*' },
  }),
  () => ({
    type: 'put-version',
    ...inBucket,
    key: 'brief',
    versionId: 'null',
    size: 7,
    etag: 'e7',
    ...made(),
    attributes: plain,
    content: blob(200, 7),
  }),
  () => ({ type: 'delete-current', ...inBucket, key: 'brief', markerId: 'm0', owner: 'owner', ...made() }),
  // Enabled: versions, a copy, a marker, tags and ACL of a version, deletion of one.
  () => ({ type: 'set-versioning', ...inBucket, versioning: 'Enabled' }),
  () => ({
    type: 'put-version',
    ...cat,
    versionId: 'v1',
    size: 900_000,
    etag: 'e3',
    ...made(),
    attributes: rich,
    content: blob(300, 500_000, 400_000),
  }),
  () => ({
    type: 'put-version',
    ...inBucket,
    key: 'photos/copy.jpg',
    versionId: 'v2',
    size: 15,
    etag: 'e4',
    ...made(),
    attributes: plain,
    content: shared(2, 5, 15),
  }),
  () => ({
    type: 'delete-current',
    ...cat,
    markerId: 'm1',
    owner: 'owner',
    ...made(),
    conditions: { ifMatch: ['e3'] },
  }),
  () => ({ type: 'set-version-tags', ...cat, versionId: 'v1', tags: [{ key: 'kind', value: 'dog' }] }),
  () => ({ type: 'set-version-acl', ...cat, versionId: 'v1', acl: [{ grantee: { id: 'other' }, permission: 'READ' }] }),
  () => ({
    type: 'put-version',
    ...inBucket,
    key: 'ключ/☃',
    versionId: 'v3',
    size: 4,
    etag: 'e5',
    ...made(),
    attributes: plain,
    content: blob(400, 4),
  }),
  () => ({ type: 'delete-version', ...inBucket, key: 'ключ/☃', versionId: 'v3' }),
  // An upload: a part that is replaced, one that is copied, one that is left out.
  () => ({
    type: 'create-upload',
    ...upload,
    initiatedMs: 4,
    attributes: rich,
    checksumAlgorithm: 'CRC32',
    checksumType: 'COMPOSITE',
  }),
  () => ({ ...part, partNumber: 1, etag: 'p0', content: blob(500, 6_000_000) }),
  () => ({
    ...part,
    partNumber: 1,
    etag: 'p1',
    content: blob(600, 6_000_000),
    checksum: { ...crc, algorithm: 'CRC32' },
  }),
  () => ({ ...part, partNumber: 3, size: 15, etag: 'p3', content: shared(2, 0, 15) }),
  () => ({ ...part, partNumber: 7, etag: 'p7', content: blob(700, 6_000_000) }),
  () => ({
    ...{ type: 'complete-upload', ...upload, versionId: 'v4', size: 6_000_015, etag: 'whole-2', ...made() },
    parts: [
      { partNumber: 1, etag: 'p1' },
      { partNumber: 3, etag: 'p3' },
    ],
    checksum: { algorithm: 'CRC32', type: 'COMPOSITE', value: 'AAAAAA==-2' },
  }),
  () => ({ type: 'create-upload', ...upload, uploadId: 'upload-2', initiatedMs: 6, attributes: plain }),
  () => ({ type: 'create-upload', ...upload, uploadId: 'upload-3', initiatedMs: 7, attributes: plain }),
  () => ({ ...part, uploadId: 'upload-3', partNumber: 2, etag: 'p2', content: blob(800, 6_000_000) }),
  () => ({ type: 'abort-upload', ...upload, uploadId: 'upload-2' }),
  // Suspended: the null version is replaced, and deleted by a null marker.
  () => ({ type: 'set-versioning', ...inBucket, versioning: 'Suspended' }),
  () => ({
    type: 'put-version',
    ...cat,
    versionId: 'null',
    size: 8,
    etag: 'e8',
    ...made(),
    attributes: plain,
    content: blob(900, 8),
  }),
  () => ({ type: 'delete-current', ...cat, markerId: 'null', owner: 'owner', ...made() }),
  // The only blob of a segment, which then goes.
  () => ({
    type: 'put-version',
    ...inBucket,
    key: 'alone',
    versionId: 'null',
    size: 3,
    etag: 'e9',
    ...made(),
    attributes: plain,
    content: {
      kind: 'new',
      location: { size: 3, extents: [{ segment: 'ff'.repeat(16), offset: 0, unit: 64, start: 0, length: 3 }] },
    },
  }),
  () => ({ type: 'delete-version', ...inBucket, key: 'alone', versionId: 'null' }),
  () => ({ type: 'drop-segment', segment: 'ff'.repeat(16) }),
  () => ({ type: 'probe' }),
];
for (const command of commands) await index.submit(command());
// Several commands of one record.
await Promise.all(
  Array.from({ length: 5 }, (_, i) =>
    index.submit({
      type: 'put-version',
      bucketId: 2,
      key: `many/${i}`,
      versionId: 'null',
      size: 5,
      etag: `m${i}`,
      ...made(),
      attributes: plain,
      content: blob(1000 + i, 5),
    }),
  ),
);
await index.close();

const keep = async (path: string, name: string) =>
  writeFile(join(target, `${name}.gz`), gzipSync(await readFile(path), { level: 9 }));
for (const name of await readdir(join(root, 'north', 'log'))) await keep(join(root, 'north', 'log', name), name);
await keep(join(root, 'north', 'index', 'ninefold.sqlite'), 'ninefold.sqlite');
await rm(root, { recursive: true });
