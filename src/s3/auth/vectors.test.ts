/**
 * The signature examples that AWS publishes for S3, all with the same example key.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
 */
import { describe, expect, test } from 'vitest';
import { rootIdentity } from '../../iam/identity.ts';
import { canonicalRequest, groupHeaders } from '../../lib/sigv4/canonical-request.ts';
import { requestStringToSign } from '../../lib/sigv4/signing-key.ts';
import { authenticate } from './authenticate.ts';
import type { SignedRequest } from './types.ts';

const identity = rootIdentity({ id: '123456789012', displayName: 'x' });
const options = {
  findSecret: (id: string) =>
    id === 'AKIAIOSFODNN7EXAMPLE' ? { secret: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY', identity } : undefined,
  region: 'us-east-1',
  nowMs: Date.UTC(2013, 4, 24),
};
const emptyHash = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

interface Vector {
  readonly name: string;
  readonly request: readonly [method: string, rawPath: string, rawQuery: string];
  readonly headers: Readonly<Record<string, string>>;
  readonly signedHeaders: string;
  readonly payload: string;
  readonly canonicalSha256: string;
  readonly signature: string;
}

const host = 'examplebucket.s3.amazonaws.com';
const common = { Host: host, 'x-amz-date': '20130524T000000Z' };

const vectors: readonly Vector[] = [
  {
    name: 'GET object with a range',
    request: ['GET', '/test.txt', ''],
    headers: { ...common, Range: 'bytes=0-9' },
    signedHeaders: 'host;range;x-amz-content-sha256;x-amz-date',
    payload: emptyHash,
    canonicalSha256: '7344ae5b7ee6c3e7e6b0fe0640412a37625d1fbfff95c48bbb2dc43964946972',
    signature: 'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
  },
  {
    name: 'PUT object, key with a dollar sign, date in the Date header',
    request: ['PUT', '/test$file.text', ''],
    headers: {
      ...common,
      Date: 'Fri, 24 May 2013 00:00:00 GMT',
      'x-amz-storage-class': 'REDUCED_REDUNDANCY',
    },
    signedHeaders: 'date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class',
    payload: '44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072',
    canonicalSha256: '9e0e90d9c76de8fa5b200d8c849cd5b8dc7a3be3951ddb7f6a76b4158342019d',
    signature: '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
  },
  {
    name: 'GET bucket lifecycle, a parameter without a value',
    request: ['GET', '/', 'lifecycle'],
    headers: common,
    signedHeaders: 'host;x-amz-content-sha256;x-amz-date',
    payload: emptyHash,
    canonicalSha256: '9766c798316ff2757b517bc739a67f6213b4ab36dd5da2f94eaebf79c77395ca',
    signature: 'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543',
  },
  {
    name: 'GET bucket, list objects',
    request: ['GET', '/', 'max-keys=2&prefix=J'],
    headers: common,
    signedHeaders: 'host;x-amz-content-sha256;x-amz-date',
    payload: emptyHash,
    canonicalSha256: 'df57d21db20da04d7fa30298dd4488ba3a2b47ca3a489c74750e0f1e7df1b9b7',
    signature: '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
  },
];

function toRequest({ request, headers, signedHeaders, payload, signature }: Vector): SignedRequest {
  const [method, rawPath, rawQuery] = request;
  const authorization = `AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders=${signedHeaders},Signature=${signature}`;
  const all = { ...headers, 'x-amz-content-sha256': payload, Authorization: authorization };
  return { method, rawPath, rawQuery, headers: groupHeaders(Object.entries(all).flat()) };
}

describe.each(vectors)('$name', (vector) => {
  test('canonical request has the published hash', () => {
    const { payload } = vector;
    const canonical = canonicalRequest({
      ...toRequest(vector),
      signedHeaders: vector.signedHeaders.split(';'),
      payload,
    });
    const scope = { date: '20130524', region: 'us-east-1', service: 's3' };
    expect(requestStringToSign(canonical, { timestamp: '20130524T000000Z', scope }).split('\n').at(-1)).toBe(
      vector.canonicalSha256,
    );
  });

  test('published signature verifies', () => {
    expect(authenticate(toRequest(vector), options)).toMatchObject({
      kind: 'signed',
      mode: 'header',
      identity,
      accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
      payload: { kind: 'sha256', sha256: vector.payload },
    });
  });

  test('another method, path, query or header → SignatureDoesNotMatch', () => {
    const request = toRequest(vector);
    const changed: SignedRequest[] = [
      { ...request, method: 'DELETE' },
      { ...request, rawPath: `${request.rawPath}x` },
      { ...request, rawQuery: `${request.rawQuery}&x` },
      { ...request, headers: new Map([...request.headers, ['host', ['other.s3.amazonaws.com']]]) },
    ];
    for (const each of changed) {
      expect(() => authenticate(each, options)).toThrow(expect.objectContaining({ code: 'SignatureDoesNotMatch' }));
    }
  });
});

describe('presigned GET object', () => {
  const rawQuery =
    'X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404';
  const request = { method: 'GET', rawPath: '/test.txt', rawQuery, headers: groupHeaders(['Host', host]) };

  test('published signature verifies until the last second', () => {
    for (const nowMs of [options.nowMs, options.nowMs + 86_400_000]) {
      expect(authenticate(request, { ...options, nowMs })).toMatchObject({
        mode: 'presigned',
        payload: { kind: 'unsigned' },
      });
    }
  });

  test('after that → Request has expired, with the times', () => {
    const nowMs = options.nowMs + 86_401_000;
    expect(() => authenticate(request, { ...options, nowMs })).toThrow(
      expect.objectContaining({
        code: 'AccessDenied',
        message: 'Request has expired',
        fields: { 'X-Amz-Expires': '86400', Expires: '2013-05-25T00:00:00Z', ServerTime: '2013-05-25T00:00:01Z' },
      }),
    );
  });
});
