/** Headers that a presigner has moved into the query: part of what was signed, and meant as headers. */
import type { IncomingHttpHeaders } from 'node:http';
import type { HeaderMap } from './auth/canonical-request.ts';

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

/** `x-amz-*` parameters of a presigned query by lower-case name; empty for any other request. */
export function hoistedHeaders(query: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const hoisted = new Map<string, string>();
  if (!query.has('X-Amz-Signature')) return hoisted;
  for (const [parameter, value] of query) {
    const name = parameter.toLowerCase();
    if (name.startsWith('x-amz-') && !signatureParameters.has(name)) {
      // Headers hold bytes as Latin-1, as node:http gives them.
      hoisted.set(name, Buffer.from(value).toString('latin1'));
    }
  }
  return hoisted;
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
