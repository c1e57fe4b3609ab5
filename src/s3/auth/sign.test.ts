/** The command line's signatures: what the server verifies, and what an independent signer of the tests makes. */
import { expect, test } from 'vitest';
import { sha256Hex, signHeader } from '../../../test/support/sigv4-sign.ts';
import { rootIdentity } from '../../iam/identity.ts';
import { signRequest } from '../../lib/sigv4/sign.ts';
import { authenticate } from './authenticate.ts';

const key = { accessKeyId: 'KEY', secretAccessKey: 'a secret/with+signs' };
const nowMs = Date.UTC(2026, 0, 2, 3, 4, 5);
const request = { method: 'POST', rawPath: '/-/disks/%2Fsrv%2Fdisk%201/replace', host: '[::1]:9000', body: '{"a":1}' };
const headers = signRequest(request, { ...key, region: 'eu-west-1', nowMs });

test('a signed request → the server knows who signed it, and that the body is meant', () => {
  const wire = new Map(Object.entries({ host: request.host, ...headers }).map(([name, value]) => [name, [value]]));
  const identity = rootIdentity({ id: '000000000000', displayName: 'root' });
  const options = {
    findSecret: (id: string) => (id === key.accessKeyId ? { secret: key.secretAccessKey, identity } : undefined),
    region: 'eu-west-1',
    nowMs,
  };
  const found = authenticate({ method: 'POST', rawPath: request.rawPath, rawQuery: '', headers: wire }, options);
  expect(found).toMatchObject({
    kind: 'signed',
    identity,
    payload: { kind: 'sha256', sha256: sha256Hex(request.body) },
  });
});

test("the same request signed by AWS's description → the same signature", () => {
  const signed = signHeader(
    { method: 'POST', path: '/-/disks//srv/disk 1/replace', headers: { host: request.host } },
    { ...key, region: 'eu-west-1' },
    { date: new Date(nowMs), payload: sha256Hex(request.body) },
  );
  // The path has an encoded slash, which that signer would send as it is: only a path without one compares.
  const plain = signRequest({ ...request, rawPath: signed.rawPath }, { ...key, region: 'eu-west-1', nowMs });
  expect(plain['authorization']).toBe(signed.headers['authorization']);
});

test('a query, headers, a token and a body that is a stream → signed too', () => {
  const session = { ...key, sessionToken: 'a token' };
  const signed = signHeader(
    {
      method: 'PUT',
      path: '/b/k y',
      query: [
        ['partNumber', '1'],
        ['uploadId', 'a+b'],
      ],
      headers: { host: request.host, 'x-amz-meta-a': '1' },
    },
    { ...session, region: 'eu-west-1' },
    { date: new Date(nowMs), payload: 'UNSIGNED-PAYLOAD' },
  );
  const { rawPath, rawQuery } = signed;
  const options = { ...session, region: 'eu-west-1', nowMs };
  const streamed = { method: 'PUT', rawPath, rawQuery, host: request.host, body: { sha256: 'UNSIGNED-PAYLOAD' } };
  const ours = signRequest({ ...streamed, headers: { 'x-amz-meta-a': '1' } }, options);
  expect(ours).toEqual({ ...signed.headers, host: undefined, 'x-amz-meta-a': '1', 'x-amz-security-token': 'a token' });
});
