/**
 * The canonical request of Signature Version 4 as S3 builds it: every part decoded once from the wire and encoded again by
 * one rule, so that it does not matter how much a client has percent-encoded. Unlike other services S3 neither encodes the
 * path twice nor removes dot segments or double slashes.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
 *
 * Strings from the wire carry one byte per character (latin1), as node:http gives them, so canonical requests do too:
 * they must be hashed as latin1.
 */

/** Header values by lower-case name, in the order they came. */
export type HeaderMap = ReadonlyMap<string, readonly string[]>;

/** A query parameter, decoded to UTF-16. */
export interface QueryParameter {
  readonly name: string;
  readonly value: string;
}

const noParameters: readonly QueryParameter[] = [];

/** Groups the flat list of names and values that node:http calls `rawHeaders`. */
export function groupHeaders(rawHeaders: readonly string[]): HeaderMap {
  const headers = new Map<string, string[]>();
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]?.toLowerCase() ?? '';
    const value = rawHeaders[i + 1] ?? '';
    const values = headers.get(name);
    if (values === undefined) headers.set(name, [value]);
    else values.push(value);
  }
  return headers;
}

/** The one value of a header; several are joined by commas. Undefined where the header is absent. */
export function headerValue(headers: HeaderMap, name: string): string | undefined {
  const values = headers.get(name);
  return values === undefined ? undefined : values.length === 1 ? values[0] : values.join(',');
}

/**
 * Parameters of a query string as on the wire, in order. A plus sign is a space, as in S3; a parameter without `=` has an
 * empty value; a percent sign that starts no escape stands for itself.
 */
export function parseQuery(rawQuery: string): readonly QueryParameter[] {
  if (rawQuery === '') return noParameters;
  return splitQuery(rawQuery).map(([name, value]) => ({ name: decodeText(name), value: decodeText(value) }));
}

/** One of these names that stands in the query more than once, which leaves open which value is meant. */
export function findRepeated(query: readonly QueryParameter[], names: readonly string[]): string | undefined {
  return names.find((name) => query.filter((parameter) => parameter.name === name).length > 1);
}

/** The path with every byte encoded but the unreserved characters and the slash. */
export function canonicalUri(rawPath: string): string {
  if (rawPath === '') return '/';
  return /^[A-Za-z0-9\-._~/]+$/.test(rawPath) ? rawPath : encodeBytes(decodeBytes(rawPath), true);
}

/** The query sorted by encoded name, then encoded value, without the signature itself. */
export function canonicalQuery(rawQuery: string): string {
  if (rawQuery === '') return '';
  const pairs = splitQuery(rawQuery)
    .map(([name, value]) => [encodeQueryPart(name), encodeQueryPart(value)] as const)
    .filter(([name]) => name !== 'X-Amz-Signature');
  pairs.sort(([nameA, valueA], [nameB, valueB]) => compare(nameA, nameB) || compare(valueA, valueB));
  return pairs.map(([name, value]) => `${name}=${value}`).join('&');
}

export interface CanonicalParts {
  readonly method: string;
  readonly rawPath: string;
  readonly rawQuery: string;
  readonly headers: HeaderMap;
  /** Lower-case names in the order the client lists them. */
  readonly signedHeaders: readonly string[];
  /** The line for the body: a hash in hex or one of the literal values. */
  readonly payload: string;
}

/** The canonical request, one byte per character. */
export function canonicalRequest(parts: CanonicalParts): string {
  return assemble(parts, { path: canonicalUri(parts.rawPath), query: canonicalQuery(parts.rawQuery) });
}

/** What clients sign that do not canonicalise (curl before 8): path and query just as they are sent. */
export function verbatimRequest(parts: CanonicalParts): string {
  return assemble(parts, { path: parts.rawPath, query: parts.rawQuery });
}

function assemble(parts: CanonicalParts, { path, query }: { path: string; query: string }): string {
  const { method, signedHeaders, payload } = parts;
  let text = `${method}\n${path}\n${query}\n`;
  for (const name of signedHeaders) text += `${name}:${canonicalValues(parts.headers.get(name) ?? [])}\n`;
  return `${text}\n${signedHeaders.join(';')}\n${payload}`;
}

/**
 * Runs of blanks become one. Only ASCII blanks count: to JavaScript the byte A0, which occurs inside UTF-8, is one too.
 */
function canonicalValues(values: readonly string[]): string {
  const [only] = values;
  return values.length === 1 && only !== undefined ? withSingleBlanks(only) : values.map(withSingleBlanks).join(',');
}

function withSingleBlanks(value: string): string {
  if (!/[ \t\n\v\f\r]/.test(value)) return value;
  return value.replace(/[ \t\n\v\f\r]+/g, ' ').replace(/^ | $/g, '');
}

function splitQuery(rawQuery: string): [name: string, value: string][] {
  const pairs: [string, string][] = [];
  for (const part of rawQuery.split('&')) {
    if (part === '') continue;
    const at = part.indexOf('=');
    pairs.push(at < 0 ? [part, ''] : [part.slice(0, at), part.slice(at + 1)]);
  }
  return pairs;
}

function decodeText(part: string): string {
  return /^[A-Za-z0-9\-._~/]*$/.test(part) ? part : decodeBytes(part.replaceAll('+', ' ')).toString('utf8');
}

/** Every presigned credential has encoded slashes, which stay as they are. */
function encodeQueryPart(part: string): string {
  return /^(?:[A-Za-z0-9\-._~]|%2F)*$/.test(part) ? part : encodeBytes(decodeBytes(part.replaceAll('+', ' ')), false);
}

/** Undoes percent-encoding; what is no escape stands for itself. */
function decodeBytes(text: string): Buffer {
  const plain = text.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(plain, 'latin1');
}

const encodedBytes = Array.from({ length: 256 }, (_, byte) => {
  const character = String.fromCharCode(byte);
  return /[A-Za-z0-9\-._~]/.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
});

function encodeBytes(bytes: Buffer, keepSlash: boolean): string {
  let text = '';
  for (const byte of bytes) text += keepSlash && byte === 0x2f ? '/' : encodedBytes[byte];
  return text;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
