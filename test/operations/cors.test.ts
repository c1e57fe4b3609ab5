/** What pages of other origins may do: the configuration of a bucket, preflights, and the headers of every answer. */
import {
  type CORSRule,
  DeleteBucketCorsCommand,
  DeletePublicAccessBlockCommand,
  GetBucketCorsCommand,
  PutBucketCorsCommand,
  PutBucketPolicyCommand,
} from '@aws-sdk/client-s3';
import { beforeAll, describe, expect, test } from 'vitest';
import { contentType, formBody, signedByV4 } from '../support/browser-forms.ts';
import type { RawAnswer } from '../support/raw-http.ts';
import { refusal, refusalText } from '../support/refusals.ts';
import { signedRequests } from '../support/signed-requests.ts';
import { presign } from '../support/sigv4-sign.ts';
import { useDaemon } from '../support/use-daemon.ts';

const daemon = useDaemon();
const { send, sendWire } = signedRequests(daemon);
const app = 'https://app.example';
const varied = 'Origin, Access-Control-Request-Headers, Access-Control-Request-Method';

const setRules = (Bucket: string, CORSRules: CORSRule[]) =>
  daemon().client.send(new PutBucketCorsCommand({ Bucket, CORSConfiguration: { CORSRules } }));
const rulesOf = async (Bucket: string) => (await daemon().client.send(new GetBucketCorsCommand({ Bucket }))).CORSRules;

/** Not signed in its head, as a browser's. A body is a form's. */
function ask(method: string, path: string, more: Readonly<Record<string, string>> = {}, form?: Buffer) {
  const [rawPath = '', rawQuery = ''] = path.split('?', 2);
  const type = form === undefined ? {} : { 'content-type': contentType };
  const headers = { host: `127.0.0.1:${daemon().port}`, ...type, ...more };
  return sendWire({ method, rawPath, rawQuery, headers }, form);
}

function preflight(path: string, { origin = app, method = '', headers = '' } = {}): Promise<RawAnswer> {
  return ask('OPTIONS', path, {
    ...(origin !== '' && { origin }),
    ...(method !== '' && { 'access-control-request-method': method }),
    ...(headers !== '' && { 'access-control-request-headers': headers }),
  });
}

/** The headers of an answer that speak to a browser. */
function corsOf({ headers }: RawAnswer): Record<string, string> {
  return Object.fromEntries([...headers].filter(([name]) => name === 'vary' || name.startsWith('access-control-')));
}

