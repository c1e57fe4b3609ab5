/** Inventory reports that are asked for: what is in them, where they lie, and whom the destination lets write them. */
import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  type InventoryConfiguration,
  InventoryOptionalField,
  ListObjectsV2Command,
  PutBucketInventoryConfigurationCommand,
  PutBucketLifecycleConfigurationCommand,
  PutBucketPolicyCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { parquetReadObjects } from 'hyparquet';
import { expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { runNinefoldFor } from '../support/ninefold-command.ts';
import { useDaemon } from '../support/use-daemon.ts';

const daemon = useDaemon();
const dayMs = 86_400_000;
const oddKeys = ['new\nline', 'quote"d', 'com,ma', 'ünï 😀/+%', 'a/b c', '~(odd)'];

interface Manifest {
  readonly sourceBucket: string;
  readonly destinationBucket: string;
  readonly version: string;
  readonly creationTimestamp: string;
  readonly fileFormat: string;
  readonly fileSchema: string;
  readonly files: readonly { readonly key: string; readonly size: number; readonly MD5checksum: string }[];
}

const read = async (Bucket: string, Key: string): Promise<Buffer> => {
  const { Body } = await daemon().client.send(new GetObjectCommand({ Bucket, Key }));
  return Buffer.from((await Body?.transformToByteArray()) ?? []);
};
const keysOf = async (Bucket: string): Promise<readonly string[]> =>
  (await daemon().client.send(new ListObjectsV2Command({ Bucket }))).Contents?.map(({ Key = '' }) => Key) ?? [];
const md5 = (bytes: Buffer): string => createHash('md5').update(bytes).digest('hex');

/** As AWS's documentation has it. */
function allow(Bucket: string, conditions: Record<string, unknown>): Promise<unknown> {
  const statement = {
    Effect: 'Allow',
    Principal: { Service: 's3.amazonaws.com' },
    Action: 's3:PutObject',
    Resource: `arn:aws:s3:::${Bucket}/*`,
    Condition: conditions,
  };
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
  return daemon().client.send(new PutBucketPolicyCommand({ Bucket, Policy }));
}

const allowFrom = (Bucket: string, source: string) =>
  allow(Bucket, {
    ArnLike: { 'aws:SourceArn': `arn:aws:s3:::${source}` },
    StringEquals: { 'aws:SourceAccount': '000000000000', 's3:x-amz-acl': 'bucket-owner-full-control' },
  });

const configure = (Bucket: string, destination: string, different: Partial<InventoryConfiguration> = {}) =>
  daemon().client.send(
    new PutBucketInventoryConfigurationCommand({
      Bucket,
      Id: 'id',
      InventoryConfiguration: {
        Id: 'id',
        IsEnabled: true,
        Destination: { S3BucketDestination: { Bucket: `arn:aws:s3:::${destination}`, Format: 'CSV', Prefix: 'inv' } },
        Schedule: { Frequency: 'Daily' },
        IncludedObjectVersions: 'All',
        ...different,
      },
    }),
  );

async function run(): Promise<string> {
  const { code, stdout, stderr } = await runNinefoldFor(daemon(), ['run', 'inventory']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout;
}

/** What the server prints comes by another way than its answers. */
const logSays = (text: string) => eventually(() => expect(daemon().output).toContain(text));

/** Rows of the last report, by the names of the manifest. */
async function report(destination: string): Promise<{ manifest: Manifest; rows: Record<string, string>[] }> {
  const manifestKey = (await keysOf(destination)).filter((key) => key.endsWith('manifest.json')).at(-1) ?? '';
  const manifest: Manifest = JSON.parse((await read(destination, manifestKey)).toString());
  const rows: Record<string, string>[] = [];
  for (const { key, size, MD5checksum } of manifest.files) {
    const bytes = await read(destination, key);
    expect({ size, MD5checksum }).toEqual({ size: bytes.length, MD5checksum: md5(bytes) });
    const lines = gunzipSync(bytes).toString().trimEnd().split('\n');
    const names = manifest.fileSchema.split(', ');
    for (const line of lines) {
      expect(line).toMatch(/^("[^"]*",)*"[^"]*"$/);
      const values = line.slice(1, -1).split('","');
      rows.push(Object.fromEntries(names.map((name, i) => [name, values[i] ?? 'missing'])));
    }
  }
  return { manifest, rows };
}

const decoded = (key = '') => decodeURIComponent(key.replaceAll('+', ' '));

/** Objects of every kind; returns the ids of a second version and of a marker. */
async function fill(Bucket: string): Promise<{ second: string | undefined; marker: string | undefined }> {
  const { client } = daemon();
  for (const Key of oddKeys) await client.send(new PutObjectCommand({ Bucket, Key, Body: Key }));
  await client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } }));
  const second = await client.send(
    new PutObjectCommand({
      Bucket,
      Key: 'com,ma',
      Body: 'other',
      StorageClass: 'STANDARD_IA',
      Tagging: 'a=b',
      ChecksumAlgorithm: 'SHA256',
    }),
  );
  const marker = await client.send(new DeleteObjectCommand({ Bucket, Key: 'a/b c' }));
  const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key: 'parts' }));
  const part = { Bucket, Key: 'parts', UploadId, PartNumber: 1 };
  const { ETag } = await client.send(new UploadPartCommand({ ...part, Body: 'part' }));
  await client.send(
    new CompleteMultipartUploadCommand({ ...part, MultipartUpload: { Parts: [{ ETag, PartNumber: 1 }] } }),
  );
  const Rules = [{ ID: 'r', Status: 'Enabled' as const, Filter: { Prefix: 'parts' }, Expiration: { Days: 3 } }];
  await client.send(new PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration: { Rules } }));
  return { second: second.VersionId, marker: marker.VersionId };
}

