/** A real browser: what its pages may do with a bucket of another origin, and what it keeps from them. */
import { type CORSRule, GetObjectCommand, PutBucketCorsCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { signedByV4 } from '../support/browser-forms.ts';
import { signedRequests } from '../support/signed-requests.ts';
import { presign } from '../support/sigv4-sign.ts';
import { useDaemon } from '../support/use-daemon.ts';
import { type Page, servePage } from './browser.ts';

const daemon = useDaemon();
const { sign } = signedRequests(daemon);
const blocked = { error: 'TypeError' };
const uploadedBytes = 300_000;
let page: Page;
let other: Page;
/** Has a rule for `page`. */
let bucket: string;
/** Has a rule for all pages. */
let open: string;
/** Has a rule for forms. */
let posting: string;
/** Has no rule. */
let closed: string;

async function newBucket(...CORSRules: CORSRule[]): Promise<string> {
  const Bucket = await daemon().newBucket();
  const content = { Body: 'content', Metadata: { colour: 'blue', hidden: 'yes' } };
  await daemon().client.send(new PutObjectCommand({ Bucket, Key: 'k', ...content }));
  if (CORSRules.length > 0) {
    await daemon().client.send(new PutBucketCorsCommand({ Bucket, CORSConfiguration: { CORSRules } }));
  }
  return Bucket;
}

async function read(Key: string): Promise<{ text: string | undefined; colour: string | undefined }> {
  const { Body, Metadata } = await daemon().client.send(new GetObjectCommand({ Bucket: bucket, Key }));
  return { text: await Body?.transformToString(), colour: Metadata?.['colour'] };
}

/** A link as a server of the page would make it. */
function link(method: string, path: string, headers: Readonly<Record<string, string>> = {}): string {
  const host = `127.0.0.1:${daemon().port}`;
  const how = { date: new Date(), expiresSeconds: 300 };
  const { rawPath, rawQuery } = presign({ method, path, headers: { host, ...headers } }, daemon(), how);
  return `${daemon().endpoint}${rawPath}?${rawQuery}`;
}

beforeAll(async () => {
  page = await servePage();
  other = await servePage();
  bucket = await newBucket({
    AllowedMethods: ['GET', 'PUT'],
    AllowedOrigins: [page.origin],
    AllowedHeaders: ['authorization', 'content-type', 'if-none-match', 'x-amz-*'],
    ExposeHeaders: ['ETag', 'x-amz-meta-colour'],
    MaxAgeSeconds: 60,
  });
  open = await newBucket({ AllowedMethods: ['GET'], AllowedOrigins: ['*'] });
  posting = await newBucket({ AllowedMethods: ['POST'], AllowedOrigins: [page.origin], ExposeHeaders: ['ETag'] });
  closed = await newBucket();
});

afterAll(async () => {
  await page?.[Symbol.asyncDispose]();
  await other?.[Symbol.asyncDispose]();
});

test('a page that the rules name → reads, writes and hears of errors; what they do not allow the browser does not let it', async () => {
  const signed = sign({ method: 'GET', path: `/${bucket}/k` });
  const { host: _, ...headers } = signed.headers;
  const colour = { 'x-amz-meta-colour': 'red' };
  const told = await page.attempt({
    read: { url: link('GET', `/${bucket}/k`) },
    signedByHeaders: { url: `${daemon().endpoint}/${bucket}/k`, headers },
    withCredentials: { url: link('GET', `/${bucket}/k`), credentials: 'include' },
    unchanged: { url: link('GET', `/${bucket}/k`), headers: { 'if-none-match': '*' } },
    missing: { url: link('GET', `/${bucket}/none`) },
    badLink: { url: `${link('GET', `/${bucket}/k`)}0` },
    put: {
      url: link('PUT', `/${bucket}/put`, colour),
      method: 'PUT',
      headers: { ...colour, 'content-type': 'text/plain' },
      body: 'from fetch',
    },
    putByXhr: {
      by: 'xhr',
      url: link('PUT', `/${bucket}/xhr`),
      method: 'PUT',
      headers: { 'content-type': 'text/plain' },
      body: 'x'.repeat(uploadedBytes),
    },
    anotherHeader: { url: link('GET', `/${bucket}/k`), headers: { 'x-else': '1' } },
    anotherMethod: { url: link('DELETE', `/${bucket}/k`), method: 'DELETE' },
    ofAnotherBucket: { url: link('GET', `/${closed}/k`) },
    unseen: { url: link('GET', `/${closed}/k`), mode: 'no-cors' },
  });

  for (const answer of [told.read, told.signedByHeaders, told.withCredentials]) {
    expect(answer).toMatchObject({ status: 200, type: 'cors', body: 'content' });
    expect(answer.headers).toMatchObject({ etag: expect.stringContaining('"'), 'x-amz-meta-colour': 'blue' });
    expect(answer.headers).not.toHaveProperty('x-amz-meta-hidden');
  }
  expect(told.unchanged).toMatchObject({ status: 304, type: 'cors', body: '' });
  expect(told.missing).toMatchObject({ status: 404, body: expect.stringContaining('<Code>NoSuchKey</Code>') });
  expect(told.badLink).toMatchObject({ status: 403, body: expect.stringContaining('SignatureDoesNotMatch') });
  expect(told.put).toMatchObject({ status: 200, headers: { etag: expect.stringContaining('"') } });
  expect(await read('put')).toEqual({ text: 'from fetch', colour: 'red' });
  expect(told.putByXhr).toMatchObject({ status: 200, uploadedBytes });
  expect((await read('xhr')).text).toHaveLength(uploadedBytes);
  for (const answer of [told.anotherHeader, told.anotherMethod, told.ofAnotherBucket]) expect(answer).toEqual(blocked);
  expect((await read('k')).text).toBe('content');
  expect(told.unseen).toMatchObject({ status: 0, type: 'opaque', body: '' });
});

test('any other page → sees what is open to all pages, without credentials, and nothing else', async () => {
  const told = await other.attempt({
    ofTheFirst: { url: link('GET', `/${bucket}/k`) },
    written: { url: link('PUT', `/${bucket}/refused`), method: 'PUT', body: 'x' },
    open: { url: link('GET', `/${open}/k`) },
    withCredentials: { url: link('GET', `/${open}/k`), credentials: 'include' },
  });
  expect(told.open).toMatchObject({ status: 200, body: 'content' });
  for (const answer of [told.ofTheFirst, told.written, told.withCredentials]) expect(answer).toEqual(blocked);
  await expect(read('refused')).rejects.toMatchObject({ name: 'NoSuchKey' });
});

test('a form → uploads a file, whether scripts of the page may see the answer or not', async () => {
  const file = { name: 'cat.txt', type: 'text/plain', content: 'purr' };
  const landing = `${page.origin}/landing`;
  const form = (Bucket: string, more: Readonly<Record<string, string>>) => {
    const fields = { key: 'forms/${filename}', 'Content-Type': file.type, ...more };
    const conditions = Object.entries(fields).map(([name, value]) =>
      name === 'key' ? ['starts-with', '$key', 'forms/'] : { [name]: value },
    );
    const signature = signedByV4({ bucket: Bucket, key: daemon(), conditions });
    return { url: `${daemon().endpoint}/${Bucket}`, fields: { ...fields, ...signature }, file };
  };
  const told = await page.attempt({
    submitted: { by: 'form', ...form(closed, { success_action_redirect: landing }) },
    fetched: { method: 'POST', ...form(posting, { success_action_status: '201' }) },
    refused: { method: 'POST', ...form(posting, { success_action_status: '201', policy: 'bm9uZQ==' }) },
    unseen: { method: 'POST', ...form(closed, { success_action_status: '201' }) },
  });
  const { searchParams, pathname } = new URL(told.submitted.landed ?? '');
  expect([pathname, searchParams.get('bucket'), searchParams.get('key')]).toEqual([
    '/landing',
    closed,
    'forms/cat.txt',
  ]);
  expect(told.fetched).toMatchObject({ status: 201, body: expect.stringContaining('<Key>forms/cat.txt</Key>') });
  expect(told.fetched.headers).toMatchObject({ etag: searchParams.get('etag') });
  expect(told.refused).toMatchObject({ status: 403, body: expect.stringContaining('<Code>') });
  expect(told.unseen).toEqual(blocked);
  for (const Bucket of [closed, posting]) {
    const { Body, ContentType } = await daemon().client.send(new GetObjectCommand({ Bucket, Key: 'forms/cat.txt' }));
    expect([await Body?.transformToString(), ContentType]).toEqual(['purr', 'text/plain']);
  }
});
