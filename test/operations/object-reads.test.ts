/** GetObject, HeadObject and GetObjectAttributes: ranges, conditions, headers, overrides. */
import { createHash } from 'node:crypto';
import {
  GetObjectAttributesCommand,
  GetObjectCommand,
  type GetObjectCommandInput,
  HeadObjectCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import { beforeAll, describe, expect, test } from 'vitest';
import { type SignedRequest, sendRaw, signRaw, wireBytes } from '../support/raw-http.ts';
import { refusal } from '../support/refusals.ts';
import { useDaemon } from '../support/use-daemon.ts';

const publicBucket = 'open-to-all';
const daemon = useDaemon({ environment: { NINEFOLD_BUCKETS: `${publicBucket}:public` } });
const Key = 'ten';
const body = '0123456789';
const etag = '"781e5e245d69b566979b86e28d23f2c7"';
let Bucket: string;
let modified: Date;

beforeAll(async () => {
  Bucket = await daemon().newBucket();
  await daemon().client.send(
    new PutObjectCommand({
      Bucket,
      Key,
      Body: body,
      CacheControl: 'max-age=1',
      ContentLanguage: 'en',
      Metadata: { Colour: 'blue' },
      Tagging: 'a=1&b=2',
      WebsiteRedirectLocation: '/elsewhere',
    }),
  );
  const { LastModified } = await daemon().client.send(new HeadObjectCommand({ Bucket, Key }));
  modified = LastModified ?? new Date(Number.NaN);
  await daemon().client.send(new PutObjectCommand({ Bucket, Key: 'empty', Body: Buffer.alloc(0) }));
});

const get = (input: Partial<GetObjectCommandInput> = {}) =>
  daemon().client.send(new GetObjectCommand({ Bucket, Key, ...input }));
const head = (input: Partial<GetObjectCommandInput> = {}) =>
  daemon().client.send(new HeadObjectCommand({ Bucket, Key, ...input }));
const sendSigned = (request: Omit<SignedRequest, 'key' | 'host'>) => {
  const signed = signRaw({ ...request, key: daemon(), host: `127.0.0.1:${daemon().port}` });
  return sendRaw(wireBytes(signed, request.body), { port: daemon().port, isHead: request.method === 'HEAD' });
};
const seconds = (count: number) => new Date(modified.getTime() + count * 1000);

describe('what is answered', () => {
  test('a whole object → its bytes and everything it was put with', async () => {
    const answer = await get();
    expect(await answer.Body?.transformToString()).toBe(body);
    expect(answer).toMatchObject({
      $metadata: { httpStatusCode: 200 },
      AcceptRanges: 'bytes',
      CacheControl: 'max-age=1',
      ContentLanguage: 'en',
      ContentLength: 10,
      ContentType: 'application/octet-stream',
      ETag: etag,
      Metadata: { colour: 'blue' },
      TagCount: 2,
      WebsiteRedirectLocation: '/elsewhere',
    });
    expect(answer.ContentRange).toBeUndefined();
    expect(answer.StorageClass).toBeUndefined();
    expect(answer.VersionId).toBeUndefined();
  });

  test('no Content-Type at all → binary/octet-stream', async () => {
    await sendSigned({ method: 'PUT', path: `/${Bucket}/untyped`, body: 'x' });
    expect((await head({ Key: 'untyped' })).ContentType).toBe('binary/octet-stream');
  });

  test('Expires that is no date → as it was written', async () => {
    await sendSigned({ method: 'PUT', path: `/${Bucket}/expires`, headers: { expires: 'never' }, body: 'x' });
    const answer = await sendSigned({ method: 'GET', path: `/${Bucket}/expires` });
    expect(answer.headers.get('expires')).toBe('never');
  });

  test('HEAD → what GET says, without bytes', async () => {
    const { Body: _, $metadata: _ofGet, ...ofGet } = await get();
    const { $metadata: _ofHead, ...ofHead } = await head({ ChecksumMode: 'ENABLED' });
    expect(ofHead).toEqual(ofGet);
  });

  test('an empty object → no bytes', async () => {
    const answer = await get({ Key: 'empty' });
    expect(answer.ContentLength).toBe(0);
    expect(await answer.Body?.transformToString()).toBe('');
  });

  test('checksum mode → the checksum; without it none', async () => {
    await daemon().client.send(new PutObjectCommand({ Bucket, Key: 'summed', Body: 'x', ChecksumAlgorithm: 'SHA256' }));
    const ChecksumSHA256 = createHash('sha256').update('x').digest('base64');
    expect(await head({ Key: 'summed', ChecksumMode: 'ENABLED' })).toMatchObject({
      ChecksumSHA256,
      ChecksumType: 'FULL_OBJECT',
    });
    expect((await head({ Key: 'summed' })).ChecksumSHA256).toBeUndefined();
    expect((await head({ Key: 'summed', ChecksumMode: 'ENABLED', Range: 'bytes=0-0' })).ChecksumSHA256).toBeUndefined();
  });

  test('a key that does not exist → 404, with its name for GET', async () => {
    await expect(get({ Key: 'no' })).rejects.toMatchObject(refusal('NoSuchKey', 404, { Key: 'no' }));
    await expect(head({ Key: 'no' })).rejects.toMatchObject(refusal('NotFound', 404));
  });

  test('a version id that cannot be one → InvalidArgument; one that is not there → NoSuchVersion', async () => {
    await expect(get({ VersionId: 'x' })).rejects.toMatchObject(
      refusal('InvalidArgument', 400, { message: 'Invalid version id specified' }),
    );
    await expect(get({ VersionId: 'A'.repeat(32) })).rejects.toMatchObject(refusal('NoSuchVersion', 404));
  });

  test('a key of 1,025 bytes → KeyTooLongError', async () => {
    await expect(get({ Key: 'k'.repeat(1025) })).rejects.toMatchObject(
      refusal('KeyTooLongError', 400, { Size: '1025', MaxSizeAllowed: '1024' }),
    );
  });
});

describe('ranges and parts', () => {
  test.each([
    ['bytes=2-4', '234', 'bytes 2-4/10'],
    ['bytes=-3', '789', 'bytes 7-9/10'],
    ['bytes=8-', '89', 'bytes 8-9/10'],
    ['bytes=8-100', '89', 'bytes 8-9/10'],
  ])('%s → 206 with %j', async (Range, expected, ContentRange) => {
    const answer = await get({ Range });
    expect(await answer.Body?.transformToString()).toBe(expected);
    expect(answer).toMatchObject({
      $metadata: { httpStatusCode: 206 },
      ContentLength: expected.length,
      ContentRange,
      ETag: etag,
    });
  });

  test.each(['bytes=5-4', 'bytes=,', 'bytes=0-1,3-4', 'lines=1-2'])('%s → 200 with the whole', async (Range) => {
    const answer = await get({ Range });
    expect(answer.$metadata.httpStatusCode).toBe(200);
    expect(await answer.Body?.transformToString()).toBe(body);
  });

  test('a range beyond the end → 416 with range and size', async () => {
    await expect(get({ Range: 'bytes=10-' })).rejects.toMatchObject(
      refusal('InvalidRange', 416, { RangeRequested: 'bytes=10-', ActualObjectSize: '10' }),
    );
    await expect(get({ Key: 'empty', Range: 'bytes=0-' })).rejects.toMatchObject(refusal('InvalidRange', 416));
    await expect(head({ Range: 'bytes=10-' })).rejects.toMatchObject({ $metadata: { httpStatusCode: 416 } });
  });

  test('If-Range with another ETag → 200 with the whole', async () => {
    const request = { method: 'GET', path: `/${Bucket}/${Key}` };
    const stale = await sendSigned({ ...request, headers: { range: 'bytes=0-1', 'if-range': '"other"' } });
    expect(stale).toMatchObject({ status: 200, body });
    const fresh = await sendSigned({ ...request, headers: { range: 'bytes=0-1', 'if-range': etag } });
    expect(fresh).toMatchObject({ status: 206, body: '01' });
  });

  test('part 1 of an object that has no parts → 206 with the whole', async () => {
    const answer = await get({ PartNumber: 1 });
    expect(answer).toMatchObject({ $metadata: { httpStatusCode: 206 }, ContentRange: 'bytes 0-9/10' });
    expect(answer.PartsCount).toBeUndefined();
    expect(await answer.Body?.transformToString()).toBe(body);
  });

  test('part 2 of it → 416 InvalidPartNumber', async () => {
    await expect(get({ PartNumber: 2 })).rejects.toMatchObject(refusal('InvalidPartNumber', 416));
  });

  test('part number 0 or 10001 → InvalidArgument', async () => {
    await expect(get({ PartNumber: 0 })).rejects.toMatchObject(refusal('InvalidArgument', 400));
    await expect(get({ PartNumber: 10_001 })).rejects.toMatchObject(refusal('InvalidArgument', 400));
  });

  test('part number and range → InvalidRequest', async () => {
    await expect(get({ PartNumber: 1, Range: 'bytes=0-1' })).rejects.toMatchObject(refusal('InvalidRequest', 400));
  });
});

describe('conditions', () => {
  test('If-Match with its ETag, with or without quotes, in a list, or a star → 200', async () => {
    for (const IfMatch of [etag, etag.replaceAll('"', ''), `"other", ${etag}`, '*']) await get({ IfMatch });
  });

  test('If-Match with another ETag → 412 that names the condition', async () => {
    await expect(get({ IfMatch: '"other"' })).rejects.toMatchObject(
      refusal('PreconditionFailed', 412, { Condition: 'If-Match' }),
    );
  });

  test('If-None-Match with its ETag → 304 with ETag and Last-Modified, without a body', async () => {
    const headers = { 'if-none-match': etag };
    const answer = await sendSigned({ method: 'GET', path: `/${Bucket}/${Key}`, headers });
    expect(answer).toMatchObject({ status: 304, body: '' });
    expect(answer.headers.get('etag')).toBe(etag);
    expect(answer.headers.get('last-modified')).toBe(modified.toUTCString());
    expect(answer.headers.get('cache-control')).toBe('max-age=1');
  });

  test('If-Modified-Since its own second → 304, a second before → 200', async () => {
    await expect(get({ IfModifiedSince: seconds(0) })).rejects.toMatchObject({ $metadata: { httpStatusCode: 304 } });
    await get({ IfModifiedSince: seconds(-1) });
  });

  test('If-Unmodified-Since its own second → 200, a second before → 412', async () => {
    await get({ IfUnmodifiedSince: seconds(0) });
    await expect(get({ IfUnmodifiedSince: seconds(-1) })).rejects.toMatchObject(refusal('PreconditionFailed', 412));
  });

  test('ETags beat dates', async () => {
    await get({ IfMatch: etag, IfUnmodifiedSince: seconds(-1) });
    await get({ IfNoneMatch: '"other"', IfModifiedSince: seconds(0) });
  });
});

describe('response overrides', () => {
  const overrides = {
    ResponseCacheControl: 'no-store',
    ResponseContentDisposition: 'attachment; filename="ä.txt"',
    ResponseContentEncoding: 'x-none',
    ResponseContentLanguage: 'de',
    ResponseContentType: 'text/x-other',
  };

  test('signed → in place of what is stored', async () => {
    expect(await get(overrides)).toMatchObject({
      CacheControl: 'no-store',
      ContentEncoding: 'x-none',
      ContentLanguage: 'de',
      ContentType: 'text/x-other',
    });
  });

  test('anonymous → InvalidRequest, while the object itself may be read', async () => {
    await daemon().client.send(new PutObjectCommand({ Bucket: publicBucket, Key, Body: body }));
    const url = `${daemon().endpoint}/${publicBucket}/${Key}`;
    expect(await (await fetch(url)).text()).toBe(body);
    const refused = await fetch(`${url}?response-content-type=text/html`);
    expect(refused.status).toBe(400);
    expect(await refused.text()).toContain('<Code>InvalidRequest</Code>');
  });

  test('response-expires → as it was written', async () => {
    const query = [['response-expires', 'Thu, 01 Dec 2033 16:00:00 GMT']] as const;
    const answer = await sendSigned({ method: 'GET', path: `/${Bucket}/${Key}`, query });
    expect(answer.headers.get('expires')).toBe('Thu, 01 Dec 2033 16:00:00 GMT');
  });
});

describe('GetObjectAttributes', () => {
  const attributes = (ObjectAttributes: GetObjectAttributesCommand['input']['ObjectAttributes']) =>
    daemon().client.send(new GetObjectAttributesCommand({ Bucket, Key, ObjectAttributes }));

  test('everything asked for → ETag without quotes, no parts', async () => {
    const answer = await attributes(['ETag', 'Checksum', 'ObjectParts', 'StorageClass', 'ObjectSize']);
    expect(answer).toMatchObject({ ETag: etag.replaceAll('"', ''), StorageClass: 'STANDARD', ObjectSize: 10 });
    expect(answer.Checksum?.ChecksumType).toBe('FULL_OBJECT');
    expect(answer.ObjectParts).toBeUndefined();
  });

  test('one asked for → only that', async () => {
    const { $metadata: _, LastModified, ...answer } = await attributes(['ObjectSize']);
    expect(answer).toEqual({ ObjectSize: 10 });
    expect(LastModified).toEqual(modified);
  });

  test('an attribute that there is not → InvalidArgument', async () => {
    const headers = { 'x-amz-object-attributes': 'Colour' };
    const query = [['attributes', '']] as const;
    const answer = await sendSigned({ method: 'GET', path: `/${Bucket}/${Key}`, query, headers });
    expect(answer).toMatchObject({ status: 400, code: 'InvalidArgument' });
  });
});