test('versions, delete markers, parts, odd keys → the files lie and say what AWS has them', async () => {
  const [Bucket, destination] = [await daemon().newBucket(), await daemon().newBucket()];
  await fill(Bucket);
  await allowFrom(destination, Bucket);
  await configure(Bucket, destination, { OptionalFields: Object.values(InventoryOptionalField) });
  expect(await run()).toMatch(/^inventory: pass done, reports 1, rows 9, refused 0\n$/);

  const { manifest } = await report(destination);
  expect(manifest).toMatchObject({
    sourceBucket: Bucket,
    destinationBucket: `arn:aws:s3:::${destination}`,
    version: '2016-11-30',
    fileFormat: 'CSV',
    fileSchema:
      'Bucket, Key, VersionId, IsLatest, IsDeleteMarker, Size, LastModifiedDate, ETag, StorageClass, IsMultipartUploaded, ReplicationStatus, EncryptionStatus, ObjectLockRetainUntilDate, ObjectLockMode, ObjectLockLegalHoldStatus, IntelligentTieringAccessTier, BucketKeyStatus, ChecksumAlgorithm, ObjectAccessControlList, ObjectOwner, LifecycleExpirationDate, IntelligentTieringReferenceDate, ObjectLockEventHoldStatus, ObjectLockEventHoldDuration',
  });
  const createdMs = Number(manifest.creationTimestamp);
  const minute = new Date(createdMs).toISOString().slice(0, 16);
  const [data = '', ...others] = await keysOf(destination);
  expect(data).toMatch(new RegExp(`^inv/${Bucket}/id/${minute.replace(':', '-')}Z/manifest.checksum$`));
  const folder = `inv/${Bucket}/id`;
  expect(others).toEqual([
    `${folder}/${minute.replace(':', '-')}Z/manifest.json`,
    manifest.files[0]?.key,
    `${folder}/hive/dt=${minute.replace(/[T:]/g, '-')}/symlink.txt`,
  ]);
  expect(manifest.files[0]?.key).toMatch(
    new RegExp(`^${folder}/data/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\\.csv\\.gz$`),
  );
  expect((await read(destination, data)).toString()).toBe(md5(await read(destination, others[0] ?? '')));
  expect((await read(destination, others[2] ?? '')).toString()).toBe(`s3://${destination}/${manifest.files[0]?.key}`);
});

