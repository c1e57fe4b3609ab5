/** Multipart uploads: their life, their checks, their checksums, and what is copied into them. */
import { createHash } from 'node:crypto';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  type CompleteMultipartUploadCommandInput,
  CreateMultipartUploadCommand,
  type CreateMultipartUploadCommandInput,
  GetObjectAttributesCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  PutObjectCommand,
  UploadPartCommand,
  UploadPartCopyCommand,
  type UploadPartCopyCommandInput,
} from '@aws-sdk/client-s3';
import { beforeAll, describe, expect, test } from 'vitest';
import { refusal } from '../support/refusals.ts';
import { useDaemon } from '../support/use-daemon.ts';

const daemon = useDaemon();
const mebibyte = 1024 * 1024;
const large = Buffer.alloc(5 * mebibyte, 'large part ');
const small = Buffer.from('small part');
let Bucket: string;

beforeAll(async () => {
  Bucket = await daemon().newBucket();
});

interface Target {
  readonly Bucket: string;
  readonly Key: string;
  readonly UploadId: string;
}

async function begin(Key: string, input: Partial<CreateMultipartUploadCommandInput> = {}): Promise<Target> {
  const { UploadId = '' } = await daemon().client.send(new CreateMultipartUploadCommand({ Bucket, Key, ...input }));
  return { Bucket, Key, UploadId };
}
async function part(target: Target, PartNumber: number, Body: Uint8Array | string = small) {
  const { $metadata: _, ...answer } = await daemon().client.send(
    new UploadPartCommand({ ...target, PartNumber, Body }),
  );
  return { PartNumber, ...answer };
}
const complete = (
  target: Target,
  Parts: NonNullable<CompleteMultipartUploadCommandInput['MultipartUpload']>['Parts'],
  input: Partial<CompleteMultipartUploadCommandInput> = {},
) => daemon().client.send(new CompleteMultipartUploadCommand({ ...target, MultipartUpload: { Parts }, ...input }));
const listParts = (target: Target, MaxParts?: number, PartNumberMarker?: string) =>
  daemon().client.send(new ListPartsCommand({ ...target, MaxParts, PartNumberMarker }));
const md5 = (...pieces: Uint8Array[]) => createHash('md5').update(Buffer.concat(pieces));

describe('an upload', () => {
  test('parts out of order, one replaced, one left out → the listed ones, in their order', async () => {
    const target = await begin('life', { ContentType: 'text/x-parts', Metadata: { a: 'b' }, Tagging: 'c=d' });
    const last = await part(target, 9);
    await part(target, 2, Buffer.alloc(5 * mebibyte));
    const first = await part(target, 2, large);
    await part(target, 5, 'left out');
    await expect(daemon().client.send(new GetObjectCommand(target))).rejects.toMatchObject(refusal('NoSuchKey', 404));
    const answer = await complete(target, [first, last], { MpuObjectSize: large.length + small.length });
    const etag = `"${md5(md5(large).digest(), md5(small).digest()).digest('hex')}-2"`;
    expect(answer).toMatchObject({ Bucket, Key: 'life', ETag: etag, ChecksumType: 'FULL_OBJECT' });
    expect(answer.Location).toBe(`${daemon().endpoint}/${Bucket}/life`);
    const object = await daemon().client.send(new GetObjectCommand({ Bucket, Key: 'life' }));
    expect(object).toMatchObject({ ETag: etag, ContentType: 'text/x-parts', Metadata: { a: 'b' }, TagCount: 1 });
    const bytes = Buffer.from((await object.Body?.transformToByteArray()) ?? []);
    expect(bytes.equals(Buffer.concat([large, small]))).toBe(true);
    await expect(listParts(target)).rejects.toMatchObject(refusal('NoSuchUpload', 404));
  });

  test('completed twice with the same parts → the same answer', async () => {
    const target = await begin('twice');
    const parts = [await part(target, 1)];
    const first = await complete(target, parts);
    const second = await complete(target, parts);
    expect(second.ETag).toBe(first.ETag);
  });

  test('aborted → gone, and nothing of it can be completed', async () => {
    const target = await begin('aborted');
    const parts = [await part(target, 1)];
    const { $metadata } = await daemon().client.send(new AbortMultipartUploadCommand(target));
    expect($metadata.httpStatusCode).toBe(204);
    const gone = refusal('NoSuchUpload', 404);
    await expect(complete(target, parts)).rejects.toMatchObject(gone);
    await expect(part(target, 2)).rejects.toMatchObject(gone);
    await expect(daemon().client.send(new AbortMultipartUploadCommand(target))).rejects.toMatchObject(gone);
  });

  test('conditions of its completion → 412, and the upload stays', async () => {
    await daemon().client.send(new PutObjectCommand({ Bucket, Key: 'there', Body: 'x' }));
    const target = await begin('there');
    const parts = [await part(target, 1)];
    await expect(complete(target, parts, { IfNoneMatch: '*' })).rejects.toMatchObject(
      refusal('PreconditionFailed', 412),
    );
    await expect(complete(target, parts, { IfMatch: '"other"' })).rejects.toMatchObject(
      refusal('PreconditionFailed', 412),
    );
    await expect(complete(target, parts, { IfNoneMatch: '"x"' })).rejects.toMatchObject(refusal('NotImplemented', 501));
    await complete(target, parts, { IfMatch: '*' });
  });
});

