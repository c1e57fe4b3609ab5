/**
 * What a request promises of its body, and the check that the body keeps it: the signed hash, Content-MD5, and the
 * x-amz-checksum-* headers or trailers.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html
 */
import type { ChecksumAlgorithm, Digests } from '../engine/types.ts';
import { checksumAlgorithms, digestLengthBytes } from '../lib/digests/algorithms.ts';
import { type HeaderMap, headerValue } from '../lib/sigv4/canonical-request.ts';
import type { PayloadMode } from './auth/payload-mode.ts';
import { S3Error } from './errors.ts';

export interface BodyExpectations {
  /** Algorithms whose digests `verify` needs, with the one that is stored. */
  readonly algorithms: ReadonlySet<ChecksumAlgorithm>;
  /** Algorithm whose digest is stored: the operation's, else the client's, else CRC64NVME. */
  readonly checksumAlgorithm: ChecksumAlgorithm;
  /** Throws S3Error where a digest differs from what was promised. `trailers` are those that came after the body. */
  verify(digests: Digests, trailers: ReadonlyMap<string, string>): void;
}

export interface ExpectationOptions {
  readonly payload: PayloadMode;
  /** Algorithm that the operation wants stored, whatever the client promises. */
  readonly checksumAlgorithm?: ChecksumAlgorithm;
  /** What x-amz-checksum-* headers speak of: `object` where it is not the body (CompleteMultipartUpload). */
  readonly checksumsOf?: 'body' | 'object';
}

interface Promised {
  readonly algorithm: ChecksumAlgorithm;
  /** Lower-case name of the header or trailer. */
  readonly name: string;
  /** Absent for a trailer, whose value comes later. */
  readonly value?: Uint8Array;
}

const defaultAlgorithm: ChecksumAlgorithm = 'CRC64NVME';
const checksumPrefix = 'x-amz-checksum-';

/** Members of the family of x-amz-checksum-* that are no checksums. */
const notChecksums = new Set(['x-amz-checksum-algorithm', 'x-amz-checksum-mode', 'x-amz-checksum-type']);

/** Reads the promises. Throws S3Error where they are malformed or contradict each other. */
export function bodyExpectations(headers: HeaderMap, options: ExpectationOptions): BodyExpectations {
  const { payload } = options;
  const contentMd5 = readContentMd5(headers);
  const promised = options.checksumsOf === 'object' ? undefined : readPromised(headers);
  const checksumAlgorithm = options.checksumAlgorithm ?? promised?.algorithm ?? defaultAlgorithm;
  const algorithms = new Set<ChecksumAlgorithm>([checksumAlgorithm]);
  if (promised !== undefined) algorithms.add(promised.algorithm);
  if (contentMd5 !== undefined) algorithms.add('MD5');
  if (payload.kind === 'sha256') algorithms.add('SHA256');
  return {
    algorithms,
    checksumAlgorithm,
    verify(digests, trailers) {
      if (payload.kind === 'sha256') verifyPayload(payload.sha256, digests);
      if (contentMd5 !== undefined) verifyContentMd5(contentMd5, digests);
      if (promised !== undefined) verifyPromised(promised, digests, trailers);
    },
  };
}

/** Algorithm of that name in any case; undefined where there is none. */
export function parseChecksumAlgorithm(name: string): ChecksumAlgorithm | undefined {
  const upper = name.toUpperCase();
  return checksumAlgorithms.find((algorithm) => algorithm === upper);
}

/** Names that x-amz-trailer announces, in lower case. */
export function announcedTrailers(headers: HeaderMap): readonly string[] {
  const names = headerValue(headers, 'x-amz-trailer')?.split(',') ?? [];
  return names.map((name) => name.trim().toLowerCase()).filter((name) => name !== '');
}

/** The bytes of a digest in base64, or undefined where the text is not exactly one digest of that length. */
export function parseDigest(text: string, lengthBytes: number): Uint8Array | undefined {
  const bytes = Buffer.from(text, 'base64');
  return bytes.length === lengthBytes && bytes.toString('base64') === text ? bytes : undefined;
}

