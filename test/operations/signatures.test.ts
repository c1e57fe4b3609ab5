/** Who may do what: signatures in headers and URLs, and requests without any. */
import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import type { RawAnswer } from '../support/raw-http.ts';
import { signedRequests } from '../support/signed-requests.ts';
import { presign, signHeader, type WireRequest } from '../support/sigv4-sign.ts';
import { useDaemon } from '../support/use-daemon.ts';

const publicBucket = 'open-to-all';
const daemon = useDaemon({ environment: { NINEFOLD_BUCKETS: `${publicBucket}:public,closed-to-all` } });
const { sign, send, sendWire } = signedRequests(daemon);
let bucket: string;

beforeAll(async () => {
  bucket = await daemon().newBucket();
  for (const name of [bucket, publicBucket, 'closed-to-all']) {
    await send({ method: 'PUT', path: `/${name}/kept`, body: 'kept' });
  }
});

const host = (): string => `127.0.0.1:${daemon().port}`;
const minute = 60_000;
const text = (xml: string, name: string): string | undefined => new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1];

async function expectKept(name = bucket): Promise<void> {
  expect((await send({ method: 'GET', path: `/${name}/kept` })).body).toBe('kept');
}

describe('signed in the Authorization header', () => {
  test('a wrong secret → SignatureDoesNotMatch with what was to be signed', async () => {
    const key = { accessKeyId: daemon().accessKeyId, secretAccessKey: 'another' };
    const answer = await send({ method: 'PUT', path: `/${bucket}/kept`, query: [['b', '&']], key, body: 'changed' });
    expect([answer.status, answer.code]).toEqual([403, 'SignatureDoesNotMatch']);
    const canonical = text(answer.body, 'CanonicalRequest')?.replaceAll('&amp;', '&') ?? '';
    const stringToSign = text(answer.body, 'StringToSign') ?? '';
    expect(canonical).toMatch(new RegExp(`^PUT\\n/${bucket}/kept\\nb=%26\\nhost:${host()}\\nx-amz-content-sha256:`));
    expect(stringToSign).toMatch(/^AWS4-HMAC-SHA256\n\d{8}T\d{6}Z\n\d{8}\/us-east-1\/s3\/aws4_request\n[0-9a-f]{64}$/);
    expect(stringToSign.split('\n')[3]).toBe(createHash('sha256').update(canonical).digest('hex'));
    expect(text(answer.body, 'AWSAccessKeyId')).toBe(key.accessKeyId);
    expect(text(answer.body, 'SignatureProvided')).toMatch(/^[0-9a-f]{64}$/);
    await expectKept();
  });

  const tampered: readonly (readonly [string, string, (signed: WireRequest) => WireRequest])[] = [
    ['another path', 'SignatureDoesNotMatch', (signed) => ({ ...signed, rawPath: `/${bucket}/other` })],
    ['another method', 'SignatureDoesNotMatch', (signed) => ({ ...signed, method: 'DELETE' })],
    ['another parameter', 'SignatureDoesNotMatch', (signed) => ({ ...signed, rawQuery: 'x-id=PutObject' })],
    ['another signed header', 'SignatureDoesNotMatch', (signed) => withHeader(signed, 'content-type', 'b/b')],
    ['an x-amz-* header more', 'AccessDenied', (signed) => withHeader(signed, 'x-amz-meta-more', 'x')],
    [
      'another payload hash',
      'SignatureDoesNotMatch',
      (signed) => withHeader(signed, 'x-amz-content-sha256', 'UNSIGNED-PAYLOAD'),
    ],
    ['no date', 'AccessDenied', (signed) => withHeader(signed, 'x-amz-date', '')],
    ['no payload hash', 'InvalidRequest', (signed) => without(signed, 'x-amz-content-sha256')],
    ['another scheme', 'InvalidArgument', (signed) => withHeader(signed, 'authorization', 'Bearer of-news')],
    ['Version 2', 'InvalidRequest', (signed) => withHeader(signed, 'authorization', 'AWS key:c2ln')],
    ['no signature', 'AuthorizationHeaderMalformed', (signed) => authorization(signed, /, Signature=.*/, '')],
    ['another service', 'AuthorizationHeaderMalformed', (signed) => authorization(signed, '/s3/', '/ec2/')],
    ['another region', 'AuthorizationHeaderMalformed', (signed) => authorization(signed, 'us-east-1', 'eu-west-9')],
    ['an unknown key', 'InvalidAccessKeyId', (signed) => authorization(signed, 'NINEFOLDTESTKEY', 'NOBODY')],
  ];

  test.for(tampered)('%s → %s, nothing changed', async ([, code, tamper]) => {
    const headers = { 'content-type': 'a/a' };
    const signed = sign({ method: 'PUT', path: `/${bucket}/kept`, headers, body: 'changed' });
    const answer = await sendWire(tamper(signed), 'changed');
    expect(answer.code, answer.body).toBe(code);
    expect(answer.status).toBe(
      ['SignatureDoesNotMatch', 'AccessDenied', 'InvalidAccessKeyId'].includes(code) ? 403 : 400,
    );
    await expectKept();
    expect((await send({ method: 'GET', path: `/${bucket}/other` })).status).toBe(404);
  });

  const disposition = 'attachment; filename="voilà é.txt"';
  const asUtf8 = Buffer.from(disposition).toString('latin1');

  test.for([
    ['UTF-8, as boto3 does', asUtf8],
    ['Latin-1, as node:http does', disposition],
  ] as const)('a header beyond ASCII signed as UTF-8 and sent as %s → taken, and the same text', async ([, sent]) => {
    const headers = { 'content-disposition': disposition };
    const signed = sign({ method: 'PUT', path: `/${bucket}/named`, headers, body: 'named' });
    const answer = await sendWire(withHeader(signed, 'content-disposition', sent), 'named');
    expect(answer.status, answer.body).toBe(200);
    const read = await send({ method: 'GET', path: `/${bucket}/named` });
    expect(read.headers.get('content-disposition')).toBe(asUtf8);
  });

  test.for([
    ['another letter', disposition.replace('é', 'è')],
    ['the letters that its bytes are in Latin-1', Buffer.from(asUtf8).toString('latin1')],
    ['none', disposition.replace('é', '')],
  ] as const)('a header beyond ASCII signed as UTF-8 and sent with %s → SignatureDoesNotMatch', async ([, sent]) => {
    const headers = { 'content-disposition': disposition };
    const signed = sign({ method: 'PUT', path: `/${bucket}/kept`, headers, body: 'changed' });
    const answer = await sendWire(withHeader(signed, 'content-disposition', sent), 'changed');
    expect([answer.status, answer.code]).toEqual([403, 'SignatureDoesNotMatch']);
    await expectKept();
  });

  test('a clock 14 minutes off → taken; 16 → RequestTimeTooSkewed', async () => {
    for (const [minutes, status] of [
      [14, 200],
      [-14, 200],
      [16, 403],
      [-16, 403],
    ] as const) {
      const request = { method: 'GET', path: `/${bucket}/kept`, headers: { host: host() } };
      const date = new Date(Date.now() + minutes * minute);
      const answer = await sendWire(signHeader(request, daemon(), { date, payload: 'UNSIGNED-PAYLOAD' }));
      expect(answer.status, `${minutes} minutes: ${answer.body}`).toBe(status);
      if (status === 403) expect(answer.code).toBe('RequestTimeTooSkewed');
    }
  });
});

