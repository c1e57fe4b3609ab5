/** The AWS SDK for JavaScript v3, as its users use it: commands, paginators, waiters, checksums, uploads of streams. */
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  DeleteObjectTaggingCommand,
  GetBucketLocationCommand,
  GetBucketVersioningCommand,
  GetObjectAttributesCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListMultipartUploadsCommand,
  ListObjectsCommand,
  ListObjectVersionsCommand,
  ListPartsCommand,
  NoSuchBucket,
  NoSuchKey,
  NotFound,
  PutBucketVersioningCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  paginateListObjectsV2,
  S3Client,
  UploadPartCommand,
  UploadPartCopyCommand,
  waitUntilBucketNotExists,
  waitUntilObjectExists,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { xxhash3, xxhash64, xxhash128 } from 'hash-wasm';
import { describe, expect, test } from 'vitest';
import { region, rootKey } from '../support/daemon.ts';
import { seededBytes } from '../support/seeded-bytes.ts';
import { useDaemon } from '../support/use-daemon.ts';

const daemon = useDaemon();
const mebibyte = 1024 * 1024;

async function put(target: { Bucket: string; Key: string }, Body: string | Buffer = 'x') {
  return await daemon().client.send(new PutObjectCommand({ ...target, Body }));
}

describe('SDK v3: objects', () => {
  test('put, head, get, range → bytes, ETag and headers as they were put', async () => {
    const target = { Bucket: await daemon().newBucket(), Key: 'a b/ü+%.bin' };
    const body = seededBytes(1, 200_000);
    const given = { ContentType: 'x/y', ContentEncoding: 'br', Expires: new Date(2e12), Metadata: { a: 'b c' } };
    const { client } = daemon();
    const { ETag } = await client.send(new PutObjectCommand({ ...target, ...given, Body: body }));
    expect(ETag).toBe(`"${createHash('md5').update(body).digest('hex')}"`);
    const head = await client.send(new HeadObjectCommand(target));
    expect(head).toMatchObject({ ETag, ContentLength: 200_000, ContentType: 'x/y', ContentEncoding: 'br' });
    expect(head.Metadata).toEqual({ a: 'b c' });
    const got = await client.send(new GetObjectCommand(target));
    expect(Buffer.from((await got.Body?.transformToByteArray()) ?? []).equals(body)).toBe(true);
    const part = await client.send(new GetObjectCommand({ ...target, Range: 'bytes=100-109' }));
    expect(part.ContentRange).toBe('bytes 100-109/200000');
    expect(Buffer.from((await part.Body?.transformToByteArray()) ?? []).equals(body.subarray(100, 110))).toBe(true);
  });

  test('object or bucket not there → the errors of the SDK’s own classes', async () => {
    const { client } = daemon();
    const Bucket = await daemon().newBucket();
    await expect(client.send(new GetObjectCommand({ Bucket, Key: 'none' }))).rejects.toBeInstanceOf(NoSuchKey);
    await expect(client.send(new HeadObjectCommand({ Bucket, Key: 'none' }))).rejects.toBeInstanceOf(NotFound);
    await expect(client.send(new ListObjectsCommand({ Bucket: 'not-there-at-all' }))).rejects.toBeInstanceOf(
      NoSuchBucket,
    );
  });

  test('copy, delete, multi-delete → as asked', async () => {
    const { client } = daemon();
    const Bucket = await daemon().newBucket();
    await put({ Bucket, Key: 'ü from' }, 'copied');
    const CopySource = `${Bucket}/${encodeURIComponent('ü from')}`;
    const copied = await client.send(new CopyObjectCommand({ Bucket, Key: 'to', CopySource }));
    expect(copied.CopyObjectResult?.LastModified).toBeInstanceOf(Date);
    const got = await client.send(new GetObjectCommand({ Bucket, Key: 'to' }));
    expect(await got.Body?.transformToString()).toBe('copied');
    await client.send(new DeleteObjectCommand({ Bucket, Key: 'to' }));
    const Delete = { Objects: [{ Key: 'ü from' }, { Key: 'to' }] };
    const deleted = await client.send(new DeleteObjectsCommand({ Bucket, Delete }));
    expect(deleted.Deleted).toHaveLength(2);
    expect(deleted.Errors ?? []).toEqual([]);
  });

  test('tagging and attributes → as set', async () => {
    const { client } = daemon();
    const target = { Bucket: await daemon().newBucket(), Key: 't' };
    await put(target, '12345');
    const TagSet = [{ Key: 'a', Value: 'b c' }];
    await client.send(new PutObjectTaggingCommand({ ...target, Tagging: { TagSet } }));
    expect((await client.send(new GetObjectTaggingCommand(target))).TagSet).toEqual(TagSet);
    await client.send(new DeleteObjectTaggingCommand(target));
    expect((await client.send(new GetObjectTaggingCommand(target))).TagSet ?? []).toEqual([]);
    const ObjectAttributes = ['ETag', 'Checksum', 'ObjectSize'] as const;
    const got = await client.send(
      new GetObjectAttributesCommand({ ...target, ObjectAttributes: [...ObjectAttributes] }),
    );
    expect(got).toMatchObject({ ObjectSize: 5, ETag: '827ccb0eea8a706c4c34a16891f84e7b' });
    expect(got.Checksum?.ChecksumCRC32).toBe('y/U6HA==');
  });

  test('response that is half read and dropped → the next requests are right', async () => {
    const { client } = daemon();
    const target = { Bucket: await daemon().newBucket(), Key: 'large' };
    await put(target, seededBytes(1, 8 * mebibyte));
    for (let i = 0; i < 4; i++) {
      const { Body } = await client.send(new GetObjectCommand(target));
      if (Body instanceof Readable) Body.destroy();
    }
    expect((await client.send(new HeadObjectCommand(target))).ContentLength).toBe(8 * mebibyte);
  });
});

