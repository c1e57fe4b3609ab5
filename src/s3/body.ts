/**
 * The body of a request on its way to the engine: read from the wire, decoded from its chunks, its length checked, with
 * what the client has promised of it. Nothing is read, and no 100 Continue sent, before the first byte is asked for.
 */
import type { BodySource, ChecksumAlgorithm } from '../engine/types.ts';
import { BytesAtHand } from '../lib/bytes-at-hand.ts';
import { type HeaderMap, headerValue } from '../lib/sigv4/canonical-request.ts';
import { type ChunkedOptions, type DecodedBody, decodeChunked } from './auth/chunked.ts';
import type { Authentication } from './auth/types.ts';
import { announcedTrailers, bodyExpectations } from './body-checks.ts';
import { S3Error } from './errors.ts';

export interface BodyRequest {
  /** The bytes of the request's body, free of HTTP's own transfer encoding. */
  readonly source: AsyncIterable<Uint8Array>;
  readonly headers: HeaderMap;
  readonly authentication: Authentication;
}

export interface BodyOptions {
  /** Longest decoded body, in bytes. Beyond it: EntityTooLarge. */
  readonly maxBytes?: number;
  /** Whether a request without a length and without chunked transfer is refused (PUT). */
  readonly requireLength?: boolean;
  /** Algorithm that the operation wants stored, whatever the client promises. */
  readonly checksumAlgorithm?: ChecksumAlgorithm;
  /** What x-amz-checksum-* headers speak of: `object` where it is not the body (CompleteMultipartUpload). */
  readonly checksumsOf?: 'body' | 'object';
}

/** Longest body of one PUT: 5 GiB. */
export const putBytesMax = 5 * 1024 ** 3;

/**
 * Opens a body. Throws at once what the headers alone show to be wrong; the stream throws S3Error where the body is cut
 * short, too long or wrongly framed or signed; `verify`, where its digests are not those promised.
 */
export function openBody(request: BodyRequest, options: BodyOptions = {}): BodySource {
  const { headers, authentication } = request;
  const maxBytes = options.maxBytes ?? putBytesMax;
  const expectations = bodyExpectations(headers, { ...options, payload: authentication.payload });
  const wireLength = readLength(headers, 'content-length');
  const decoding = chunkedOptions(headers, authentication);
  const length = decoding?.decodedLength ?? wireLength;
  if (length === undefined && options.requireLength === true && !headers.has('transfer-encoding')) {
    throw new S3Error('MissingContentLength');
  }
  if (length !== undefined && length > maxBytes) throw tooLarge({ proposed: length, maxBytes });
  const { source } = request;
  const isWhole = source instanceof BytesAtHand && source.bytes.length === wireLength;
  const wire = isWhole ? source : exactly(unbroken(source), wireLength);
  const decoded: DecodedBody =
    decoding === undefined ? { stream: wire, trailers: new Map() } : decodeChunked(wire, decoding);
  return {
    stream: length === undefined ? atMost(decoded.stream, maxBytes) : decoded.stream,
    ...(length === undefined ? {} : { length }),
    algorithms: expectations.algorithms,
    checksumAlgorithm: expectations.checksumAlgorithm,
    verify: (digests) => expectations.verify(digests, decoded.trailers),
  };
}

/** The value of Content-Encoding without `aws-chunked`, which names the transfer and not the object. */
export function storedContentEncoding(contentEncoding: string | undefined): string | undefined {
  const rest = contentEncoding?.split(',').map((coding) => coding.trim());
  const kept = rest?.filter((coding) => coding !== '' && coding.toLowerCase() !== 'aws-chunked').join(', ');
  return kept === '' ? undefined : kept;
}

/** How the body is chunked; undefined where it is plain. */
function chunkedOptions(headers: HeaderMap, authentication: Authentication): ChunkedOptions | undefined {
  const { payload } = authentication;
  if (payload.kind !== 'streaming-signed' && payload.kind !== 'streaming-unsigned') return undefined;
  const decodedLength = readLength(headers, 'x-amz-decoded-content-length');
  if (decodedLength === undefined) throw new S3Error('MissingContentLength');
  const signing = payload.kind === 'streaming-signed' && authentication.kind === 'signed' && authentication.signing;
  return {
    decodedLength,
    ...(signing ? { signing } : {}),
    ...(payload.trailer ? { trailers: announcedTrailers(headers) } : {}),
  };
}

function readLength(headers: HeaderMap, name: string): number | undefined {
  const text = headerValue(headers, name)?.trim();
  if (text === undefined) return undefined;
  const length = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(length)) return length;
  throw new S3Error('InvalidArgument', {
    message: `${name} must be a whole number`,
    fields: { ArgumentName: name, ArgumentValue: text },
  });
}

/** The bytes of a body; a connection that breaks in the middle of them is an IncompleteBody. */
export async function* unbroken(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* source;
  } catch (cause) {
    if (cause instanceof S3Error) throw cause;
    throw new S3Error('IncompleteBody', { message: 'The request body terminated unexpectedly', cause });
  }
}

/** Refuses a body that has not exactly the length that was declared; none is declared for chunked transfer. */
async function* exactly(source: AsyncIterable<Uint8Array>, length: number | undefined): AsyncGenerator<Uint8Array> {
  let total = 0;
  for await (const bytes of source) {
    total += bytes.length;
    if (length !== undefined && total > length) throw new S3Error('IncompleteBody');
    yield bytes;
  }
  if (length !== undefined && total < length) throw new S3Error('IncompleteBody');
}

async function* atMost(source: AsyncIterable<Uint8Array>, maxBytes: number): AsyncGenerator<Uint8Array> {
  let total = 0;
  for await (const bytes of source) {
    total += bytes.length;
    if (total > maxBytes) throw tooLarge({ proposed: total, maxBytes });
    yield bytes;
  }
}

function tooLarge({ proposed, maxBytes }: { proposed: number; maxBytes: number }): S3Error {
  return new S3Error('EntityTooLarge', {
    fields: { ProposedSize: String(proposed), MaxSizeAllowed: String(maxBytes) },
  });
}