describe('what is refused', () => {
  test.each([0, 10_001])('part number %i → InvalidArgument', async (PartNumber) => {
    const target = await begin('numbers');
    await expect(part(target, PartNumber)).rejects.toMatchObject(
      refusal('InvalidArgument', 400, {
        message: 'Part number must be an integer between 1 and 10000, inclusive',
      }),
    );
  });

  test('an upload of another key → NoSuchUpload', async () => {
    const target = await begin('of-this-key');
    await expect(part({ ...target, Key: 'of-another' }, 1)).rejects.toMatchObject(refusal('NoSuchUpload', 404));
  });

  test('completions that do not fit → their errors, and the upload stays', async () => {
    const target = await begin('refused');
    const one = await part(target, 1);
    const two = await part(target, 2);
    await expect(complete(target, [])).rejects.toMatchObject(refusal('MalformedXML', 400));
    await expect(complete(target, [two, one])).rejects.toMatchObject(refusal('InvalidPartOrder', 400));
    await expect(complete(target, [{ ...one, ETag: '"other"' }])).rejects.toMatchObject(
      refusal('InvalidPart', 400, { PartNumber: '1' }),
    );
    await expect(complete(target, [one, { ...two, PartNumber: 3 }])).rejects.toMatchObject(refusal('InvalidPart', 400));
    await expect(complete(target, [one, two])).rejects.toMatchObject(
      refusal('EntityTooSmall', 400, { MinSizeAllowed: '5242880', ProposedSize: '10', PartNumber: '1' }),
    );
    await expect(complete(target, [one], { MpuObjectSize: 11 })).rejects.toMatchObject(refusal('InvalidRequest', 400));
    expect((await listParts(target)).Parts).toHaveLength(2);
    await complete(target, [one], { MpuObjectSize: 10 });
  });

  test.each([
    [{ ChecksumType: 'COMPOSITE' }],
    [{ ChecksumAlgorithm: 'SHA256', ChecksumType: 'FULL_OBJECT' }],
    [{ ChecksumAlgorithm: 'CRC64NVME', ChecksumType: 'COMPOSITE' }],
  ] as const)('created with %o → InvalidRequest', async (input) => {
    await expect(begin('types', input)).rejects.toMatchObject(refusal('InvalidRequest', 400));
  });
});