describe('SDK v3: listings', () => {
  test('paginator of ListObjectsV2: 23 keys by 5 → each once, in order', async () => {
    const { client } = daemon();
    const Bucket = await daemon().newBucket();
    const keys = Array.from({ length: 23 }, (_, i) => `k/${String(i).padStart(2, '0')} ü`);
    await Promise.all(keys.map((Key) => put({ Bucket, Key })));
    const listed: (string | undefined)[] = [];
    for await (const page of paginateListObjectsV2({ client, pageSize: 5 }, { Bucket })) {
      listed.push(...(page.Contents ?? []).map(({ Key }) => Key));
    }
    expect(listed).toEqual(keys);
  });

  test('ListObjectVersions → versions newest first, markers apart', async () => {
    const { client } = daemon();
    const Bucket = await daemon().newBucket();
    const VersioningConfiguration = { Status: 'Enabled' } as const;
    await client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }));
    expect((await client.send(new GetBucketVersioningCommand({ Bucket }))).Status).toBe('Enabled');
    const first = await put({ Bucket, Key: 'v' }, '1');
    const second = await put({ Bucket, Key: 'v' }, '2');
    await client.send(new DeleteObjectCommand({ Bucket, Key: 'v' }));
    const listed = await client.send(new ListObjectVersionsCommand({ Bucket }));
    expect(listed.Versions?.map(({ VersionId }) => VersionId)).toEqual([second.VersionId, first.VersionId]);
    expect(listed.DeleteMarkers).toMatchObject([{ Key: 'v', IsLatest: true }]);
  });
});

describe('SDK v3: buckets', () => {
  test('head, location, list, waiters, delete → as AWS answers', async () => {
    const { client } = daemon();
    const Bucket = await daemon().newBucket();
    expect((await client.send(new HeadBucketCommand({ Bucket }))).BucketRegion).toBe(region);
    expect((await client.send(new GetBucketLocationCommand({ Bucket }))).LocationConstraint).toBeUndefined();
    const { Buckets } = await client.send(new ListBucketsCommand({ Prefix: Bucket }));
    expect(Buckets?.map(({ Name }) => Name)).toEqual([Bucket]);
    await put({ Bucket, Key: 'k' });
    await waitUntilObjectExists({ client, minDelay: 1, maxWaitTime: 10 }, { Bucket, Key: 'k' });
    await expect(client.send(new DeleteBucketCommand({ Bucket }))).rejects.toMatchObject({ name: 'BucketNotEmpty' });
    await client.send(new DeleteObjectCommand({ Bucket, Key: 'k' }));
    await client.send(new DeleteBucketCommand({ Bucket }));
    await waitUntilBucketNotExists({ client, minDelay: 1, maxWaitTime: 10 }, { Bucket });
  });
});

describe('SDK v3: uploads', () => {
  test('lib-storage: 17 MiB from a stream of unknown length → one multipart object, same bytes', async () => {
    const { client } = daemon();
    const target = { Bucket: await daemon().newBucket(), Key: 'streamed' };
    const body = seededBytes(1, 17 * mebibyte);
    const chunks = Array.from({ length: 17 }, (_, i) => body.subarray(i * mebibyte, (i + 1) * mebibyte));
    const params = { ...target, Body: Readable.from(chunks), Tagging: 'a=b', Metadata: { m: '1' } };
    const done = await new Upload({ client, params, partSize: 5 * mebibyte, queueSize: 3 }).done();
    expect(done.ETag).toMatch(/^"[0-9a-f]{32}-4"$/);
    const got = await client.send(new GetObjectCommand(target));
    expect(Buffer.from((await got.Body?.transformToByteArray()) ?? []).equals(body)).toBe(true);
    expect(got).toMatchObject({ Metadata: { m: '1' }, TagCount: 1 });
  });

  test('parts by hand, one copied; listed; aborted → gone', async () => {
    const { client } = daemon();
    const target = { Bucket: await daemon().newBucket(), Key: 'by hand' };
    await put({ ...target, Key: 'source' }, seededBytes(1, 6 * mebibyte));
    const { UploadId } = await client.send(new CreateMultipartUploadCommand(target));
    const upload = { ...target, UploadId };
    const range = { CopySource: `${target.Bucket}/source`, CopySourceRange: `bytes=0-${5 * mebibyte - 1}` };
    const copied = await client.send(new UploadPartCopyCommand({ ...upload, ...range, PartNumber: 1 }));
    const sent = await client.send(new UploadPartCommand({ ...upload, PartNumber: 2, Body: 'end' }));
    const listed = await client.send(new ListPartsCommand(upload));
    expect(listed.Parts?.map(({ Size }) => Size)).toEqual([5 * mebibyte, 3]);
    const Parts = [
      { PartNumber: 1, ETag: copied.CopyPartResult?.ETag },
      { PartNumber: 2, ETag: sent.ETag },
    ];
    await client.send(new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts } }));
    expect((await client.send(new HeadObjectCommand(target))).ContentLength).toBe(5 * mebibyte + 3);

    const other = await client.send(new CreateMultipartUploadCommand(target));
    await client.send(new AbortMultipartUploadCommand({ ...target, UploadId: other.UploadId }));
    const { Uploads } = await client.send(new ListMultipartUploadsCommand({ Bucket: target.Bucket }));
    expect(Uploads ?? []).toEqual([]);
    const late = new UploadPartCommand({ ...target, UploadId: other.UploadId, PartNumber: 1, Body: 'x' });
    await expect(client.send(late)).rejects.toMatchObject({ name: 'NoSuchUpload' });
  });
});