describe('presigned', () => {
  function presigned(
    method: string,
    { key = 'kept', agoMs = 0, headers = {}, query = [] }: Presigned = {},
  ): WireRequest {
    const request = { method, path: `/${bucket}/${key}`, headers: { host: host(), ...headers }, query };
    return presign(request, daemon(), { date: new Date(Date.now() - agoMs), expiresSeconds: 60 });
  }
  interface Presigned {
    readonly key?: string;
    readonly agoMs?: number;
    readonly headers?: Readonly<Record<string, string>>;
    readonly query?: readonly (readonly [string, string])[];
  }

  test('GET → the object; with a signed override → as overridden', async () => {
    expect((await sendWire(presigned('GET'))).body).toBe('kept');
    const answer = await sendWire(presigned('GET', { query: [['response-content-type', 'a/b c']] }));
    expect(answer.headers.get('content-type')).toBe('a/b c');
  });

  test('HEAD, DELETE → as signed', async () => {
    await send({ method: 'PUT', path: `/${bucket}/gone`, body: 'x' });
    expect((await sendWire(presigned('HEAD', { key: 'gone' }))).status).toBe(200);
    expect((await sendWire(presigned('DELETE', { key: 'gone' }))).status).toBe(204);
  });

  test('PUT with headers moved into the query → taken for headers: metadata kept, a wrong checksum refused', async () => {
    const moved = presigned('PUT', { key: 'moved', query: [['x-amz-meta-a', 'b']] });
    expect((await sendWire(moved, 'body')).status).toBe(200);
    expect((await send({ method: 'HEAD', path: `/${bucket}/moved` })).headers.get('x-amz-meta-a')).toBe('b');
    const wrong = presigned('PUT', { key: 'kept', query: [['x-amz-checksum-crc32', 'AAAAAA==']] });
    expect((await sendWire(wrong, 'changed')).code).toBe('BadDigest');
    await expectKept();
  });

  test('PUT with whatever body → stored', async () => {
    const answer = await sendWire(presigned('PUT', { key: 'put', headers: { 'x-amz-meta-a': 'b' } }), 'body');
    expect(answer.status, answer.body).toBe(200);
    const got = await send({ method: 'GET', path: `/${bucket}/put` });
    expect([got.body, got.headers.get('x-amz-meta-a')]).toEqual(['body', 'b']);
  });

  const refused: readonly (readonly [string, string, (method: string) => WireRequest])[] = [
    ['expired', 'AccessDenied', (method) => presigned(method, { agoMs: 2 * minute })],
    ['not yet valid', 'AccessDenied', (method) => presigned(method, { agoMs: -16 * minute })],
    [
      'for another key',
      'SignatureDoesNotMatch',
      (method) => ({ ...presigned(method, { key: 'other' }), rawPath: `/${bucket}/kept` }),
    ],
    ['for another method', 'SignatureDoesNotMatch', (method) => ({ ...presigned('HEAD'), method })],
    [
      'with another signature',
      'SignatureDoesNotMatch',
      (method) => query(presigned(method), /Signature=./, 'Signature=g'),
    ],
    ['with a longer life', 'SignatureDoesNotMatch', (method) => query(presigned(method), 'Expires=60', 'Expires=600')],
    [
      'for more than a week',
      'AuthorizationQueryParametersError',
      (method) => query(presigned(method), 'Expires=60', 'Expires=604801'),
    ],
    [
      'with a parameter more',
      'SignatureDoesNotMatch',
      (method) => query(presigned(method), /$/, '&response-expires=0'),
    ],
    [
      'without a date',
      'AuthorizationQueryParametersError',
      (method) => query(presigned(method), /X-Amz-Date=[^&]*&/, ''),
    ],
    ['with an unsigned x-amz-* header', 'AccessDenied', (method) => withHeader(presigned(method), 'x-amz-meta-a', 'b')],
    [
      'and with an Authorization header',
      'InvalidArgument',
      (method) => withHeader(presigned(method), 'authorization', 'AWS4-HMAC-SHA256 x'),
    ],
  ];

  test.for(refused.flatMap((row) => ['GET', 'PUT'].map((method) => [method, ...row] as const)))(
    '%s %s → %s, nothing changed',
    async ([method, , code, make]) => {
      const answer = await sendWire(make(method), method === 'PUT' ? 'changed' : '');
      expect(answer.code, answer.body).toBe(code);
      await expectKept();
    },
  );

  test('expired → says since when', async () => {
    const answer = await sendWire(presigned('GET', { agoMs: 2 * minute }));
    expect(answer.body).toContain('<Message>Request has expired</Message><X-Amz-Expires>60</X-Amz-Expires><Expires>');
  });
});

