/** SSE-S3 and SSE-C as clients meet them: headers, answers and refusals. */
import { createHash, randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  type CopyObjectCommandInput,
  CreateMultipartUploadCommand,
  GetObjectAttributesCommand,
  GetObjectCommand,
  type GetObjectCommandInput,
  HeadObjectCommand,
  ListPartsCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Field, formBody, postForm, signedByV4 } from '../support/browser-forms.ts';
import { rootKey } from '../support/daemon.ts';
import { refusal } from '../support/refusals.ts';
import { signedRequests } from '../support/signed-requests.ts';
import { useDaemon } from '../support/use-daemon.ts';

const daemon = useDaemon({ config: 'bucketDefaults: legacy\nencryption: { default: AES256 }\n' });
const { send } = signedRequests(daemon);
let Bucket: string;

beforeAll(async () => {
  Bucket = await daemon().newBucket();
});

function newKey(bytes: Buffer = randomBytes(32)) {
  const [key, md5] = [bytes.toString('base64'), createHash('md5').update(bytes).digest('base64')];
  return {
    md5,
    own: { SSECustomerAlgorithm: 'AES256', SSECustomerKey: key, SSECustomerKeyMD5: md5 },
    ofSource: {
      CopySourceSSECustomerAlgorithm: 'AES256',
      CopySourceSSECustomerKey: key,
      CopySourceSSECustomerKeyMD5: md5,
    },
    headers: {
      'x-amz-server-side-encryption-customer-algorithm': 'AES256',
      'x-amz-server-side-encryption-customer-key': key,
      'x-amz-server-side-encryption-customer-key-md5': md5,
    },
  };
}
const key = newKey();
const other = newKey();
const md5Of = (text: string) => `"${createHash('md5').update(text).digest('hex')}"`;

const put = (Key: string, input: Partial<PutObjectCommandInput> = {}) =>
  daemon().client.send(new PutObjectCommand({ Bucket, Key, Body: 'text', ...input }));
const get = (Key: string, input: Partial<GetObjectCommandInput> = {}) =>
  daemon().client.send(new GetObjectCommand({ Bucket, Key, ...input }));
const head = (Key: string, input: Partial<GetObjectCommandInput> = {}) =>
  daemon().client.send(new HeadObjectCommand({ Bucket, Key, ...input }));
const copy = (Key: string, source: string, input: Partial<CopyObjectCommandInput> = {}) =>
  daemon().client.send(new CopyObjectCommand({ Bucket, Key, CopySource: `${Bucket}/${source}`, ...input }));
const textOf = async (Key: string, input: Partial<GetObjectCommandInput> = {}) =>
  (await get(Key, input)).Body?.transformToString();

