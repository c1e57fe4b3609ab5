/** CopyObject: sources, directives, conditions. */
import { createHash } from 'node:crypto';
import {
  CopyObjectCommand,
  type CopyObjectCommandInput,
  DeleteObjectCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import { beforeAll, describe, expect, test } from 'vitest';
import { refusal } from '../support/refusals.ts';
import { useDaemon } from '../support/use-daemon.ts';

const daemon = useDaemon();
let Bucket: string;
let versioned: string;
let etag: string;

beforeAll(async () => {
  Bucket = await daemon().newBucket();
  versioned = await daemon().newBucket();
  const { client } = daemon();
  await client.send(
    new PutBucketVersioningCommand({ Bucket: versioned, VersioningConfiguration: { Status: 'Enabled' } }),
  );
  const { ETag } = await client.send(
    new PutObjectCommand({
      Bucket,
      Key: 'source',
      Body: 'source',
      ContentType: 'text/x-source',
      CacheControl: 'no-cache',
      Metadata: { of: 'source' },
      StorageClass: 'STANDARD_IA',
      Tagging: 'of=source',
      WebsiteRedirectLocation: '/of-source',
    }),
  );
  etag = ETag ?? '';
});

const copy = (input: Partial<CopyObjectCommandInput> = {}) =>
  daemon().client.send(new CopyObjectCommand({ Bucket, Key: 'target', CopySource: `${Bucket}/source`, ...input }));
const head = (Key = 'target') => daemon().client.send(new HeadObjectCommand({ Bucket, Key }));
const read = async (Key = 'target', ofBucket = Bucket) =>
  (await daemon().client.send(new GetObjectCommand({ Bucket: ofBucket, Key }))).Body?.transformToString();
const tags = async () => (await daemon().client.send(new GetObjectTaggingCommand({ Bucket, Key: 'target' }))).TagSet;

describe('directives', () => {
  test('none → bytes, headers, metadata and tags of the source, but neither class nor redirect', async () => {
    const { CopyObjectResult, CopySourceVersionId } = await copy();
    expect(CopyObjectResult?.ETag).toBe(etag);
    expect(CopyObjectResult?.LastModified).toBeInstanceOf(Date);
    expect(CopySourceVersionId).toBeUndefined();
    const answer = await head();
    expect(answer).toMatchObject({
      ContentType: 'text/x-source',
      CacheControl: 'no-cache',
      Metadata: { of: 'source' },
    });
    expect(answer.StorageClass).toBeUndefined();
    expect(answer.WebsiteRedirectLocation).toBeUndefined();
    expect(await tags()).toEqual([{ Key: 'of', Value: 'source' }]);
    expect(await read()).toBe('source');
  });

  test('COPY with headers of its own → they are ignored', async () => {
    await copy({ MetadataDirective: 'COPY', ContentType: 'text/x-other', Metadata: { of: 'copy' } });
    expect(await head()).toMatchObject({ ContentType: 'text/x-source', Metadata: { of: 'source' } });
  });

  test('REPLACE of metadata → only what the copy says, tags stay', async () => {
    await copy({ MetadataDirective: 'REPLACE', ContentType: 'text/x-other', Metadata: { of: 'copy' } });
    const answer = await head();
    expect(answer).toMatchObject({ ContentType: 'text/x-other', Metadata: { of: 'copy' } });
    expect(answer.CacheControl).toBeUndefined();
    expect(await tags()).toEqual([{ Key: 'of', Value: 'source' }]);
  });

  test('REPLACE of tags → only those, metadata stays', async () => {
    await copy({ TaggingDirective: 'REPLACE', Tagging: 'of=copy' });
    expect(await tags()).toEqual([{ Key: 'of', Value: 'copy' }]);
    expect((await head()).Metadata).toEqual({ of: 'source' });
    await copy({ TaggingDirective: 'REPLACE' });
    expect(await tags()).toEqual([]);
  });

  test('class and redirect of its own → stored', async () => {
    await copy({ StorageClass: 'ONEZONE_IA', WebsiteRedirectLocation: '/of-copy' });
    expect(await head()).toMatchObject({ StorageClass: 'ONEZONE_IA', WebsiteRedirectLocation: '/of-copy' });
  });

  test('a directive there is not → InvalidArgument', async () => {
    const MetadataDirective = 'UPDATE' as 'REPLACE';
    await expect(copy({ MetadataDirective })).rejects.toMatchObject(refusal('InvalidArgument', 400));
  });

  test('another checksum algorithm → that checksum', async () => {
    const { CopyObjectResult } = await copy({ ChecksumAlgorithm: 'SHA1' });
    expect(CopyObjectResult).toMatchObject({
      ChecksumSHA1: createHash('sha1').update('source').digest('base64'),
      ChecksumType: 'FULL_OBJECT',
    });
  });
});

describe('onto itself', () => {
  const onto = (input: Partial<CopyObjectCommandInput> = {}) => copy({ Key: 'self', ...input });

  beforeAll(async () => {
    await daemon().client.send(new PutObjectCommand({ Bucket, Key: 'self', Body: 'self' }));
  });

  test('without a change → InvalidRequest', async () => {
    await expect(onto({ CopySource: `${Bucket}/self` })).rejects.toMatchObject(refusal('InvalidRequest', 400));
  });

  test.each([
    { MetadataDirective: 'REPLACE', Metadata: { a: 'b' } },
    { StorageClass: 'STANDARD_IA' },
    { WebsiteRedirectLocation: '/x' },
  ] as const)('with %o → copied, the bytes stay', async (input) => {
    await onto({ CopySource: `${Bucket}/self`, ...input });
    expect(await read('self')).toBe('self');
  });
});

describe('sources', () => {
  test.each(['a b', 'a+b', 'a%2Bb', 'ü/😀', '/lead', 'q?versionId=x', 'a//b'])('key %j → copied', async (Key) => {
    await daemon().client.send(new PutObjectCommand({ Bucket, Key, Body: Key }));
    await copy({ CopySource: `/${Bucket}/${encodeURIComponent(Key)}` });
    expect(await read()).toBe(Key);
  });

  test('no key → InvalidArgument', async () => {
    await expect(copy({ CopySource: Bucket })).rejects.toMatchObject(refusal('InvalidArgument', 400));
  });

  test('a key or bucket that does not exist → 404', async () => {
    await expect(copy({ CopySource: `${Bucket}/no` })).rejects.toMatchObject(refusal('NoSuchKey', 404));
    await expect(copy({ CopySource: 'no-such-bucket/no' })).rejects.toMatchObject(refusal('NoSuchBucket', 404));
  });

  test('an older version by its id → its bytes, and the id in the answer', async () => {
    const target = { Bucket: versioned, Key: 'v' };
    const { client } = daemon();
    const { VersionId } = await client.send(new PutObjectCommand({ ...target, Body: 'old' }));
    await client.send(new PutObjectCommand({ ...target, Body: 'new' }));
    const CopySource = `${versioned}/v?versionId=${VersionId}`;
    const answer = await client.send(new CopyObjectCommand({ ...target, CopySource }));
    expect(answer.CopySourceVersionId).toBe(VersionId);
    expect(answer.VersionId).toMatch(/^[\w-]{32}$/);
    expect(answer.VersionId).not.toBe(VersionId);
    expect(await read('v', versioned)).toBe('old');
  });

  test('a delete marker → NoSuchKey; by its id → InvalidRequest', async () => {
    const target = { Bucket: versioned, Key: 'marked' };
    await daemon().client.send(new PutObjectCommand({ ...target, Body: 'x' }));
    const { VersionId } = await daemon().client.send(new DeleteObjectCommand(target));
    const CopySource = `${versioned}/marked`;
    await expect(copy({ CopySource })).rejects.toMatchObject(refusal('NoSuchKey', 404));
    await expect(copy({ CopySource: `${CopySource}?versionId=${VersionId}` })).rejects.toMatchObject(
      refusal('InvalidRequest', 400),
    );
  });

  test('the owner expected of the source is another → AccessDenied', async () => {
    await expect(copy({ ExpectedSourceBucketOwner: '999999999999' })).rejects.toMatchObject(
      refusal('AccessDenied', 403),
    );
  });
});

describe('conditions', () => {
  test('on the source → copied where they hold, 412 where not', async () => {
    await copy({ CopySourceIfMatch: etag });
    await copy({ CopySourceIfNoneMatch: '"other"' });
    const failed = (Condition: string) => refusal('PreconditionFailed', 412, { Condition });
    await expect(copy({ CopySourceIfMatch: '"other"' })).rejects.toMatchObject(failed('x-amz-copy-source-If-Match'));
    await expect(copy({ CopySourceIfNoneMatch: etag })).rejects.toMatchObject(
      failed('x-amz-copy-source-If-None-Match'),
    );
    await expect(copy({ CopySourceIfUnmodifiedSince: new Date(0) })).rejects.toMatchObject(
      failed('x-amz-copy-source-If-Unmodified-Since'),
    );
  });

  test('on the target → as for PutObject', async () => {
    await copy({ Key: 'conditional', IfNoneMatch: '*' });
    await expect(copy({ Key: 'conditional', IfNoneMatch: '*' })).rejects.toMatchObject(
      refusal('PreconditionFailed', 412),
    );
    await copy({ Key: 'conditional', IfMatch: etag });
    await expect(copy({ Key: 'conditional', IfMatch: '"other"' })).rejects.toMatchObject(
      refusal('PreconditionFailed', 412),
    );
  });
});
