import { describe, expect, test } from 'vitest';
import {
  authorization,
  date,
  errorOf,
  get,
  header,
  host,
  identity,
  key,
  options,
  payload,
  received,
} from '../../../test/support/auth-requests.ts';
import { presign, signHeader } from '../../../test/support/sigv4-sign.ts';
import { authenticate } from './authenticate.ts';

const oddKeys = [
  'a',
  'a/',
  'a//b',
  '../x',
  './x/..',
  '%',
  '%41',
  '+',
  'a b',
  '😀',
  'é',
  'e\u0301',
  '\u0001\u007f',
  "!'()*",
  '&=?#;:@$,',
  '~-_.',
  '\\"<>^`{|}',
];

describe.each(oddKeys)('key %j', (name) => {
  const odd = {
    path: `/bucket/${name}`,
    query: [
      ['prefix', name],
      [name, ''],
      ['a', name],
    ] as const,
  };

  test('signed in the header or in the query → verified', () => {
    expect(authenticate(received(header(odd)), options)).toMatchObject({ kind: 'signed', mode: 'header' });
    const presigned = presign({ ...get, ...odd }, key, { date, expiresSeconds: 60 });
    expect(authenticate(received(presigned), options)).toMatchObject({ kind: 'signed', mode: 'presigned' });
  });

  test('sent with nothing encoded that need not be → verified', () => {
    const wire = header(odd);
    const rawPath = `/bucket/${Buffer.from(name, 'utf8').toString('latin1').replaceAll('%', '%25')}`;
    expect(authenticate(received({ ...wire, rawPath }), options)).toMatchObject({ kind: 'signed' });
  });
});

describe('the query', () => {
  test('sorted by name, then by value, whatever order and case of escapes it is sent in', () => {
    const query = [
      ['b', '2'],
      ['a-', '1'],
      ['a', 'z'],
      ['a', 'Z'],
      ['ä', 'ö'],
      ['uploads', ''],
    ] as const;
    const wire = header({ query });
    const rawQuery = 'uploads&a=z&%c3%a4=%c3%b6&a-=1&b=2&a=Z';
    expect(authenticate(received({ ...wire, rawQuery }), options)).toMatchObject({ kind: 'signed' });
  });

  test('a plus sign is a blank', () => {
    const wire = header({ query: [['prefix', 'a b']] });
    expect(authenticate(received({ ...wire, rawQuery: 'prefix=a+b' }), options)).toMatchObject({ kind: 'signed' });
  });
});

test('a client that signs path and query as it sends them → verified, and bound to that form', () => {
  const query = [
    ['prefix', 'a+b'],
    ['list-type', '2'],
  ] as const;
  const wire = signHeader({ ...get, path: '/b/a+(x)', query }, key, { date, payload, verbatim: true });
  expect(wire).toMatchObject({ rawPath: '/b/a+(x)', rawQuery: 'prefix=a+b&list-type=2' });
  expect(authenticate(received(wire), options)).toMatchObject({ kind: 'signed' });
  for (const change of [
    { rawPath: '/b/a%2B(x)' },
    { rawQuery: 'list-type=2&prefix=a+b' },
    { rawQuery: 'prefix=a%20b&list-type=2' },
  ]) {
    expect(errorOf(received({ ...wire, ...change }))).toMatchObject({ code: 'SignatureDoesNotMatch' });
  }
});

describe('headers', () => {
  test('blanks around and inside values, and values sent twice → verified as the client canonicalises them', () => {
    const wire = header({ headers: { ...host, 'x-amz-meta-a': ' two   blanks ', 'x-amz-meta-b': '1,2' } });
    const request = received(wire, { 'x-amz-meta-b': undefined });
    const headers = new Map([...request.headers, ['x-amz-meta-b', ['1', '2']]]);
    expect(authenticate({ ...request, headers }, options)).toMatchObject({ kind: 'signed' });
  });

  test('UTF-8 in values, with bytes that JavaScript takes for blanks → verified', () => {
    const wire = header({ headers: { ...host, 'x-amz-meta-a': 'voilà à la carte' } });
    expect(authenticate(received(wire), options)).toMatchObject({ kind: 'signed' });
  });

  test('an x-amz-* header or the host not signed → AccessDenied that names it', () => {
    const denied = (names: string) => ({
      code: 'AccessDenied',
      message: 'There were headers present in the request which were not signed',
      fields: { HeadersNotSigned: names },
    });
    expect(errorOf(received(header(), { 'x-amz-acl': 'public-read', 'X-Amz-Meta-A': 'b' }))).toMatchObject(
      denied('x-amz-acl, x-amz-meta-a'),
    );
    expect(errorOf(authorization((text) => text.replace('host;', '')))).toMatchObject(denied('host'));
    const presigned = presign(get, key, { date, expiresSeconds: 60 });
    expect(errorOf(received(presigned, { 'x-amz-acl': 'private' }))).toMatchObject(denied('x-amz-acl'));
  });

  test('no x-amz-content-sha256 → InvalidRequest', () => {
    expect(errorOf(received(header(), { 'x-amz-content-sha256': undefined }))).toMatchObject({
      code: 'InvalidRequest',
      message: 'Missing required header for this request: x-amz-content-sha256',
    });
  });
});

