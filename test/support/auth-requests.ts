/** Signed requests as a server receives them, and the verifier's options that fit them. */

import { groupHeaders } from '../../src/lib/sigv4/canonical-request.ts';
import { authenticate } from '../../src/s3/auth/authenticate.ts';
import type { AccessKey, SignedRequest } from '../../src/s3/auth/types.ts';
import { type SigningKey, signHeader, type UnsignedRequest, type WireRequest } from './sigv4-sign.ts';

export const identity = {
  kind: 'root',
  canonicalId: 'c',
  displayName: 'd',
  accountId: '1',
  arn: 'arn:aws:iam::1:root',
  userId: '1',
  tags: [],
} as const;
export const date = new Date('2026-03-04T05:06:07Z');
export const key: SigningKey = { accessKeyId: 'AKID', secretAccessKey: 'secret' };
const keys = new Map<string, AccessKey>([
  ['AKID', { secret: 'secret', identity }],
  ['TEMP', { secret: 'secret', identity, sessionToken: 'token+/=' }],
]);
/** The server's side: region us-east-1, its clock at `date`. */
export const options = { findSecret: (id: string) => keys.get(id), region: 'us-east-1', nowMs: date.getTime() };
export const host = { host: 'localhost:9000' };
export const get = { method: 'GET', path: '/bucket/key', headers: host };
export const payload = 'UNSIGNED-PAYLOAD';

/** A request as node:http hands it over, with headers changed or taken away on the way. */
export function received(wire: WireRequest, changes: Record<string, string | undefined> = {}): SignedRequest {
  const headers = Object.entries({ ...wire.headers, ...changes }).flatMap(([name, value]) =>
    value === undefined ? [] : [name, Buffer.from(value, 'utf8').toString('latin1')],
  );
  return { ...wire, headers: groupHeaders(headers) };
}

/** A GET signed in its header. */
export function header(changes: Partial<UnsignedRequest> = {}, by = key) {
  return signHeader({ ...get, ...changes }, by, { date, payload });
}

/** The same with its Authorization header changed. */
export function authorization(change: (text: string) => string): SignedRequest {
  const wire = header();
  return received(wire, { authorization: change(wire.headers['authorization'] ?? '') });
}

/** What the verifier throws; fails if it accepts. */
export function errorOf(request: SignedRequest, nowMs = options.nowMs) {
  try {
    authenticate(request, { ...options, nowMs });
  } catch (error) {
    return error;
  }
  throw new Error('the request was accepted');
}