describe('the configuration', () => {
  const rule = { AllowedMethods: ['GET'], AllowedOrigins: ['*'] };

  test('none → NoSuchCORSConfiguration; deleted → none again', async () => {
    const Bucket = await daemon().newBucket();
    const none = refusal('NoSuchCORSConfiguration', 404, { BucketName: Bucket });
    await expect(rulesOf(Bucket)).rejects.toMatchObject(none);
    await setRules(Bucket, [rule]);
    expect(await rulesOf(Bucket)).toEqual([rule]);
    for (let times = 0; times < 2; times++) {
      const { $metadata } = await daemon().client.send(new DeleteBucketCorsCommand({ Bucket }));
      expect($metadata.httpStatusCode).toBe(204);
      await expect(rulesOf(Bucket)).rejects.toMatchObject(none);
    }
  });

  test('as it was put → as it is got, in its order and spelling, also after a restart', async () => {
    const Bucket = await daemon().newBucket();
    const rules = [
      {
        ID: 'i'.repeat(255),
        AllowedMethods: ['PUT', 'GET', 'HEAD', 'POST', 'DELETE'],
        AllowedOrigins: ['http://b.example:80', 'https://*.example', ''],
        AllowedHeaders: ['x-AMZ-meta-*', '*'],
        ExposeHeaders: ['ETag', 'x-amz-meta-a'],
        MaxAgeSeconds: 3000,
      },
      rule,
    ];
    await setRules(Bucket, rules);
    await daemon().restart();
    expect(await rulesOf(Bucket)).toEqual(rules);
    await setRules(Bucket, [rule]);
    expect(await rulesOf(Bucket)).toEqual([rule]);
  });

  const malformed = 'MalformedXML: The XML you provided was not well-formed or did not validate against';
  test.each<[string, readonly CORSRule[], string]>([
    ['no rule', [], malformed],
    ['no origin', [{ AllowedMethods: ['GET'], AllowedOrigins: [] }], malformed],
    ['no method', [{ AllowedMethods: [], AllowedOrigins: ['*'] }], malformed],
    ['a negative age', [{ ...rule, MaxAgeSeconds: -1 }], malformed],
    ['an age that is no number', [{ ...rule, MaxAgeSeconds: 'a' as unknown as number }], malformed],
    [
      'a method that is none',
      [rule, { ...rule, AllowedMethods: ['GET', 'OPTIONS'] }],
      'InvalidRequest: Found unsupported HTTP method in CORS config. Unsupported method is OPTIONS',
    ],
    [
      'a method in lower case',
      [{ ...rule, AllowedMethods: ['get'] }],
      'InvalidRequest: Found unsupported HTTP method in CORS config. Unsupported method is get',
    ],
    [
      'an origin of two wildcards',
      [{ ...rule, AllowedOrigins: ['*example*.com'] }],
      'InvalidRequest: AllowedOrigin "*example*.com" can not have more than one wildcard.',
    ],
    [
      'a header of two wildcards',
      [{ ...rule, AllowedHeaders: ['*', 'x-*-*'] }],
      'InvalidRequest: AllowedHeader "x-*-*" can not have more than one wildcard.',
    ],
    [
      'an exposed wildcard',
      [{ ...rule, ExposeHeaders: ['*'] }],
      'InvalidRequest: ExposeHeader "*" contains wildcard. We currently do not support wildcard for ExposeHeader.',
    ],
    [
      'an exposed line end',
      [{ ...rule, ExposeHeaders: ['a\nb'] }],
      'InvalidRequest: ExposeHeader "a\nb" contains invalid character.',
    ],
    [
      'a long id',
      [{ ...rule, ID: 'i'.repeat(256) }],
      'InvalidRequest: ID length should not exceed allowed limit of 255',
    ],
    [
      '101 rules',
      Array.from({ length: 101 }, () => rule),
      'InvalidRequest: The number of CORS rules should not exceed allowed limit of 100 rules.',
    ],
    [
      'more than 64 KiB',
      [{ ...rule, AllowedOrigins: Array.from({ length: 700 }, (_, i) => `https://${i}-${'a'.repeat(80)}.example`) }],
      'MaxMessageLengthExceeded: Your request was too big.',
    ],
  ])('%s → refused, and nothing changes', async (_, rules, message) => {
    const Bucket = await daemon().newBucket();
    await setRules(Bucket, [rule]);
    expect(await refusalText(setRules(Bucket, [...rules]))).toContain(message);
    expect(await rulesOf(Bucket)).toEqual([rule]);
  });

  test('100 rules → taken', async () => {
    const Bucket = await daemon().newBucket();
    await setRules(
      Bucket,
      Array.from({ length: 100 }, () => rule),
    );
    expect(await rulesOf(Bucket)).toHaveLength(100);
  });
});