describe('payload', () => {
  const mode = (value: string) => {
    const authentication = authenticate(received(signHeader(get, key, { date, payload: value })), options);
    return authentication.payload;
  };

  test('each known value → its mode', () => {
    expect(mode('UNSIGNED-PAYLOAD')).toEqual({ kind: 'unsigned' });
    expect(mode('A'.repeat(64))).toEqual({ kind: 'sha256', sha256: 'a'.repeat(64) });
    expect(mode('STREAMING-AWS4-HMAC-SHA256-PAYLOAD')).toEqual({ kind: 'streaming-signed', trailer: false });
    expect(mode('STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER')).toEqual({ kind: 'streaming-signed', trailer: true });
    expect(mode('STREAMING-UNSIGNED-PAYLOAD-TRAILER')).toEqual({ kind: 'streaming-unsigned', trailer: true });
  });

  test.each(['STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD', 'STREAMING-UNSIGNED-PAYLOAD', 'abc', '', 'unsigned-payload'])(
    '%j → InvalidArgument, signed or not',
    (value) => {
      const refused = {
        code: 'InvalidArgument',
        fields: { ArgumentName: 'x-amz-content-sha256', ArgumentValue: value },
      };
      expect(errorOf(received(signHeader(get, key, { date, payload: value })))).toMatchObject(refused);
      const anonymous = { ...get, headers: { ...host, 'x-amz-content-sha256': value } };
      expect(errorOf(received({ ...anonymous, rawPath: '/b', rawQuery: '' }))).toMatchObject(refused);
    },
  );

  test('presigned with a hash in the query or in a signed header → that hash', () => {
    const hash = 'b'.repeat(64);
    const how = { date, expiresSeconds: 60, payload: hash };
    const inQuery = presign({ ...get, query: [['X-Amz-Content-Sha256', hash]] }, key, how);
    const inHeader = presign({ ...get, headers: { ...host, 'x-amz-content-sha256': hash } }, key, how);
    for (const wire of [inQuery, inHeader]) {
      expect(authenticate(received(wire), options).payload).toEqual({ kind: 'sha256', sha256: hash });
    }
  });
});

test('no signature → anonymous, with what the request says of its body', () => {
  const wire = { method: 'GET', rawPath: '/b', rawQuery: 'prefix=x', headers: host };
  expect(authenticate(received(wire), options)).toEqual({ kind: 'anonymous', payload: { kind: 'none' } });
  const streaming = { 'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER' };
  expect(authenticate(received(wire, streaming), options).payload.kind).toBe('streaming-unsigned');
  const signedChunks = { 'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD' };
  expect(errorOf(received(wire, signedChunks))).toMatchObject({ code: 'InvalidRequest' });
});

