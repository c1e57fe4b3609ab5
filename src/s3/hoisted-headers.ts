/** Headers that a presigner has moved into the query: part of what was signed, and meant as headers. */
import type { IncomingHttpHeaders } from 'node:http';
import type { HeaderMap } from '../lib/sigv4/canonical-request.ts';
import { S3Error } from './errors.ts';

/** Parameters that belong to the signature itself. */
const signatureParameters: ReadonlySet<string> = new Set([
  'x-amz-algorithm',
  'x-amz-credential',
  'x-amz-date',
  'x-amz-expires',
  'x-amz-signedheaders',
  'x-amz-signature',
  'x-amz-security-token',
  'x-amz-content-sha256',
]);

const none: ReadonlyMap<string, string> = new Map();

/** Headers in a presigned query by lower-case name; empty for any other request. Throws for those that could be no header. */
export function hoistedHeaders(query: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  if (query.has('X-Amz-Signature')) return headersIn(query, (name) => isAmz(name) && !signatureParameters.has(name));
  if (query.has('Signature') && query.has('AWSAccessKeyId')) return hoistedByV2(query);
  return none;
}

/** Of a query that is signed by Version 2, all that stands for a header in what is signed. */
export function hoistedByV2(query: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  return headersIn(query, (name) => isAmz(name) || name === 'content-md5' || name === 'content-type');
}

function isAmz(name: string): boolean {
  return name.startsWith('x-amz-');
}

function headersIn(query: ReadonlyMap<string, string>, isHeader: (name: string) => boolean): Map<string, string> {
  const headers = new Map<string, string>();
  for (const [parameter, value] of query) {
    const name = parameter.toLowerCase();
    if (!isHeader(name)) continue;
    // A line break would make two headers of one, in what is signed and in answers.
    if (/[\x00-\x08\x0a-\x1f\x7f]/.test(value)) {
      const fields = { ArgumentName: parameter, ArgumentValue: value };
      throw new S3Error('InvalidArgument', { message: 'A header in the query holds a control character', fields });
    }
    // Headers hold bytes as Latin-1, as node:http gives them.
    headers.set(name, Buffer.from(value).toString('latin1'));
  }
  return headers;
}

/** The request's headers with the hoisted ones beside them; a header that was sent as such counts. */
export function withHoisted(headers: IncomingHttpHeaders, hoisted: ReadonlyMap<string, string>): IncomingHttpHeaders {
  return hoisted.size === 0 ? headers : { ...Object.fromEntries(hoisted), ...headers };
}

/** The same for headers grouped by name. */
export function groupedWithHoisted(headers: HeaderMap, hoisted: ReadonlyMap<string, string>): HeaderMap {
  if (hoisted.size === 0) return headers;
  return new Map<string, readonly string[]>([
    ...[...hoisted].map(([name, value]) => [name, [value]] as const),
    ...headers,
  ]);
}