describe('SSE-S3', () => {
  test('an object without a word of it → encrypted, said by every answer, its ETag the MD5 of its text', async () => {
    const shown = { ServerSideEncryption: 'AES256', ETag: md5Of('text') };
    expect(await put('default')).toMatchObject(shown);
    expect(await head('default')).toMatchObject(shown);
    const answer = await get('default', { Range: 'bytes=1-2', ChecksumMode: 'ENABLED' });
    expect(answer).toMatchObject({ ...shown, ContentRange: 'bytes 1-2/4' });
    expect(await answer.Body?.transformToString()).toBe('ex');
    expect(await put('asked', { ServerSideEncryption: 'AES256' })).toMatchObject(shown);
    expect(await copy('copied', 'default')).toMatchObject({ ServerSideEncryption: 'AES256' });
    expect(await textOf('copied')).toBe('text');
  });

  test('a text → in none of the files of the server', async () => {
    const text = 'a-text-that-nothing-else-says '.repeat(2000);
    await put('hidden', { Body: text });
    await put('hidden-small', { Body: text.slice(0, 100) });
    await textOf('hidden-small');
    const files = await readdir(daemon().dataDirectory, { recursive: true, withFileTypes: true });
    const found: string[] = [];
    for (const file of files.filter((entry) => entry.isFile())) {
      const bytes = await readFile(join(file.parentPath, file.name));
      if (bytes.includes('a-text-that-nothing-else-says')) found.push(file.name);
    }
    expect(found).toEqual([]);
  });

  test('in parts → said by every answer, and read by part and range', async () => {
    const { client } = daemon();
    const named = { Bucket, Key: 'parts' };
    const created = await client.send(new CreateMultipartUploadCommand(named));
    expect(created.ServerSideEncryption).toBe('AES256');
    const { UploadId } = created;
    const first = await client.send(
      new UploadPartCommand({ ...named, UploadId, PartNumber: 1, Body: 'a'.repeat(5 * 1024 ** 2) }),
    );
    expect(first.ServerSideEncryption).toBe('AES256');
    await put('source', { Body: 'bcdef' });
    const CopySource = `${Bucket}/source`;
    const second = await client.send(
      new UploadPartCopyCommand({ ...named, UploadId, PartNumber: 2, CopySource, CopySourceRange: 'bytes=1-2' }),
    );
    expect(second).toMatchObject({ ServerSideEncryption: 'AES256', CopyPartResult: { ETag: md5Of('cd') } });
    const Parts = [
      { PartNumber: 1, ETag: first.ETag },
      { PartNumber: 2, ETag: second.CopyPartResult?.ETag },
    ];
    const done = await client.send(
      new CompleteMultipartUploadCommand({ ...named, UploadId, MultipartUpload: { Parts } }),
    );
    expect(done).toMatchObject({ ServerSideEncryption: 'AES256', ETag: expect.stringMatching(/-2"$/) });
    expect(await textOf('parts', { Range: `bytes=${5 * 1024 ** 2 - 2}-` })).toBe('aacd');
    expect(await textOf('parts', { PartNumber: 2 })).toBe('cd');
  });

  test('an algorithm that there is not, or one beside a key of one’s own → refused', async () => {
    const asked = { 'x-amz-server-side-encryption': 'AES128' };
    const answer = await send({ method: 'PUT', path: `/${Bucket}/a`, headers: asked, body: 'x' });
    expect([answer.status, answer.code]).toEqual([400, 'InvalidArgument']);
    await expect(put('both', { ServerSideEncryption: 'AES256', ...key.own })).rejects.toMatchObject(
      refusal('InvalidArgument', 400, {
        message:
          'Server Side Encryption with Customer provided key is incompatible with the encryption method specified',
      }),
    );
  });
});

describe('SSE-C', () => {
  const shown = { SSECustomerAlgorithm: 'AES256', SSECustomerKeyMD5: key.md5 };

  test('an object under one’s key → read with it alone; its ETag says nothing of it', async () => {
    const answer = await put('own', key.own);
    expect(answer).toMatchObject({ ...shown, ETag: expect.stringMatching(/^"[0-9a-f]{32}"$/) });
    expect(answer).not.toHaveProperty('ServerSideEncryption');
    expect(answer.ETag).not.toBe(md5Of('text'));
    expect(await head('own', key.own)).toMatchObject({ ...shown, ContentLength: 4, ETag: answer.ETag });
    expect(await get('own', key.own)).toMatchObject(shown);
    expect(await textOf('own', { ...key.own, Range: 'bytes=1-' })).toBe('ext');
    const attributes = { Bucket, Key: 'own', ObjectAttributes: ['ETag', 'ObjectSize'] } as const;
    const asked = { ...attributes, ObjectAttributes: [...attributes.ObjectAttributes] };
    const { client } = daemon();
    expect(await client.send(new GetObjectAttributesCommand({ ...asked, ...key.own }))).toMatchObject({
      ObjectSize: 4,
    });
    await expect(client.send(new GetObjectAttributesCommand(asked))).rejects.toMatchObject(
      refusal('InvalidRequest', 400),
    );
  });

  test('no key, another key, or a key for an object without → refused with the sentences of AWS', async () => {
    await put('kept', key.own);
    await put('without');
    await expect(get('kept')).rejects.toMatchObject(
      refusal('InvalidRequest', 400, {
        message:
          'The object was stored using a form of Server Side Encryption. The correct parameters must be provided to retrieve the object.',
      }),
    );
    await expect(head('kept')).rejects.toMatchObject({ $metadata: { httpStatusCode: 400 } });
    await expect(get('kept', other.own)).rejects.toMatchObject(
      refusal('AccessDenied', 403, {
        message:
          'Requests specifying Server Side Encryption with Customer provided keys must provide the correct secret key.',
      }),
    );
    await expect(head('kept', other.own)).rejects.toMatchObject({ $metadata: { httpStatusCode: 403 } });
    await expect(get('without', key.own)).rejects.toMatchObject(
      refusal('InvalidRequest', 400, { message: 'The encryption parameters are not applicable to this object.' }),
    );
  });

  const short = newKey(randomBytes(10)).headers;
  const { 'x-amz-server-side-encryption-customer-algorithm': algorithm, ...withoutAlgorithm } = key.headers;
  const { 'x-amz-server-side-encryption-customer-key': _, ...withoutKey } = key.headers;
  const { 'x-amz-server-side-encryption-customer-key-md5': __, ...withoutMd5 } = key.headers;
  const mustProvide = 'Requests specifying Server Side Encryption with Customer provided keys must provide';
  test.each([
    ['no algorithm', withoutAlgorithm, 'InvalidArgument', `${mustProvide} a valid encryption algorithm.`],
    ['no key', withoutKey, 'InvalidArgument', `${mustProvide} an appropriate secret key.`],
    ['no MD5', withoutMd5, 'InvalidArgument', `${mustProvide} the client calculated MD5 of the secret key.`],
    [
      'another algorithm',
      { ...key.headers, 'x-amz-server-side-encryption-customer-algorithm': `${algorithm}-CBC` },
      'InvalidEncryptionAlgorithmError',
      'The Encryption request you specified is not valid. Supported value: AES256.',
    ],
    [
      'another MD5',
      { ...key.headers, 'x-amz-server-side-encryption-customer-key-md5': other.md5 },
      'InvalidArgument',
      'The calculated MD5 hash of the key did not match the hash that was provided.',
    ],
    ['a short key', short, 'InvalidArgument', 'The secret key was invalid for the specified algorithm.'],
  ])('%s → 400 %j %s', async (_, headers, code, message) => {
    const answer = await send({ method: 'PUT', path: `/${Bucket}/refused`, headers, body: 'x' });
    expect(answer).toMatchObject({ status: 400, code });
    expect(answer.body).toContain(message);
    expect(answer.body).toContain('<ArgumentName>x-amz-server-side-encryption</ArgumentName>');
    expect(answer.body).not.toContain(key.own.SSECustomerKey);
    expect((await send({ method: 'GET', path: `/${Bucket}/refused` })).status).toBe(404);
  });

  test('copies out of it and into it → under the key that each is asked for', async () => {
    await put('from', key.own);
    await expect(copy('to', 'from')).rejects.toMatchObject(refusal('InvalidRequest', 400));
    await expect(copy('to', 'from', other.ofSource)).rejects.toMatchObject(refusal('AccessDenied', 403));
    expect(await copy('to', 'from', key.ofSource)).toMatchObject({
      ServerSideEncryption: 'AES256',
      CopyObjectResult: { ETag: md5Of('text') },
    });
    expect(await textOf('to')).toBe('text');
    expect(await copy('to', 'from', { ...key.ofSource, ...other.own })).toMatchObject({
      SSECustomerKeyMD5: other.md5,
    });
    expect(await textOf('to', other.own)).toBe('text');
    // Onto itself, as its key changes.
    await copy('from', 'from', { ...key.ofSource, ...other.own });
    expect(await textOf('from', other.own)).toBe('text');
  });

  test('an upload in parts → every part with the key that it was begun with', async () => {
    const { client } = daemon();
    const named = { Bucket, Key: 'own-parts' };
    const { UploadId, ...created } = await client.send(
      new CreateMultipartUploadCommand({ ...named, ...key.own, ChecksumAlgorithm: 'CRC32' }),
    );
    expect(created).toMatchObject(shown);
    const part = { ...named, UploadId, PartNumber: 1 };
    const upload = (more: object) => client.send(new UploadPartCommand({ ...part, Body: 'text', ...more }));
    await expect(upload({})).rejects.toMatchObject(
      refusal('InvalidRequest', 400, {
        message:
          'The multipart upload initiate requested encryption. Subsequent part requests must include the appropriate encryption parameters.',
      }),
    );
    await expect(upload(other.own)).rejects.toMatchObject(
      refusal('InvalidRequest', 400, {
        message: 'The provided encryption parameters did not match the ones used originally.',
      }),
    );
    const { ETag, ChecksumCRC32, ...uploaded } = await upload(key.own);
    expect(uploaded).toMatchObject(shown);
    expect(ETag).not.toBe(md5Of('text'));
    expect(await upload(key.own), 'sent again').toMatchObject({ ETag });
    await expect(client.send(new ListPartsCommand({ ...named, UploadId }))).rejects.toMatchObject(
      refusal('InvalidRequest', 400),
    );
    const listed = await client.send(new ListPartsCommand({ ...named, UploadId, ...key.own }));
    expect(listed.Parts).toMatchObject([{ ETag, ChecksumCRC32 }]);
    await put('of-part', key.own);
    const CopySource = `${Bucket}/of-part`;
    const copied = await client.send(
      new UploadPartCopyCommand({ ...part, PartNumber: 2, CopySource, ...key.own, ...key.ofSource }),
    );
    expect(copied).toMatchObject(shown);
    const Parts = [{ PartNumber: 1, ETag, ChecksumCRC32 }];
    const complete = (more: object) =>
      client.send(new CompleteMultipartUploadCommand({ ...named, UploadId, MultipartUpload: { Parts }, ...more }));
    await expect(complete(other.own)).rejects.toMatchObject(refusal('InvalidRequest', 400));
    await complete(key.own);
    expect(await textOf('own-parts', key.own)).toBe('text');
    await expect(get('own-parts', { ...other.own, PartNumber: 1 })).rejects.toMatchObject(refusal('AccessDenied', 403));
  });

  test('a form’s fields → the object is under their key', async () => {
    const fields = { key: 'form', ...key.headers };
    const conditions = Object.entries(fields).map(([name, value]) => ({ [name]: value }));
    const signature = signedByV4({ bucket: Bucket, key: rootKey, conditions });
    const all: Field[] = [...Object.entries({ ...fields, ...signature }), ['file', 'of a form', 'a.txt']];
    const answer = await postForm(`${daemon().endpoint}/${Bucket}`, formBody(all));
    expect(answer.status).toBe(204);
    expect(await textOf('form', key.own)).toBe('of a form');
  });
});
