/**
 * Which bucket and key a request means: path style and virtual-host style; and what a request to S3 Control is about.
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
  readonly kind: 'service' | 'bucket' | 'object' | 'account';
  /** Of kind `account`. */
  readonly control?: ControlTarget;
}

/** What a request to S3 Control is about; where that is a bucket, it is the target's bucket too. */
export interface ControlTarget {
  readonly accountId: string;
  /** The path without the version and without what it names. */
  readonly path: string;
  readonly resourceArn: string | undefined;
}

const keyBytesMax = 1024;

export interface AddressedRequest {
  /** Request target as on the wire. */
  readonly url: string;
  /** The Host header. */
  readonly host: string;
  /** The header x-amz-account-id. */
  readonly accountId?: string | undefined;
}

/** What the paths of S3 Control begin with. A bucket may have that name, but no request to one names an account. */
const controlPrefix = '/v20180820/';
const tagsPath = 'tags';

/** Whether a request is one to S3 Control, which at AWS has hosts of its own. */
export function isControlRequest({ url, accountId }: Pick<AddressedRequest, 'url' | 'accountId'>): boolean {
  return accountId !== undefined && url.startsWith(controlPrefix);
}

/** Splits a request target. `suffixes` come from `hostSuffixes`. Throws InvalidURI and KeyTooLongError. */
export function parseTarget(request: AddressedRequest, suffixes: readonly string[]): Target {
  const { url, host, accountId } = request;
  const relative = url.startsWith('/') ? url : originForm(request);
  const mark = relative.indexOf('?');
  const rawPath = mark === -1 ? relative : relative.slice(0, mark);
  const rawQuery = mark === -1 ? '' : relative.slice(mark + 1);
  const query = parseQuery(rawQuery);
  if (accountId !== undefined && isControlRequest(request)) {
    const { bucket, control } = controlTarget({ rest: rawPath.slice(controlPrefix.length), accountId });
    return {
      rawPath,
      rawQuery,
      query,
      hoisted: hoistedHeaders(query),
      bucket,
      key: undefined,
      kind: 'account',
      hostBucket: undefined,
      control,
    };
  }
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

/** Clients also put the account's number before the name of the host; what counts is the header, which is signed. */
function controlTarget({
  rest,
  accountId,
}: {
  rest: string;
  accountId: string;
}): Pick<Required<Target>, 'bucket' | 'control'> {
  if (!rest.startsWith(`${tagsPath}/`)) {
    return { bucket: undefined, control: { accountId, path: rest, resourceArn: undefined } };
  }
  const resourceArn = decode(rest.slice(tagsPath.length + 1));
  const bucket = /^arn:aws[\w-]*:s3:::([^/]+)$/.exec(resourceArn)?.[1];
  return { bucket, control: { accountId, path: tagsPath, resourceArn } };
}

/** The path of a request target as on the wire. */
export function pathOf(url: string): string {
  return url.split('?', 1)[0] ?? '/';
}

/** Every value of a query parameter, decoded, for those that are lists. */
export function queryValues({ rawQuery }: Pick<Target, 'rawQuery'>, name: string): readonly string[] {
  return rawQuery
    .split('&')
    .flatMap((pair) => [...parseQuery(pair)].flatMap(([own, value]) => (own === name ? value : [])));
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

const noQuery: ReadonlyMap<string, string> = new Map();

function parseQuery(raw: string): ReadonlyMap<string, string> {
  if (raw === '') return noQuery;
  const query = new Map<string, string>();
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
