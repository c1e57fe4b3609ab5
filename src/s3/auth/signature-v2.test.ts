/** Signature Version 2: AWS's own examples, and what else its page says. */
import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { identity } from '../../../test/support/auth-requests.ts';
import { groupHeaders } from '../../lib/sigv4/canonical-request.ts';
import { authenticate } from './authenticate.ts';
import type { AccessKey, SignedRequest } from './types.ts';

const secret = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY';
const keys = new Map<string, AccessKey>([
  ['AKIAIOSFODNN7EXAMPLE', { secret, identity }],
  ['TEMP', { secret, identity, sessionToken: 'token+/=' }],
]);
const now = Date.UTC(2007, 2, 27, 19, 36, 42);
const options = (nowMs = now) => ({
  findSecret: (id: string) => keys.get(id),
  region: 'us-east-1',
  signatureVersion2: true,
  nowMs,
});

interface Given {
  readonly method?: string;
  readonly url: string;
  readonly headers?: readonly (readonly [name: string, value: string])[];
  readonly hostBucket?: string;
}

function received({ method = 'GET', url, headers = [], hostBucket }: Given): SignedRequest {
  const [rawPath = '', rawQuery = ''] = url.split(/\?(.*)/s, 2);
  return { method, rawPath, rawQuery, hostBucket, headers: groupHeaders([['Host', 'h'], ...headers].flat()) };
}

const sign = (text: string) => createHmac('sha1', secret).update(text).digest('base64');
const by = (signature: string, id = 'AKIAIOSFODNN7EXAMPLE') => ['Authorization', `AWS ${id}:${signature}`] as const;

function errorOf(given: Given, nowMs = now): unknown {
  try {
    return authenticate(received(given), options(nowMs));
  } catch (error) {
    return error;
  }
}

/** The examples of the page, which all use the bucket awsexamplebucket1 in the host. */
const bucket = 'awsexamplebucket1';
const examples: readonly (readonly [name: string, given: Given])[] = [
  [
    'Object GET',
    {
      url: '/photos/puppy.jpg',
      headers: [['Date', 'Tue, 27 Mar 2007 19:36:42 +0000'], by('qgk2+6Sv9/oM7G3qLEjTH1a1l1g=')],
    },
  ],
  [
    'Object PUT',
    {
      method: 'PUT',
      url: '/photos/puppy.jpg',
      headers: [
        ['Content-Type', 'image/jpeg'],
        ['Content-Length', '94328'],
        ['Date', 'Tue, 27 Mar 2007 21:15:45 +0000'],
        by('iqRzw+ileNPu1fhspnRs8nOjjIA='),
      ],
    },
  ],
  [
    'List',
    {
      url: '/?prefix=photos&max-keys=50&marker=puppy',
      headers: [
        ['User-Agent', 'Mozilla/5.0'],
        ['Date', 'Tue, 27 Mar 2007 19:42:41 +0000'],
        by('m0WP8eCtspQl5Ahe6L1SozdX9YA='),
      ],
    },
  ],
  [
    'Fetch',
    {
      url: '/?acl',
      headers: [['Date', 'Tue, 27 Mar 2007 19:44:46 +0000'], by('82ZHiFIjc+WbcwFKGUVEQspPn+0=')],
    },
  ],
];

describe('an example of AWS', () => {
  test.for(examples)('%s → accepted, and refused once anything signed is changed', ([, given]) => {
    const at = Date.parse(given.headers?.find(([name]) => name === 'Date')?.[1] ?? '');
    const headers = given.headers ?? [];
    const answer = authenticate(received({ ...given, hostBucket: bucket }), options(at));
    expect(answer).toMatchObject({ kind: 'signed', version: 'AWS', mode: 'header', signedMs: at, region: 'us-east-1' });
    const changed: Given[] = [
      { ...given, method: 'DELETE' },
      { ...given, url: `${given.url}&versions`.replace(/^([^?]*)&/, '$1?') },
      { ...given, url: given.url.replace('/', '/other/') },
      { ...given, headers: [...headers, ['x-amz-acl', 'public-read']] },
      { ...given, headers: [...headers, ['Content-MD5', 'rL0Y20zC+Fzt72VPzMSk2A==']] },
      { ...given, headers: headers.map(([n, v]) => (n === 'Date' ? [n, v.replace(/\d\d \+/, '59 +')] : [n, v])) },
    ];
    for (const each of changed) {
      expect(errorOf({ ...each, hostBucket: bucket }, at)).toMatchObject({ code: 'SignatureDoesNotMatch' });
    }
    expect(errorOf({ ...given, hostBucket: 'other' }, at)).toMatchObject({ code: 'SignatureDoesNotMatch' });
  });
});