test('a report in Parquet → the same rows with AWS’s names and types, keys as they are', async () => {
  const [Bucket, destination] = [await daemon().newBucket(), await daemon().newBucket()];
  const { second } = await fill(Bucket);
  await allowFrom(destination, Bucket);
  await configure(Bucket, destination, {
    Destination: { S3BucketDestination: { Bucket: `arn:aws:s3:::${destination}`, Format: 'Parquet', Prefix: 'inv' } },
    OptionalFields: ['Size', 'LastModifiedDate', 'ETag', 'StorageClass', 'IsMultipartUploaded'],
  });
  await run();
  const manifestKey = (await keysOf(destination)).find((key) => key.endsWith('manifest.json')) ?? '';
  const manifest: Manifest = JSON.parse((await read(destination, manifestKey)).toString());
  expect(manifest).toMatchObject({
    fileFormat: 'Parquet',
    fileSchema: expect.stringMatching(
      /^message s3.inventory { {2}required binary bucket \(STRING\);.*boolean is_multipart_uploaded;}$/,
    ),
  });
  const [{ key = '', size, MD5checksum } = {}] = manifest.files;
  expect(key).toMatch(new RegExp(`^inv/${Bucket}/id/data/[0-9a-f-]{36}\\.parquet$`));
  const bytes = await read(destination, key);
  expect({ size, MD5checksum }).toEqual({ size: bytes.length, MD5checksum: md5(bytes) });
  const rows = await parquetReadObjects({ file: Uint8Array.from(bytes).buffer });
  expect(rows.map((row) => row['key'])).toEqual([
    ...['a/b c', 'a/b c', 'com,ma', 'com,ma', 'new\nline', 'parts', 'quote"d', '~(odd)', 'ünï 😀/+%'],
  ]);
  expect(rows[0]).toMatchObject({ is_latest: true, is_delete_marker: true, size: null, e_tag: null });
  expect(rows[2]).toEqual({
    ...{ bucket: Bucket, key: 'com,ma', version_id: second, is_latest: true, is_delete_marker: false, size: 5n },
    ...{ last_modified_date: expect.any(Date), e_tag: md5(Buffer.from('other')), storage_class: 'STANDARD_IA' },
    is_multipart_uploaded: false,
  });
  expect(rows[5]).toMatchObject({ is_multipart_uploaded: true });
});

test('versions, delete markers, parts, odd keys → one row each, with every field', async () => {
  const [Bucket, destination] = [await daemon().newBucket(), await daemon().newBucket()];
  const { second, marker } = await fill(Bucket);
  await allowFrom(destination, Bucket);
  await configure(Bucket, destination, { OptionalFields: Object.values(InventoryOptionalField) });
  const startedMs = Date.now();
  await run();
  const { rows } = await report(destination);
  expect(rows.map(({ Key, IsLatest }) => [decoded(Key), IsLatest])).toEqual([
    ['a/b c', 'true'],
    ['a/b c', 'false'],
    ['com,ma', 'true'],
    ['com,ma', 'false'],
    ['new\nline', 'true'],
    ['parts', 'true'],
    ['quote"d', 'true'],
    ['~(odd)', 'true'],
    ['ünï 😀/+%', 'true'],
  ]);
  const [deleted, hidden, current, , , whole] = rows;
  expect(deleted).toMatchObject({
    ...{ Bucket, VersionId: marker, IsDeleteMarker: 'true', Size: '', ETag: '', StorageClass: '' },
    ...{ EncryptionStatus: '', ChecksumAlgorithm: '', IsMultipartUploaded: '' },
  });
  expect(hidden).toMatchObject({ VersionId: '', IsDeleteMarker: 'false', Size: '5', ETag: md5(Buffer.from('a/b c')) });
  expect(current).toMatchObject({
    ...{ VersionId: second, Size: '5', StorageClass: 'STANDARD_IA', ETag: md5(Buffer.from('other')) },
    ...{
      IsMultipartUploaded: 'false',
      EncryptionStatus: 'NOT-SSE',
      ChecksumAlgorithm: 'SHA256',
      ReplicationStatus: '',
    },
    ...{
      ObjectLockMode: '',
      IntelligentTieringAccessTier: '',
      BucketKeyStatus: 'DISABLED',
      LifecycleExpirationDate: '',
    },
  });
  expect(current?.['LastModifiedDate']).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z$/);
  const owner = current?.['ObjectOwner'] ?? '';
  expect(JSON.parse(Buffer.from(current?.['ObjectAccessControlList'] ?? '', 'base64').toString())).toEqual({
    version: '2022-11-10',
    status: 'AVAILABLE',
    grants: [{ canonicalId: owner, type: 'CanonicalUser', permission: 'FULL_CONTROL' }],
  });
  expect(whole).toMatchObject({ IsMultipartUploaded: 'true', Size: '4' });
  const expiresMs = Date.parse(whole?.['LifecycleExpirationDate'] ?? '');
  expect(expiresMs % dayMs).toBe(0);
  expect(expiresMs - startedMs).toBeGreaterThan(3 * dayMs - 60_000);
});