describe('SDK v3: checksums', () => {
  const body = seededBytes(9, 100_000);

  /** Those that the SDK computes by itself; it sends the others as they are given. */
  const computed = ['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256'] as const;

  test.for(computed)('%s computed by the SDK → stored, and verified by the SDK on read', async (algorithm) => {
    const { client } = daemon();
    const target = { Bucket: await daemon().newBucket(), Key: algorithm };
    const sent = await client.send(new PutObjectCommand({ ...target, Body: body, ChecksumAlgorithm: algorithm }));
    const field = `Checksum${algorithm}` as const;
    expect(sent[field]).toBeDefined();
    const got = await client.send(new GetObjectCommand({ ...target, ChecksumMode: 'ENABLED' }));
    expect(got[field]).toBe(sent[field]);
    expect(got.ChecksumType).toBe('FULL_OBJECT');
    expect(Buffer.from((await got.Body?.transformToByteArray()) ?? []).equals(body)).toBe(true);
  });

  const given: readonly (readonly [string, () => Promise<string>])[] = [
    ['MD5', async () => createHash('md5').update(body).digest('hex')],
    ['SHA512', async () => createHash('sha512').update(body).digest('hex')],
    ['XXHASH64', () => xxhash64(body)],
    ['XXHASH3', () => xxhash3(body)],
    ['XXHASH128', () => xxhash128(body)],
  ];

  test.for(given)('%s given by the client → stored if it is right, BadDigest if not', async ([algorithm, digest]) => {
    const { client } = daemon();
    const target = { Bucket: await daemon().newBucket(), Key: algorithm };
    const checksum = { [`Checksum${algorithm}`]: Buffer.from(await digest(), 'hex').toString('base64') };
    await client.send(new PutObjectCommand({ ...target, ...checksum, Body: body }));
    const head = await client.send(new HeadObjectCommand({ ...target, ChecksumMode: 'ENABLED' }));
    expect(head).toMatchObject(checksum);
    const changed = new PutObjectCommand({ ...target, Key: 'changed', ...checksum, Body: body.subarray(1) });
    await expect(client.send(changed)).rejects.toMatchObject({ name: 'BadDigest' });
    await expect(client.send(new HeadObjectCommand({ ...target, Key: 'changed' }))).rejects.toBeInstanceOf(NotFound);
  });

  test('stream with a trailing checksum → stored; a wrong checksum header → BadDigest, nothing stored', async () => {
    const { client } = daemon();
    const target = { Bucket: await daemon().newBucket(), Key: 'k' };
    const params = {
      ...target,
      Body: Readable.from([body]),
      ContentLength: body.length,
      ChecksumAlgorithm: 'SHA256',
    } as const;
    const sent = await client.send(new PutObjectCommand(params));
    expect(sent.ChecksumSHA256).toBe(createHash('sha256').update(body).digest('base64'));
    const wrong = { ...target, Key: 'wrong', Body: body, ChecksumCRC32: 'AAAAAA==' };
    await expect(client.send(new PutObjectCommand(wrong))).rejects.toMatchObject({ name: 'BadDigest' });
    await expect(client.send(new HeadObjectCommand({ ...target, Key: 'wrong' }))).rejects.toBeInstanceOf(NotFound);
  });

  test('client that computes and verifies only when required → works the same', async () => {
    const target = { Bucket: await daemon().newBucket(), Key: 'k' };
    const client = new S3Client({
      endpoint: daemon().endpoint,
      region,
      credentials: rootKey,
      forcePathStyle: true,
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
    });
    const sent = await client.send(new PutObjectCommand({ ...target, Body: body }));
    expect(sent.ChecksumCRC64NVME).toMatch(/=$/);
    const got = await client.send(new GetObjectCommand(target));
    expect((await got.Body?.transformToByteArray())?.length).toBe(body.length);
    client.destroy();
  });
});
