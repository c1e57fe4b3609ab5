/** A client's side of Signature Version 2, for raw requests in tests; written from AWS's description. */
import { createHmac } from 'node:crypto';
import type { SigningKey, WireRequest } from './sigv4-sign.ts';

export interface UnsignedV2 {
  readonly method: string;
  /** As it is to be sent, and as it is signed but for the query's other parameters. */
  readonly rawPath: string;
  /** Parameters that are signed, in order of their names. */
  readonly signedQuery?: string;
  readonly headers: Readonly<Record<string, string>>;
}

function signatureOf(request: UnsignedV2, key: SigningKey, when: string): string {
  const { method, rawPath, signedQuery = '', headers } = request;
  const amz = Object.keys(headers).filter((name) => name.startsWith('x-amz-'));
  const lines = [method, headers['content-md5'] ?? '', headers['content-type'] ?? '', when];
  const named = amz.sort().map((name) => `${name}:${headers[name]}`);
  const resource = signedQuery === '' ? rawPath : `${rawPath}?${signedQuery}`;
  const text = [...lines, ...named, resource].join('\n');
  return createHmac('sha1', key.secretAccessKey).update(text).digest('base64');
}

/** Signs with an Authorization header and a Date. Names of headers are in lower case. */
export function signHeaderV2(request: UnsignedV2, key: SigningKey, date: Date): WireRequest {
  const when = date.toUTCString();
  const signature = signatureOf(request, key, when);
  const headers = { ...request.headers, date: when, authorization: `AWS ${key.accessKeyId}:${signature}` };
  return { method: request.method, rawPath: request.rawPath, rawQuery: request.signedQuery ?? '', headers };
}

/** Signs in the query. */
export function presignV2(request: UnsignedV2, key: SigningKey, expires: Date): WireRequest {
  const when = String(Math.floor(expires.getTime() / 1000));
  const signature = encodeURIComponent(signatureOf(request, key, when));
  const query = `AWSAccessKeyId=${key.accessKeyId}&Expires=${when}&Signature=${signature}`;
  const rawQuery = request.signedQuery === undefined ? query : `${request.signedQuery}&${query}`;
  return { method: request.method, rawPath: request.rawPath, rawQuery, headers: request.headers };
}