test('only current versions, under a prefix, two fields → no version fields, no markers; a disabled one writes nothing', async () => {
  const { client } = daemon();
  const [Bucket, destination] = [await daemon().newBucket(), await daemon().newBucket()];
  await client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } }));
  for (const Key of ['p/a', 'p/a', 'p/gone', 'q']) await client.send(new PutObjectCommand({ Bucket, Key, Body: 'x' }));
  await client.send(new DeleteObjectCommand({ Bucket, Key: 'p/gone' }));
  await allow(destination, {});
  const wanted = {
    IncludedObjectVersions: 'Current',
    OptionalFields: ['ETag', 'Size'],
    Filter: { Prefix: 'p/' },
  } as const;
  await configure(Bucket, destination, { ...wanted, OptionalFields: [...wanted.OptionalFields], IsEnabled: false });
  await run();
  expect(await keysOf(destination)).toEqual([]);
  await configure(Bucket, destination, { ...wanted, OptionalFields: [...wanted.OptionalFields] });
  await run();
  const { manifest, rows } = await report(destination);
  expect(manifest.fileSchema).toBe('Bucket, Key, Size, ETag');
  expect(rows).toEqual([{ Bucket, Key: 'p/a', Size: '1', ETag: md5(Buffer.from('x')) }]);
});

test.each([
  ['no policy', undefined],
  ['a policy for reports of another bucket', { ArnLike: { 'aws:SourceArn': 'arn:aws:s3:::another' } }],
  ['a policy for another account', { StringEquals: { 'aws:SourceAccount': '111111111111' } }],
])('%s of the destination → no report, and the operator is told why', async (_, conditions) => {
  const [Bucket, destination] = [await daemon().newBucket(), await daemon().newBucket()];
  if (conditions !== undefined) await allow(destination, conditions);
  await configure(Bucket, destination);
  await run();
  await logSays(
    `The policy of bucket ${destination} does not allow s3.amazonaws.com s3:PutObject to inv/${Bucket}/id/`,
  );
  expect(await keysOf(destination)).toEqual([]);
});

test('a destination that is not there, or of another account → no report', async () => {
  const [Bucket, destination] = [await daemon().newBucket(), await daemon().newBucket()];
  await allow(destination, {});
  await configure(Bucket, 'not-there-at-all');
  await run();
  await logSays('There is no bucket not-there-at-all');
  const S3BucketDestination = {
    Bucket: `arn:aws:s3:::${destination}`,
    Format: 'CSV',
    AccountId: '111111111111',
  } as const;
  await configure(Bucket, destination, { Destination: { S3BucketDestination } });
  expect(await run()).toContain(', refused ');
  await logSays(`Bucket ${destination} does not belong to account 111111111111`);
  expect(await keysOf(destination)).toEqual([]);
});