describe('keys', () => {
  test('unknown key → InvalidAccessKeyId', () => {
    expect(errorOf(received(header({}, { ...key, accessKeyId: 'NOBODY' })))).toMatchObject({
      code: 'InvalidAccessKeyId',
      status: 403,
      fields: { AWSAccessKeyId: 'NOBODY' },
    });
  });

  test('wrong secret → SignatureDoesNotMatch with what was signed here', () => {
    const wire = header({ path: '/bucket/ä' }, { ...key, secretAccessKey: 'other' });
    const error = errorOf(received(wire));
    const canonical = `GET\n/bucket/%C3%A4\n\nhost:localhost:9000\nx-amz-content-sha256:UNSIGNED-PAYLOAD\nx-amz-date:20260304T050607Z\n\nhost;x-amz-content-sha256;x-amz-date\nUNSIGNED-PAYLOAD`;
    expect(error).toMatchObject({
      code: 'SignatureDoesNotMatch',
      status: 403,
      fields: {
        AWSAccessKeyId: 'AKID',
        StringToSign: expect.stringMatching(
          /^AWS4-HMAC-SHA256\n20260304T050607Z\n20260304\/us-east-1\/s3\/aws4_request\n[0-9a-f]{64}$/,
        ),
        SignatureProvided: wire.signer.seed,
        StringToSignBytes: expect.stringMatching(/^41 57 53 34 2d /),
        CanonicalRequest: canonical,
        CanonicalRequestBytes: [...Buffer.from(canonical)].map((byte) => byte.toString(16).padStart(2, '0')).join(' '),
      },
    });
  });

  test('signature cut, longer, in capitals or no hex → SignatureDoesNotMatch', () => {
    const change = [(s: string) => s.slice(0, -1), (s: string) => `${s}0`, (s: string) => s.toUpperCase(), () => 'zz'];
    for (const each of change) {
      const request = authorization((text) =>
        text.replace(/Signature=(\w+)/, (_, s: string) => `Signature=${each(s)}`),
      );
      expect(errorOf(request)).toMatchObject({ code: 'SignatureDoesNotMatch' });
    }
  });

  test('temporary key with its token → verified, in the header and in the query', () => {
    const temporary = { ...key, accessKeyId: 'TEMP', sessionToken: 'token+/=' };
    expect(authenticate(received(header({}, temporary)), options)).toMatchObject({ accessKeyId: 'TEMP' });
    const presigned = presign(get, temporary, { date, expiresSeconds: 60 });
    expect(authenticate(received(presigned), options)).toMatchObject({ accessKeyId: 'TEMP' });
  });

  test('token with a permanent key, or another than the key has → InvalidToken; none with a temporary one → InvalidAccessKeyId', () => {
    for (const accessKeyId of ['AKID', 'TEMP', 'NOBODY']) {
      const wire = header({}, { ...key, accessKeyId, sessionToken: 'wrong' });
      expect(errorOf(received(wire))).toMatchObject({ code: 'InvalidToken', fields: { 'Token-0': 'wrong' } });
    }
    expect(errorOf(received(header({}, { ...key, accessKeyId: 'TEMP' })))).toMatchObject({
      code: 'InvalidAccessKeyId',
    });
  });

  test('the secret of a key changes → the old one is refused at once', () => {
    const findSecret = () => ({ secret: 'new', identity });
    expect(() => authenticate(received(header()), { ...options, findSecret })).toThrow(
      expect.objectContaining({ code: 'SignatureDoesNotMatch' }),
    );
  });
});

describe('time', () => {
  const minutes = (n: number) => options.nowMs + n * 60_000;

  test('up to 15 minutes apart → accepted; more → RequestTimeTooSkewed', () => {
    for (const n of [-15, 15]) {
      expect(authenticate(received(header()), { ...options, nowMs: minutes(n) }).kind).toBe('signed');
    }
    for (const n of [-15.1, 15.1]) {
      expect(errorOf(received(header()), minutes(n))).toMatchObject({
        code: 'RequestTimeTooSkewed',
        fields: { RequestTime: '20260304T050607Z', MaxAllowedSkewMilliseconds: '900000' },
      });
    }
  });

  test.each([
    'Wed, 04 Mar 2026 05:06:07 -0000',
    'Wed, 04 Mar 2026 05:06:07 GMT',
    '20260304T050607Z',
    'Wed, 04 Mar 2026 06:36:07 +0130',
  ])('only a Date header, %s → verified', (text) => {
    const wire = signHeader(get, key, { date, payload, dateHeader: text });
    expect(wire.headers).not.toHaveProperty('x-amz-date');
    expect(authenticate(received(wire), options)).toMatchObject({ kind: 'signed' });
  });

  test.each([
    undefined,
    '',
    'yesterday',
    '2026-03-04T05:06:07Z',
    '20260304T256007Z',
    '20261304T050607Z',
    '20260230T050607Z',
  ])('date %j → AccessDenied', (text) => {
    expect(errorOf(received(header(), { 'x-amz-date': text }))).toMatchObject({
      code: 'AccessDenied',
      message: 'AWS authentication requires a valid Date or x-amz-date header',
    });
  });

  test('presigned: in force from 15 minutes before its date until it expires', () => {
    const wire = received(presign(get, key, { date, expiresSeconds: 3_600 }));
    for (const n of [-15, 0, 60]) expect(authenticate(wire, { ...options, nowMs: minutes(n) }).kind).toBe('signed');
    expect(errorOf(wire, minutes(-15.1))).toMatchObject({ code: 'AccessDenied', message: 'Request is not yet valid' });
    expect(errorOf(wire, minutes(60.1))).toMatchObject({
      code: 'AccessDenied',
      message: 'Request has expired',
      fields: { 'X-Amz-Expires': '3600', Expires: '2026-03-04T06:06:07Z', ServerTime: '2026-03-04T06:06:13Z' },
    });
    const forNoTime = received(presign(get, key, { date, expiresSeconds: 0 }));
    expect(errorOf(forNoTime, options.nowMs + 1)).toMatchObject({ message: 'Request has expired' });
  });
});