function readContentMd5(headers: HeaderMap): Uint8Array | undefined {
  const text = headerValue(headers, 'content-md5');
  if (text === undefined) return undefined;
  const md5 = parseDigest(text.trim(), digestLengthBytes.MD5);
  if (md5 === undefined) throw new S3Error('InvalidDigest', { fields: { 'Content-MD5': text } });
  return md5;
}

function readPromised(headers: HeaderMap): Promised | undefined {
  const promised = [...promisedHeaders(headers), ...promisedTrailers(headers)];
  if (promised.length > 1) {
    throw invalid('Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.');
  }
  const [only] = promised;
  const named = headerValue(headers, 'x-amz-sdk-checksum-algorithm');
  if (named === undefined) return only;
  const algorithm = parseChecksumAlgorithm(named);
  if (algorithm === undefined) throw invalidValue('x-amz-sdk-checksum-algorithm');
  if (only === undefined) {
    throw invalid(
      'x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found.',
    );
  }
  if (only.algorithm !== algorithm) throw invalidValue('x-amz-sdk-checksum-algorithm');
  return only;
}

function promisedHeaders(headers: HeaderMap): Promised[] {
  const names = [...headers.keys()].filter((name) => name.startsWith(checksumPrefix) && !notChecksums.has(name));
  return names.map((name) => {
    const algorithm = algorithmOf(name);
    const value = parseDigest(headerValue(headers, name)?.trim() ?? '', digestLengthBytes[algorithm]);
    if (value === undefined) throw invalidValue(name);
    return { algorithm, name, value };
  });
}

function promisedTrailers(headers: HeaderMap): Promised[] {
  const names = announcedTrailers(headers).filter((name) => name.startsWith(checksumPrefix));
  return names.map((name) => ({ algorithm: algorithmOf(name), name }));
}

function algorithmOf(name: string): ChecksumAlgorithm {
  const algorithm = parseChecksumAlgorithm(name.slice(checksumPrefix.length));
  if (algorithm === undefined) throw invalid('The algorithm type you specified in x-amz-checksum- header is invalid.');
  return algorithm;
}

function verifyPayload(expected: string, digests: Digests): void {
  const computed = Buffer.from(digestOf(digests, 'SHA256')).toString('hex');
  if (computed === expected) return;
  throw new S3Error('XAmzContentSHA256Mismatch', {
    fields: { ClientComputedContentSHA256: expected, S3ComputedContentSHA256: computed },
  });
}

function verifyContentMd5(expected: Uint8Array, digests: Digests): void {
  const computed = digestOf(digests, 'MD5');
  if (Buffer.compare(computed, expected) === 0) return;
  throw new S3Error('BadDigest', {
    message: 'The Content-MD5 you specified did not match what we received.',
    fields: {
      ExpectedDigest: Buffer.from(expected).toString('base64'),
      CalculatedDigest: Buffer.from(computed).toString('base64'),
    },
  });
}

function verifyPromised(promised: Promised, digests: Digests, trailers: ReadonlyMap<string, string>): void {
  const { algorithm, name } = promised;
  const expected = promised.value ?? parseDigest(trailers.get(name) ?? '', digestLengthBytes[algorithm]);
  if (expected === undefined) throw invalid(`Value for ${name} trailing header is invalid.`);
  if (Buffer.compare(digestOf(digests, algorithm), expected) === 0) return;
  throw new S3Error('BadDigest', {
    message: `The ${algorithm} you specified did not match the calculated checksum.`,
  });
}

function digestOf(digests: Digests, algorithm: ChecksumAlgorithm): Uint8Array {
  const digest = digests.get(algorithm);
  if (digest === undefined) throw new Error(`the ${algorithm} of the body was not computed`);
  return digest;
}

function invalidValue(header: string): S3Error {
  return invalid(`Value for ${header} header is invalid.`);
}

function invalid(message: string): S3Error {
  return new S3Error('InvalidRequest', { message });
}