describe('a preflight', () => {
  let bucket: string;
  beforeAll(async () => {
    bucket = await daemon().newBucket();
    await setRules(bucket, [
      {
        AllowedMethods: ['GET', 'PUT'],
        AllowedOrigins: [app],
        AllowedHeaders: ['x-amz-*', 'Authorization'],
        ExposeHeaders: ['ETag'],
        MaxAgeSeconds: 60,
      },
      { AllowedMethods: ['GET'], AllowedOrigins: ['*'] },
    ]);
  });

  test('that a rule allows → 200 and what the page may do, whether there is such a key or not', async () => {
    for (const path of [`/${bucket}`, `/${bucket}/`, `/${bucket}/a/b`, `/${bucket}/k?uploadId=u&X-Amz-Signature=0`]) {
      const answer = await preflight(path, { method: 'PUT', headers: 'Authorization,x-amz-date' });
      expect([answer.status, answer.body, answer.headers.get('content-length')]).toEqual([200, '', '0']);
      expect(corsOf(answer)).toEqual({
        'access-control-allow-origin': app,
        'access-control-allow-methods': 'GET, PUT',
        'access-control-allow-headers': 'authorization, x-amz-date',
        'access-control-expose-headers': 'ETag',
        'access-control-max-age': '60',
        'access-control-allow-credentials': 'true',
        vary: varied,
      });
    }
  });

  test('by a rule for all origins → *, and no credentials', async () => {
    const answer = await preflight(`/${bucket}/k`, { origin: 'null', method: 'GET' });
    expect(corsOf(answer)).toEqual({
      'access-control-allow-origin': '*',
      'access-control-allow-methods': 'GET',
      vary: varied,
    });
  });

  test.each([
    ['another method', { method: 'DELETE' }, 'DELETE'],
    ['another origin', { origin: 'https://other.example', method: 'PUT' }, 'PUT'],
    ['another header', { method: 'PUT', headers: 'x-amz-date, content-type' }, 'PUT'],
  ])('%s → AccessForbidden, and no headers', async (_, asked, method) => {
    for (const [path, resource] of [
      [`/${bucket}`, 'BUCKET'],
      [`/${bucket}/k`, 'OBJECT'],
    ] as const) {
      const answer = await preflight(path, asked);
      expect([answer.status, answer.code, corsOf(answer)]).toEqual([403, 'AccessForbidden', {}]);
      expect(answer.body).toContain('<Message>CORSResponse: This CORS request is not allowed. ');
      expect(answer.body).toContain(`<Method>${method}</Method><ResourceType>${resource}</ResourceType>`);
    }
  });

  test('without what it must say → BadRequest', async () => {
    const bare = await preflight(`/${bucket}/k`, { origin: '', method: 'GET' });
    expect([bare.status, bare.code]).toEqual([400, 'BadRequest']);
    expect(bare.body).toContain('Insufficient information. Origin request header needed.');
    const aimless = await preflight(`/${bucket}/k`);
    expect([aimless.status, aimless.code]).toEqual([400, 'BadRequest']);
    expect(aimless.body).toContain('Invalid Access-Control-Request-Method: null');
  });

  test('where there are no rules, or no bucket → AccessForbidden that says so', async () => {
    const bare = await daemon().newBucket();
    const closed = await preflight(`/${bare}/k`, { method: 'PUT' });
    expect([closed.status, closed.code]).toEqual([403, 'AccessForbidden']);
    expect(closed.body).toContain('CORSResponse: CORS is not enabled for this bucket.');
    expect(closed.body).toContain('<Method>PUT</Method><ResourceType>BUCKET</ResourceType>');
    for (const path of ['/no-such-bucket-here/k', '/Not_A_Name', '/']) {
      const missing = await preflight(path);
      expect([missing.status, missing.code]).toEqual([403, 'AccessForbidden']);
      expect(missing.body).toContain('CORSResponse: Bucket not found');
      expect(missing.body).toContain('<Method>OPTIONS</Method><ResourceType>BUCKET</ResourceType>');
    }
  });

  test('after the rules have changed → by the new ones at once', async () => {
    const own = await daemon().newBucket();
    const status = async () => (await preflight(`/${own}/k`, { method: 'GET' })).status;
    expect(await status()).toBe(403);
    await setRules(own, [{ AllowedMethods: ['GET'], AllowedOrigins: [app] }]);
    expect(await status()).toBe(200);
    await setRules(own, [{ AllowedMethods: ['GET'], AllowedOrigins: ['https://other.example'] }]);
    expect(await status()).toBe(403);
  });
});