describe('checksums', () => {
  const sha256 = (...pieces: Uint8Array[]) => createHash('sha256').update(Buffer.concat(pieces)).digest();

  test('SHA256 → COMPOSITE, of the parts too, wherever it is asked for', async () => {
    const created = await daemon().client.send(
      new CreateMultipartUploadCommand({ Bucket, Key: 'sha', ChecksumAlgorithm: 'SHA256' }),
    );
    expect(created).toMatchObject({ ChecksumAlgorithm: 'SHA256', ChecksumType: 'COMPOSITE' });
    const target = { Bucket, Key: 'sha', UploadId: created.UploadId ?? '' };
    const send = (PartNumber: number, Body: Buffer) =>
      daemon().client.send(new UploadPartCommand({ ...target, PartNumber, Body, ChecksumAlgorithm: 'SHA256' }));
    const first = await send(1, large);
    const second = await send(2, small);
    const ofFirst = sha256(large).toString('base64');
    expect(first.ChecksumSHA256).toBe(ofFirst);
    expect((await listParts(target)).Parts?.[0]?.ChecksumSHA256).toBe(ofFirst);
    const listed = [
      { PartNumber: 1, ETag: first.ETag, ChecksumSHA256: first.ChecksumSHA256 },
      { PartNumber: 2, ETag: second.ETag, ChecksumSHA256: second.ChecksumSHA256 },
    ];
    const whole = `${sha256(sha256(large), sha256(small)).toString('base64')}-2`;
    const bare = listed.map(({ PartNumber, ETag }) => ({ PartNumber, ETag }));
    await expect(complete(target, bare)).rejects.toMatchObject(refusal('InvalidRequest', 400));
    await expect(complete(target, listed, { ChecksumSHA256: ofFirst })).rejects.toMatchObject(
      refusal('BadDigest', 400),
    );
    await expect(complete(target, listed, { ChecksumType: 'FULL_OBJECT' })).rejects.toMatchObject(
      refusal('InvalidRequest', 400),
    );
    expect(await complete(target, listed, { ChecksumSHA256: whole })).toMatchObject({
      ChecksumSHA256: whole,
      ChecksumType: 'COMPOSITE',
    });
    const head = { Bucket, Key: 'sha', ChecksumMode: 'ENABLED' } as const;
    expect(await daemon().client.send(new HeadObjectCommand(head))).toMatchObject({ ChecksumSHA256: whole });
    expect(await daemon().client.send(new HeadObjectCommand({ ...head, PartNumber: 1 }))).toMatchObject({
      ChecksumSHA256: ofFirst,
      ChecksumType: 'COMPOSITE',
    });
  });

  test("a part with another algorithm than the upload's → InvalidRequest", async () => {
    const target = await begin('mixed', { ChecksumAlgorithm: 'SHA256' });
    const send = new UploadPartCommand({ ...target, PartNumber: 1, Body: small, ChecksumAlgorithm: 'SHA1' });
    await expect(daemon().client.send(send)).rejects.toMatchObject(refusal('InvalidRequest', 400));
  });

  test('none named → CRC64NVME of the whole, whatever the parts carried', async () => {
    const target = await begin('default');
    const parts = [await part(target, 1, large), await part(target, 2)];
    expect((await listParts(target)).Parts?.[0]).not.toHaveProperty('ChecksumCRC64NVME');
    const bare = parts.map(({ PartNumber, ETag }) => ({ PartNumber, ETag }));
    expect(await complete(target, bare)).toMatchObject({
      ChecksumCRC64NVME: expect.any(String),
      ChecksumType: 'FULL_OBJECT',
    });
  });
});

describe('parts of an object', () => {
  beforeAll(async () => {
    const target = await begin('parts', { ChecksumAlgorithm: 'CRC32', ChecksumType: 'FULL_OBJECT' });
    const parts = [await part(target, 3, large), await part(target, 7, large), await part(target, 8)];
    await complete(target, parts);
  });
  const get = (PartNumber: number) => daemon().client.send(new GetObjectCommand({ Bucket, Key: 'parts', PartNumber }));

  test('by number → the n-th, with its range and the count of parts', async () => {
    const answer = await get(3);
    expect(answer).toMatchObject({
      $metadata: { httpStatusCode: 206 },
      PartsCount: 3,
      ContentLength: small.length,
      ContentRange: `bytes ${2 * large.length}-${2 * large.length + 9}/${2 * large.length + 10}`,
    });
    expect(await answer.Body?.transformToString()).toBe(small.toString());
    const head = new HeadObjectCommand({ Bucket, Key: 'parts', PartNumber: 1 });
    expect(await daemon().client.send(head)).toMatchObject({ PartsCount: 3, ContentLength: large.length });
  });

  test('beyond the last → 416 InvalidPartNumber', async () => {
    await expect(get(4)).rejects.toMatchObject(
      refusal('InvalidPartNumber', 416, { PartNumberRequested: '4', ActualPartCount: '3' }),
    );
  });

  test('GetObjectAttributes → parts a page at a time', async () => {
    const page = (PartNumberMarker?: string) =>
      daemon().client.send(
        new GetObjectAttributesCommand({
          Bucket,
          Key: 'parts',
          ObjectAttributes: ['ObjectParts'],
          MaxParts: 2,
          PartNumberMarker,
        }),
      );
    const { ObjectParts: first } = await page();
    expect(first).toMatchObject({ TotalPartsCount: 3, MaxParts: 2, IsTruncated: true, PartNumberMarker: '0' });
    expect(first?.Parts).toHaveLength(2);
    expect(first?.Parts?.[0]).toMatchObject({ Size: large.length, ChecksumCRC32: expect.any(String) });
    const { ObjectParts: second } = await page(first?.NextPartNumberMarker);
    expect(second).toMatchObject({ IsTruncated: false, Parts: [{ Size: small.length }] });
  });
});

