/** Requests are signed by the bench's own code, and must be right for the server to answer them: its code is the judge. */
import { expect, test } from 'vitest';
import { canonicalQuery, HeadSigner, unsignedPayload } from '../../bench/load/signed-head.ts';
import { rootIdentity } from '../../src/iam/identity.ts';
import { groupHeaders } from '../../src/lib/sigv4/canonical-request.ts';
import { authenticate } from '../../src/s3/auth/authenticate.ts';

const endpoint = { host: '127.0.0.1', port: 9000, region: 'us-east-1', accessKeyId: 'key', secretAccessKey: 'secret' };
const nowMs = Date.UTC(2026, 10, 24, 12);
const identity = rootIdentity({ id: '000000000000', displayName: 'root' });

test.for([
  ['GET', '/bucket/key', 0],
  ['PUT', '/bucket/a/b%20c', 4096],
  ['GET', `/bucket?${canonicalQuery({ 'start-after': 'd001/002.x', 'list-type': '2', delimiter: '/' })}`, 0],
] as const)('%s %s → its signature is right, and wrong for any other path', ([method, target, bodyBytes]) => {
  const set = { method, targets: [target], bodyBytes, isBodySigned: false };
  const head = new HeadSigner(endpoint, new Date(nowMs)).sign(set, { target, payload: unsignedPayload }).toString();
  const [requestLine = '', ...lines] = head.trimEnd().split('\r\n');
  expect(requestLine).toBe(`${method} ${target} HTTP/1.1`);
  const headers = groupHeaders(lines.flatMap((line) => line.split(/: (.*)/).slice(0, 2)));
  const [rawPath = '', rawQuery = ''] = target.split('?');
  const options = { findSecret: () => ({ secret: 'secret', identity }), region: 'us-east-1', nowMs };
  expect(authenticate({ method, rawPath, rawQuery, headers }, options)).toMatchObject({ kind: 'signed' });
  expect(() => authenticate({ method, rawPath: `${rawPath}!`, rawQuery, headers }, options)).toThrow();
  expect(headers.get('content-length')).toEqual(method === 'PUT' ? [String(bodyBytes)] : undefined);
});

test('parameters → encoded and in order', () => {
  expect(canonicalQuery({ 'start-after': 'a/b c', delimiter: '/' })).toBe('delimiter=%2F&start-after=a%2Fb%20c');
});