describe('without any signature', () => {
  const ask = (method: string, path: string, rawQuery = '', headers = {}): Promise<RawAnswer> =>
    sendWire({ method, rawPath: path, rawQuery, headers: { host: host(), ...headers } }, method === 'PUT' ? 'x' : '');

  test.for([
    ['GET', '/kept', ''],
    ['HEAD', '/kept', ''],
    ['GET', '/kept', 'attributes'],
    ['GET', '', ''],
    ['GET', '', 'list-type=2'],
    ['HEAD', '', ''],
    ['GET', '', 'location'],
  ] as const)('%s %s?%s of a public bucket → 200, of a private one → 403', async ([method, path, query]) => {
    const headers = query === 'attributes' ? { 'x-amz-object-attributes': 'ETag' } : {};
    expect((await ask(method, `/${publicBucket}${path}`, query, headers)).status).toBe(200);
    for (const name of [bucket, 'closed-to-all']) {
      expect((await ask(method, `/${name}${path}`, query, headers)).status).toBe(403);
    }
  });

  test('GET of a public object → its bytes', async () => {
    expect((await ask('GET', `/${publicBucket}/kept`)).body).toBe('kept');
  });

  test.for([
    ['PUT', '/kept', '', {}],
    ['PUT', '/new', '', {}],
    ['PUT', '/new', '', { 'x-amz-copy-source': `/${publicBucket}/kept` }],
    ['DELETE', '/kept', '', {}],
    ['DELETE', '', '', {}],
    ['POST', '', 'delete', { 'content-md5': '1B2M2Y8AsgTpgAmY7PhCfg==' }],
    ['POST', '/kept', 'uploads', {}],
    ['PUT', '/kept', 'tagging', {}],
    ['GET', '/kept', 'tagging', {}],
    ['PUT', '', 'versioning', {}],
    ['GET', '', 'versions', {}],
    ['GET', '', 'uploads', {}],
  ] as const)('%s %s?%s of a public bucket → AccessDenied, nothing changed', async ([method, path, query, headers]) => {
    const answer = await ask(method, `/${publicBucket}${path}`, query, headers);
    expect([answer.status, answer.code], answer.body).toEqual([403, 'AccessDenied']);
    await expectKept(publicBucket);
    expect((await send({ method: 'GET', path: `/${publicBucket}/new` })).status).toBe(404);
  });

  test('ListBuckets, CreateBucket → AccessDenied', async () => {
    expect((await ask('GET', '/')).code).toBe('AccessDenied');
    expect((await ask('PUT', '/made-by-nobody')).code).toBe('AccessDenied');
    expect((await send({ method: 'HEAD', path: '/made-by-nobody' })).status).toBe(404);
  });
});

function withHeader(request: WireRequest, name: string, value: string): WireRequest {
  return { ...request, headers: { ...request.headers, [name]: value } };
}

function without(request: WireRequest, name: string): WireRequest {
  const { [name]: _left, ...headers } = request.headers;
  return { ...request, headers };
}

function authorization(request: WireRequest, from: string | RegExp, to: string): WireRequest {
  return withHeader(request, 'authorization', (request.headers['authorization'] ?? '').replace(from, to));
}

function query(request: WireRequest, from: string | RegExp, to: string): WireRequest {
  return { ...request, rawQuery: request.rawQuery.replace(from, to) };
}