describe('any other request', () => {
  let bucket: string;
  const allowed = {
    'access-control-allow-origin': app,
    'access-control-allow-methods': 'GET, HEAD, PUT, POST, DELETE',
    'access-control-expose-headers': 'ETag',
    'access-control-allow-credentials': 'true',
    vary: varied,
  };
  beforeAll(async () => {
    bucket = await daemon().newBucket();
    const AllowedMethods = ['GET', 'HEAD', 'PUT', 'POST', 'DELETE'];
    await setRules(bucket, [{ AllowedMethods, AllowedOrigins: [app], ExposeHeaders: ['ETag'] }]);
    await send({ method: 'PUT', path: `/${bucket}/k`, body: 'content' });
  });

  test.each<[string, number, Parameters<typeof send>[0]]>([
    ['GET', 200, { method: 'GET', path: '/k' }],
    ['GET of a range', 206, { method: 'GET', path: '/k', headers: { range: 'bytes=0-1' } }],
    ['HEAD', 200, { method: 'HEAD', path: '/k' }],
    ['GET of what has not changed', 304, { method: 'GET', path: '/k', headers: { 'if-none-match': '*' } }],
    ['GET on a condition', 412, { method: 'GET', path: '/k', headers: { 'if-match': '"0"' } }],
    ['GET of no such key', 404, { method: 'GET', path: '/none' }],
    ['HEAD of no such key', 404, { method: 'HEAD', path: '/none' }],
    ['GET of the list', 200, { method: 'GET', path: '' }],
    ['PUT', 200, { method: 'PUT', path: '/other', body: 'x' }],
    ['DELETE', 204, { method: 'DELETE', path: '/other' }],
    ['POST', 200, { method: 'POST', path: '/upload', query: [['uploads', '']] }],
    ['what is not implemented', 501, { method: 'PUT', path: '/k', query: [['novelty', '']] }],
    ['what no operation is', 405, { method: 'POST', path: '/k' }],
    ['another key', 403, { method: 'GET', path: '/k', key: { accessKeyId: 'nobody', secretAccessKey: 'x' } }],
  ])('%s → %s with the headers', async (_, status, { path, headers, ...request }) => {
    const answer = await send({ ...request, path: `/${bucket}${path}`, headers: { ...headers, origin: app } });
    expect([answer.status, corsOf(answer)]).toEqual([status, allowed]);
  });

  test('by a presigned URL, or unsigned → with the headers, also where it is refused', async () => {
    const host = `127.0.0.1:${daemon().port}`;
    const link = presign({ method: 'GET', path: `/${bucket}/k`, headers: { host } }, daemon(), {
      date: new Date(),
      expiresSeconds: 60,
    });
    const read = await ask('GET', `${link.rawPath}?${link.rawQuery}`, { origin: app });
    expect([read.status, read.body, corsOf(read)]).toEqual([200, 'content', allowed]);
    const altered = await ask('GET', `${link.rawPath}x?${link.rawQuery}`, { origin: app });
    expect([altered.code, corsOf(altered)]).toEqual(['SignatureDoesNotMatch', allowed]);
    const bare = await ask('GET', `/${bucket}/k`, { origin: app });
    expect([bare.code, corsOf(bare)]).toEqual(['AccessDenied', allowed]);
  });

  test('a form of a page → with the headers, also where it leads elsewhere or is refused', async () => {
    const success_action_redirect = `${app}/thanks`;
    const conditions = [{ key: 'form' }, { success_action_redirect }];
    const fields = { key: 'form', success_action_redirect, ...signedByV4({ bucket, key: daemon(), conditions }) };
    const post = (entries: readonly (readonly [string, string])[]) =>
      ask('POST', `/${bucket}`, { origin: app }, formBody([...entries, ['file', 'x', 'x.txt']]));
    const led = await post(Object.entries(fields));
    expect([led.status, corsOf(led)]).toEqual([303, allowed]);
    const refused = await post(Object.entries({ ...fields, key: 'another' }));
    expect([refused.status, corsOf(refused)]).toEqual([403, allowed]);
  });

  test('without an origin, from another one, or in another bucket → answered as ever, without the headers', async () => {
    const path = `/${bucket}/k`;
    for (const headers of [{}, { origin: 'https://other.example' }, { origin: '' }, { referer: app }]) {
      const answer = await send({ method: 'GET', path, headers });
      expect([answer.status, answer.body, corsOf(answer)]).toEqual([200, 'content', {}]);
    }
    const other = await daemon().newBucket();
    for (const elsewhere of [`/${other}`, '/', '/no-such-bucket-here/k']) {
      expect(corsOf(await send({ method: 'GET', path: elsewhere, headers: { origin: app } }))).toEqual({});
    }
  });

  test('with the headers of a preflight → by what these say', async () => {
    const from = (headers: Readonly<Record<string, string>>) =>
      send({ method: 'GET', path: `/${bucket}/k`, headers: { origin: app, ...headers } });
    const asDelete = await from({ 'access-control-request-method': 'PATCH' });
    expect([asDelete.status, corsOf(asDelete)]).toEqual([200, {}]);
    expect(corsOf(await from({ 'access-control-request-headers': 'x-amz-date' }))).toEqual({});
    expect(corsOf(await from({ 'access-control-request-method': 'PUT' }))).toEqual(allowed);
  });

  test('of what is open to anybody, with a rule for all origins → *', async () => {
    const { client } = daemon();
    const Bucket = await daemon().newBucket();
    const Resource = `arn:aws:s3:::${Bucket}/*`;
    const Statement = { Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource };
    await client.send(new DeletePublicAccessBlockCommand({ Bucket }));
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement });
    await client.send(new PutBucketPolicyCommand({ Bucket, Policy }));
    await setRules(Bucket, [{ AllowedMethods: ['GET'], AllowedOrigins: ['*'] }]);
    await send({ method: 'PUT', path: `/${Bucket}/k`, body: 'open' });
    const answer = await ask('GET', `/${Bucket}/k`, { origin: app });
    expect([answer.status, answer.body]).toEqual([200, 'open']);
    expect(corsOf(answer)).toMatchObject({ 'access-control-allow-origin': '*' });
    expect(corsOf(answer)).not.toHaveProperty('access-control-allow-credentials');
    expect(corsOf(await ask('GET', `/${Bucket}/k`, { origin: '' }))).toEqual({});
  });
});
