/**
 * Which bucket and key a request means: path style and virtual-host style.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html
 */
import { S3Error } from './errors.ts';
import { hoistedHeaders } from './hoisted-headers.ts';

export interface Target {
  /** Path exactly as on the wire, without the query. */
  readonly rawPath: string;
  /** Query exactly as on the wire, without the question mark. */
  readonly rawQuery: string;
  /** Query parameters, decoded; the first of those that repeat. A parameter without `=` has the value ''. */
  readonly query: ReadonlyMap<string, string>;
  /** Headers that a presigner moved into the query. */
  readonly hoisted: ReadonlyMap<string, string>;
  readonly bucket: string | undefined;
  /** The bucket where the host names it. */
  readonly hostBucket: string | undefined;
  readonly key: string | undefined;
  readonly kind: 'service' | 'bucket' | 'object';
}

const keyBytesMax = 1024;

export interface AddressedRequest {
  /** Request target as on the wire. */
  readonly url: string;
  /** The Host header. */
  readonly host: string;
}

/** Splits a request target. `suffixes` come from `hostSuffixes`. Throws InvalidURI and KeyTooLongError. */
export function parseTarget({ url, host }: AddressedRequest, suffixes: readonly string[]): Target {
  const relative = url.startsWith('/') ? url : originForm({ url, host });
  const mark = relative.indexOf('?');
  const rawPath = mark === -1 ? relative : relative.slice(0, mark);
  const rawQuery = mark === -1 ? '' : relative.slice(mark + 1);
  const query = parseQuery(rawQuery);
  const virtual = bucketOfHost(host, suffixes);
  const path = rawPath.startsWith('/') ? rawPath.slice(1) : rawPath;
  const slash = path.indexOf('/');
  const rawBucket = slash === -1 ? path : path.slice(0, slash);
  const rawKey = slash === -1 ? '' : path.slice(slash + 1);
  const bucket = virtual ?? (rawBucket === '' ? undefined : decode(rawBucket));
  const key = decode(virtual === undefined ? rawKey : path);
  const kind = bucket === undefined ? 'service' : key === '' ? 'bucket' : 'object';
  if (kind === 'object') checkKey(key);
  return {
    rawPath,
    rawQuery,
    query,
    hoisted: hoistedHeaders(query),
    bucket,
    hostBucket: virtual,
    key: kind === 'object' ? key : undefined,
    kind,
  };
}

/**
 * A request target without the scheme and host that proxies are sent. The host is the header's, which is what was signed: one
 * that says otherwise leaves open which is meant.
 */
function originForm({ url, host }: AddressedRequest): string {
  const [, authority, rest = ''] = /^[a-z]+:\/\/([^/?]*)(.*)$/is.exec(url) ?? [];
  if (authority === undefined) return url;
  if (authority.toLowerCase() === host.toLowerCase()) return rest === '' ? '/' : rest;
  throw new S3Error('BadRequest', { message: 'The request line names another host than the Host header' });
}

/** Throws KeyTooLongError for keys above 1,024 bytes of UTF-8. */
export function checkKey(key: string): void {
  if (key.length <= keyBytesMax / 3) return;
  const size = Buffer.byteLength(key);
  if (size <= keyBytesMax) return;
  throw new S3Error('KeyTooLongError', { fields: { Size: String(size), MaxSizeAllowed: String(keyBytesMax) } });
}

/** Suffixes after which a host names a bucket: the configured domains and `localhost`, the longest first. */
export function hostSuffixes(domains: readonly string[]): readonly string[] {
  return [...domains, 's3.localhost', 'localhost'].sort((a, b) => b.length - a.length);
}

/**
 * The bucket a host names, if it ends in one of the suffixes. The longest wins, so that `photos.s3.localhost` means
 * `photos`; a suffix by itself is path style.
 */
export function bucketOfHost(host: string, suffixes: readonly string[]): string | undefined {
  const colon = host.indexOf(':');
  const name = (colon === -1 ? host : host.slice(0, colon)).toLowerCase();
  if (!name.includes('.') || suffixes.includes(name)) return undefined;
  const suffix = suffixes.find((domain) => name.endsWith(`.${domain}`));
  return suffix === undefined ? undefined : name.slice(0, -suffix.length - 1);
}

function parseQuery(raw: string): Map<string, string> {
  const query = new Map<string, string>();
  if (raw === '') return query;
  for (const pair of raw.split('&')) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    const name = decode((equals === -1 ? pair : pair.slice(0, equals)).replaceAll('+', ' '));
    if (!query.has(name)) query.set(name, equals === -1 ? '' : decode(pair.slice(equals + 1).replaceAll('+', ' ')));
  }
  return query;
}

const plain = /^[\x21-\x24\x26-\x7e]*$/;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Percent-decodes to UTF-8. node:http hands over raw bytes above 0x7f as Latin-1, one character a byte. */
function decode(raw: string): string {
  if (plain.test(raw)) return raw;
  const bytes = Buffer.alloc(raw.length);
  let length = 0;
  for (let i = 0; i < raw.length; i++) {
    if (raw[i] !== '%') {
      bytes[length++] = raw.charCodeAt(i);
      continue;
    }
    const hex = raw.slice(i + 1, i + 3);
    if (!/^[0-9a-fA-F]{2}$/.test(hex)) throw new S3Error('InvalidURI', { fields: { URI: raw } });
    bytes[length++] = Number.parseInt(hex, 16);
    i += 2;
  }
  try {
    return utf8.decode(bytes.subarray(0, length));
  } catch (cause) {
    throw new S3Error('InvalidURI', { fields: { URI: raw }, cause });
  }
}