describe('UploadPartCopy', () => {
  let target: Target;
  beforeAll(async () => {
    await daemon().client.send(new PutObjectCommand({ Bucket, Key: 'copied', Body: '0123456789' }));
    target = await begin('of-copies');
  });
  const copy = (input: Partial<UploadPartCopyCommandInput>) =>
    daemon().client.send(
      new UploadPartCopyCommand({ ...target, PartNumber: 1, CopySource: `${Bucket}/copied`, ...input }),
    );

  test('a range of a source → those bytes', async () => {
    const { CopyPartResult } = await copy({ CopySourceRange: 'bytes=2-4' });
    expect(CopyPartResult?.ETag).toBe(`"${md5(Buffer.from('234')).digest('hex')}"`);
    expect(CopyPartResult?.LastModified).toBeInstanceOf(Date);
    await complete(target, [{ PartNumber: 1, ETag: CopyPartResult?.ETag }]);
    const { Body } = await daemon().client.send(new GetObjectCommand({ Bucket, Key: 'of-copies' }));
    expect(await Body?.transformToString()).toBe('234');
    target = await begin('of-copies');
  });

  test.each(['bytes=0-10', 'bytes=0-', '0-2', 'bytes=3-2'])('range %s → InvalidArgument', async (CopySourceRange) => {
    await expect(copy({ CopySourceRange })).rejects.toMatchObject(refusal('InvalidArgument', 400));
  });

  test('a condition on the source that fails → 412', async () => {
    await expect(copy({ CopySourceIfMatch: '"other"' })).rejects.toMatchObject(refusal('PreconditionFailed', 412));
  });
});

describe('listings', () => {
  test('ListParts → pages, owner, initiator, class', async () => {
    const target = await begin('listed', { StorageClass: 'STANDARD_IA', ChecksumAlgorithm: 'CRC32C' });
    for (const n of [1, 2, 5]) {
      const input = { ...target, PartNumber: n, Body: small, ChecksumAlgorithm: 'CRC32C' } as const;
      await daemon().client.send(new UploadPartCommand(input));
    }
    const first = await listParts(target, 2);
    expect(first).toMatchObject({
      IsTruncated: true,
      MaxParts: 2,
      NextPartNumberMarker: '2',
      StorageClass: 'STANDARD_IA',
      ChecksumAlgorithm: 'CRC32C',
      ChecksumType: 'COMPOSITE',
    });
    expect(first.Owner?.ID).toBe(first.Initiator?.ID);
    const second = await listParts(target, 2, first.NextPartNumberMarker);
    expect(second).toMatchObject({ IsTruncated: false, Parts: [{ PartNumber: 5, Size: small.length }] });
  });

  test('ListMultipartUploads → by key and age, a page at a time, with prefixes', async () => {
    const listed = await daemon().newBucket();
    const uploads: string[] = [];
    for (const Key of ['a', 'a', 'b', 'd/1', 'd/2']) {
      const { UploadId = '' } = await daemon().client.send(new CreateMultipartUploadCommand({ Bucket: listed, Key }));
      uploads.push(UploadId);
    }
    const page = (input: object) => daemon().client.send(new ListMultipartUploadsCommand({ Bucket: listed, ...input }));
    const ids = ({ Uploads = [] }: Awaited<ReturnType<typeof page>>) => Uploads.map(({ UploadId }) => UploadId);
    expect(ids(await page({}))).toEqual(uploads);
    const first = await page({ MaxUploads: 1 });
    expect(first).toMatchObject({ IsTruncated: true, NextKeyMarker: 'a', NextUploadIdMarker: uploads[0] });
    const markers = { KeyMarker: first.NextKeyMarker, UploadIdMarker: first.NextUploadIdMarker };
    expect(ids(await page({ MaxUploads: 2, ...markers }))).toEqual(uploads.slice(1, 3));
    const rolled = await page({ Delimiter: '/' });
    expect(ids(rolled)).toEqual(uploads.slice(0, 3));
    expect(rolled.CommonPrefixes).toEqual([{ Prefix: 'd/' }]);
    expect(ids(await page({ Prefix: 'd/2' }))).toEqual(uploads.slice(4));
  });
});