const date = 'Tue, 27 Mar 2007 19:36:42 GMT';

describe('a signature in the header', () => {
  test('x-amz-date → counts instead of Date, whose line is empty', () => {
    const signature = sign(`DELETE\n\n\n\nx-amz-date:${date}\n/b/k`);
    const headers = [['Date', 'Tue, 27 Mar 2007 12:00:00 GMT'], ['x-amz-date', date], by(signature)] as const;
    expect(errorOf({ method: 'DELETE', url: '/b/k', headers })).toMatchObject({ kind: 'signed', signedMs: now });
  });

  test('x-amz-* headers → in lower case, sorted, of one name joined by commas', () => {
    const text = `PUT\nrL0Y20zC+Fzt72VPzMSk2A==\ntext/plain\n${date}\nx-amz-acl:private\nx-amz-meta-a:x,y z\n/b/k%20%C3%A9`;
    const headers = [
      ['Content-MD5', 'rL0Y20zC+Fzt72VPzMSk2A=='],
      ['content-type', 'text/plain'],
      ['Date', date],
      ['X-Amz-Meta-A', 'x'],
      ['x-amz-meta-A', 'y z'],
      ['X-AMZ-ACL', 'private'],
      by(sign(text)),
    ] as const;
    expect(errorOf({ method: 'PUT', url: '/b/k%20%C3%A9', headers })).toMatchObject({ kind: 'signed' });
    expect(errorOf({ method: 'PUT', url: '/b/k%20%c3%a9', headers })).toMatchObject({ code: 'SignatureDoesNotMatch' });
  });

  test.for([
    ['/b/k?versionId=1&acl', '/b/k?acl&versionId=1'],
    ['/b/k?uploadId=u&partNumber=2&x=y', '/b/k?partNumber=2&uploadId=u'],
    [
      '/b/k?response-content-type=text%2Fplain%20%C3%A9&response-expires=a%26b',
      '/b/k?response-content-type=text/plain é&response-expires=a&b',
    ],
    ['/b?prefix=a&list-type=2', '/b'],
    ['/b?prefix=a&list-type=2', '/b/'],
    ['/b?delete=', '/b/?delete'],
    ['/b?delete', '/b?delete='],
    ['/b?encryption', '/b?encryption'],
    ['/', '/'],
  ] as const)('%s → may be signed as %s', ([url, resource]) => {
    const signature = sign(`GET\n\n\n${date}\n${resource}`);
    expect(errorOf({ url, headers: [['Date', date], by(signature)] })).toMatchObject({ kind: 'signed' });
  });

  test.for([
    'acl',
    'encryption',
    'publicAccessBlock',
    'retention',
    'versionId=1',
    'partNumber=1',
    'response-expires=x',
  ])('?%s that was not signed → SignatureDoesNotMatch', (parameter) => {
    const signature = sign(`GET\n\n\n${date}\n/b/k`);
    const error = errorOf({ url: `/b/k?${parameter}`, headers: [['Date', date], by(signature)] });
    expect(error).toMatchObject({ code: 'SignatureDoesNotMatch' });
  });

  test('a value that would be signed like two parameters → InvalidArgument', () => {
    const signature = sign(`GET\n\n\n${date}\n/b/k?response-expires=x&versionId=1`);
    const given = (query: string): Given => ({ url: `/b/k?${query}`, headers: [['Date', date], by(signature)] });
    expect(errorOf(given('response-expires=x&versionId=1'))).toMatchObject({ kind: 'signed' });
    expect(errorOf(given('response-expires=x%26versionId%3D1'))).toMatchObject({ code: 'InvalidArgument' });
  });

  test('15 minutes of skew → accepted, a second more → RequestTimeTooSkewed', () => {
    const given: Given = { url: '/b/k', headers: [['Date', date], by(sign(`GET\n\n\n${date}\n/b/k`))] };
    for (const minutes of [-15, 15]) {
      expect(errorOf(given, now + minutes * 60_000)).toMatchObject({ kind: 'signed' });
      const late = errorOf(given, now + minutes * 60_000 + Math.sign(minutes) * 1000);
      expect(late).toMatchObject({ code: 'RequestTimeTooSkewed', fields: { RequestTime: date } });
    }
  });

  test('a session token → is signed as a header, belongs to its key, and its key needs it', () => {
    const token = ['x-amz-security-token', 'token+/='] as const;
    const signed = sign(`GET\n\n\n${date}\nx-amz-security-token:token+/=\n/b/k`);
    const bare = sign(`GET\n\n\n${date}\n/b/k`);
    const of = (...headers: readonly (readonly [string, string])[]) =>
      errorOf({ url: '/b/k', headers: [['Date', date], ...headers] });
    expect(of(token, by(signed, 'TEMP'))).toMatchObject({ accessKeyId: 'TEMP' });
    expect(of(token, by(bare, 'TEMP'))).toMatchObject({ code: 'SignatureDoesNotMatch' });
    expect(of(by(bare, 'TEMP'))).toMatchObject({ code: 'InvalidAccessKeyId' });
    expect(of(token, by(signed))).toMatchObject({ code: 'InvalidToken' });
  });

  test.for([
    ['no date', [by(sign('GET\n\n\n\n/b/k'))], 'AccessDenied'],
    ['a date that is none', [['Date', 'today'], by(sign('GET\n\n\ntoday\n/b/k'))], 'AccessDenied'],
    ['a date before 1970', [['Date', 'Tue, 07 Jul 1950 21:53:04 GMT'], by('x')], 'AccessDenied'],
    [
      'no key',
      [
        ['Date', date],
        ['Authorization', 'AWS :x'],
      ],
      'InvalidArgument',
    ],
    [
      'no signature',
      [
        ['Date', date],
        ['Authorization', 'AWS AKIAIOSFODNN7EXAMPLE:'],
      ],
      'InvalidArgument',
    ],
    [
      'nothing',
      [
        ['Date', date],
        ['Authorization', 'AWS'],
      ],
      'InvalidArgument',
    ],
    ['an unknown key', [['Date', date], by('x', 'NOBODY')], 'InvalidAccessKeyId'],
    ['a signature that is none', [['Date', date], by('x')], 'SignatureDoesNotMatch'],
    [
      'a streamed body of signed chunks',
      [['x-amz-content-sha256', 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD'], ['Date', date], by('x')],
      'InvalidRequest',
    ],
  ] as const)('%s → refused', ([, headers, code]) => {
    expect(errorOf({ url: '/b/k', headers })).toMatchObject({ code });
  });
});

const expires = String(now / 1000 + 60);
const query = (signature: string, id = 'AKIAIOSFODNN7EXAMPLE') =>
  `AWSAccessKeyId=${id}&Expires=${expires}&Signature=${encodeURIComponent(signature)}`;

describe('a signature in the query', () => {
  test('AWS’s example → accepted until it expires', () => {
    const url = `/photos/puppy.jpg?AWSAccessKeyId=AKIAIOSFODNN7EXAMPLE&Signature=NpgCjnDzrM%2BWFzoENXmpNDUsSn8%3D&Expires=1175139620`;
    const given = { url, hostBucket: 'johnsmith' };
    expect(errorOf(given, 1_175_139_620_000)).toMatchObject({ kind: 'signed', mode: 'presigned', signedMs: undefined });
    expect(errorOf(given, 1_175_139_621_000)).toMatchObject({
      code: 'AccessDenied',
      message: 'Request has expired',
      fields: { Expires: '2007-03-29T03:40:20Z' },
    });
  });

  test('headers in the query → signed as headers; of both the header counts', () => {
    const signature = sign(`PUT\n\ntext/plain\n${expires}\nx-amz-acl:private\nx-amz-security-token:token+/=\n/b/k`);
    const extra = 'x-amz-acl=private&content-type=text%2Fplain&x-amz-security-token=token%2B%2F%3D';
    const of = (url: string, headers: Given['headers'] = []) => errorOf({ method: 'PUT', url, headers });
    const url = `/b/k?${query(signature, 'TEMP')}`;
    expect(of(`${url}&${extra}`)).toMatchObject({ kind: 'signed' });
    expect(of(`${url}&${extra}`, [['content-type', 'text/plain']])).toMatchObject({ kind: 'signed' });
    expect(of(`${url}&${extra}&x-amz-meta-a=b`)).toMatchObject({ code: 'SignatureDoesNotMatch' });
    expect(of(`${url}&${extra}`, [['x-amz-acl', 'public-read']])).toMatchObject({ code: 'SignatureDoesNotMatch' });
    expect(of(`${url}&${extra}`, [['content-type', 'text/html']])).toMatchObject({ code: 'SignatureDoesNotMatch' });
    expect(of(`${url}&${extra.replace('private', 'public-read')}`)).toMatchObject({ code: 'SignatureDoesNotMatch' });
    expect(of(`${url}&${extra}&x-amz-meta-a=x%0Ay`)).toMatchObject({ code: 'InvalidArgument' });
  });

  const signature = sign(`GET\n\n\n${expires}\n/b/k`);
  test.for([
    ['no Expires', query(signature).replace(/&Expires=\d+/, ''), 'AccessDenied'],
    ['no signature', query(signature).replace(/&Signature=.*/, ''), 'AccessDenied'],
    ['no key', query(signature).replace(/AWSAccessKeyId=\w+&/, ''), 'AccessDenied'],
    ['Expires that is no number', query(signature).replace(/Expires=\d+/, 'Expires=1e9'), 'AccessDenied'],
    ['a later Expires', query(signature).replace(expires, String(Number(expires) + 1)), 'SignatureDoesNotMatch'],
    ['Expires twice', `Expires=${Number(expires) + 1}&${query(signature)}`, 'InvalidArgument'],
    ['?acl', `acl&${query(signature)}`, 'SignatureDoesNotMatch'],
    ['Version 4 beside it', `X-Amz-Signature=x&${query(signature)}`, 'InvalidArgument'],
  ] as const)('%s → refused', ([, text, code]) => {
    expect(errorOf({ url: `/b/k?${query(signature)}` })).toMatchObject({ kind: 'signed' });
    expect(errorOf({ url: `/b/k?${text}` })).toMatchObject({ code });
  });

  test('an Authorization header beside it, of either version → InvalidArgument', () => {
    for (const header of [by(signature), ['Authorization', 'AWS4-HMAC-SHA256 Credential=x']] as const) {
      const error = errorOf({ url: `/b/k?${query(signature)}`, headers: [['Date', date], header] });
      expect(error).toMatchObject({ code: 'InvalidArgument', message: expect.stringContaining('Only one auth') });
    }
  });
});

test('without the setting → AWS’s refusal', () => {
  const refusal = {
    code: 'InvalidRequest',
    message: 'The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.',
  };
  const inHeader = received({ url: '/b/k', headers: [['Date', date], by(sign(`GET\n\n\n${date}\n/b/k`))] });
  const inQuery = received({ url: `/b/k?${query(sign(`GET\n\n\n${expires}\n/b/k`))}` });
  for (const request of [inHeader, inQuery]) {
    expect(authenticate(request, options())).toMatchObject({ kind: 'signed' });
    expect(() => authenticate(request, { ...options(), signatureVersion2: false })).toThrow(
      expect.objectContaining(refusal),
    );
  }
});
