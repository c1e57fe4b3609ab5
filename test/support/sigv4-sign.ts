/**
 * A client's side of Signature Version 4, for raw requests in tests. Written from AWS's description and independent of the
 * server's code, so that the two check each other.
 */
import { createHash, createHmac } from 'node:crypto';

export interface SigningKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  /** us-east-1 unless another is named. */
  readonly region?: string;
}

export interface UnsignedRequest {
  readonly method: string;
  /** Decoded path, e.g. `/bucket/key with blanks`. */
  readonly path: string;
  /** Decoded parameters in any order. */
  readonly query?: readonly (readonly [name: string, value: string])[];
  /** Must contain the host. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface WireRequest {
  readonly method: string;
  /** Path as it goes on the wire. */
  readonly rawPath: string;
  /** Query as it goes on the wire, without the question mark. */
  readonly rawQuery: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** What the chunks of a streamed body are signed with. */
export interface ChunkSigner {
  readonly key: Buffer;
  readonly timestamp: string;
  readonly scope: string;
  readonly seed: string;
}

export function sha256Hex(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

/** Encodes as RFC 3986 asks: everything but letters, digits and `-._~`. */
export function encodeRfc3986(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}

function encodePath(path: string): string {
  return path.split('/').map(encodeRfc3986).join('/');
}

function encodeQuery(query: readonly (readonly [string, string])[]): string {
  const pairs = query.map(([name, value]) => [encodeRfc3986(name), encodeRfc3986(value)] as const);
  const text = ([name, value]: readonly [string, string]) => `${name}\u0000${value}`;
  return pairs
    .sort((a, b) => (text(a) < text(b) ? -1 : 1))
    .map((pair) => pair.join('='))
    .join('&');
}

function scopeOf(timestamp: string, key: SigningKey, service = 's3'): string {
  return `${timestamp.slice(0, 8)}/${key.region ?? 'us-east-1'}/${service}/aws4_request`;
}

function derive(key: SigningKey, scope: string): Buffer {
  let derived: string | Buffer = `AWS4${key.secretAccessKey}`;
  for (const step of scope.split('/')) derived = createHmac('sha256', derived).update(step).digest();
  return Buffer.from(derived);
}

function timestampOf(date: Date): string {
  return date.toISOString().replace(/[-:]|\.\d{3}/g, '');
}

function lowerCaseNames(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

function canonicalHead(method: string, rawPath: string, rawQuery: string, headers: Record<string, string>): string {
  const names = Object.keys(headers).sort();
  const lines = names.map((name) => `${name}:${headers[name]?.trim().replace(/ +/g, ' ')}\n`).join('');
  return `${method}\n${rawPath}\n${rawQuery}\n${lines}\n${names.join(';')}`;
}

function sign(head: string, payload: string, signer: Omit<ChunkSigner, 'seed'>): string {
  const text = `AWS4-HMAC-SHA256\n${signer.timestamp}\n${signer.scope}\n${sha256Hex(`${head}\n${payload}`)}`;
  return createHmac('sha256', signer.key).update(text).digest('hex');
}

export interface HeaderSigning {
  readonly date: Date;
  readonly payload: string;
  readonly dateHeader?: string;
  readonly verbatim?: boolean;
  /** s3 unless another is named. */
  readonly service?: string;
}

/**
 * Signs with an Authorization header. `payload` is the value of x-amz-content-sha256: a hash in hex or a literal.
 * Every header given is signed. With `dateHeader`, that Date header is sent instead of x-amz-date;
 * with `verbatim`, path and query are taken as they are to be sent and neither encoded nor sorted.
 */
export function signHeader(
  request: UnsignedRequest,
  key: SigningKey,
  how: HeaderSigning,
): WireRequest & { signer: ChunkSigner } {
  const timestamp = timestampOf(how.date);
  const scope = scopeOf(timestamp, key, how.service);
  const headers = {
    ...lowerCaseNames(request.headers),
    ...(how.dateHeader === undefined ? { 'x-amz-date': timestamp } : { date: how.dateHeader }),
    'x-amz-content-sha256': how.payload,
    ...(key.sessionToken === undefined ? {} : { 'x-amz-security-token': key.sessionToken }),
  };
  const query = request.query ?? [];
  const rawPath = how.verbatim === true ? request.path : encodePath(request.path);
  const rawQuery = how.verbatim === true ? query.map((pair) => pair.join('=')).join('&') : encodeQuery(query);
  const base = { key: derive(key, scope), timestamp, scope };
  const seed = sign(canonicalHead(request.method, rawPath, rawQuery, headers), how.payload, base);
  const signedHeaders = Object.keys(headers).sort().join(';');
  const authorization = `AWS4-HMAC-SHA256 Credential=${key.accessKeyId}/${scope}, SignedHeaders=${signedHeaders}, Signature=${seed}`;
  return {
    method: request.method,
    rawPath,
    rawQuery,
    headers: { ...headers, authorization },
    signer: { ...base, seed },
  };
}

/** Signs in the query. Every header given is signed and must be sent as it is. */
export function presign(
  request: UnsignedRequest,
  key: SigningKey,
  how: { readonly date: Date; readonly expiresSeconds: number; readonly payload?: string },
): WireRequest {
  const timestamp = timestampOf(how.date);
  const scope = scopeOf(timestamp, key);
  const headers = lowerCaseNames(request.headers);
  const query: (readonly [string, string])[] = [
    ...(request.query ?? []),
    ['X-Amz-Algorithm', 'AWS4-HMAC-SHA256'],
    ['X-Amz-Credential', `${key.accessKeyId}/${scope}`],
    ['X-Amz-Date', timestamp],
    ['X-Amz-Expires', String(how.expiresSeconds)],
    ['X-Amz-SignedHeaders', Object.keys(headers).sort().join(';')],
  ];
  if (key.sessionToken !== undefined) query.push(['X-Amz-Security-Token', key.sessionToken]);
  const rawPath = encodePath(request.path);
  const unsigned = encodeQuery(query);
  const head = canonicalHead(request.method, rawPath, unsigned, headers);
  const signature = sign(head, how.payload ?? 'UNSIGNED-PAYLOAD', { key: derive(key, scope), timestamp, scope });
  return { method: request.method, rawPath, rawQuery: `${unsigned}&X-Amz-Signature=${signature}`, headers };
}

type Trailers = readonly (readonly [name: string, value: string])[];

/** The body of STREAMING-AWS4-HMAC-SHA256-PAYLOAD, and with trailers of the same with -TRAILER. */
export function signedChunks(pieces: readonly Uint8Array[], signer: ChunkSigner, trailers?: Trailers): Buffer {
  let previous = signer.seed;
  const chain = (kind: string, ...hashes: string[]) => {
    const text = [kind, signer.timestamp, signer.scope, previous, ...hashes].join('\n');
    previous = createHmac('sha256', signer.key).update(text).digest('hex');
    return previous;
  };
  const parts: Uint8Array[] = [];
  for (const piece of [...pieces, new Uint8Array(0)]) {
    const signature = chain('AWS4-HMAC-SHA256-PAYLOAD', sha256Hex(''), sha256Hex(piece));
    parts.push(Buffer.from(`${piece.length.toString(16)};chunk-signature=${signature}\r\n`), piece);
    if (piece.length > 0 || trailers === undefined) parts.push(Buffer.from('\r\n'));
  }
  if (trailers !== undefined) {
    const signature = chain('AWS4-HMAC-SHA256-TRAILER', sha256Hex(trailers.map(([n, v]) => `${n}:${v}\n`).join('')));
    for (const [name, value] of trailers) parts.push(Buffer.from(`${name}:${value}\r\n`));
    parts.push(Buffer.from(`x-amz-trailer-signature:${signature}\r\n\r\n`));
  }
  return Buffer.concat(parts);
}

/** The body of STREAMING-UNSIGNED-PAYLOAD-TRAILER. */
export function unsignedChunks(pieces: readonly Uint8Array[], trailers: Trailers): Buffer {
  const parts: Uint8Array[] = [];
  for (const piece of pieces) {
    parts.push(Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n'));
  }
  const lines = trailers.map(([name, value]) => `${name}:${value}\r\n`).join('');
  return Buffer.concat([...parts, Buffer.from(`0\r\n${lines}\r\n`)]);
}

/** Fields of a form that say who signs its policy; the policy must name them too. */
export function formCredentials(key: SigningKey, date: Date): Record<string, string> {
  const timestamp = timestampOf(date);
  return {
    'x-amz-algorithm': 'AWS4-HMAC-SHA256',
    'x-amz-credential': `${key.accessKeyId}/${scopeOf(timestamp, key)}`,
    'x-amz-date': timestamp,
    ...(key.sessionToken === undefined ? {} : { 'x-amz-security-token': key.sessionToken }),
  };
}

/** The field `x-amz-signature` of a form with this policy in base64. */
export function formSignature(policy: string, key: SigningKey, date: Date): string {
  return createHmac('sha256', derive(key, scopeOf(timestampOf(date), key)))
    .update(policy)
    .digest('hex');
}
