/** ETags and checksums as S3 shows them, from digests; of wholes, from those of their parts. Nothing here reads a byte. */
import assert from 'node:assert/strict';
import { type ChecksumAlgorithm, checksumAlgorithms, type Digests } from '../lib/digests/algorithms.ts';
import { combineCrc, isCrc } from '../lib/digests/combine-crc.ts';
import type { Checksum, Part, Upload } from '../meta/records.ts';
import type { DigestFunctions } from './context.ts';

/** The algorithm AWS takes where the client names none. */
export const defaultChecksumAlgorithm: ChecksumAlgorithm = 'CRC64NVME';

const md5Pattern = /^[0-9a-f]{32}$/;

/** Whether an ETag is the MD5 of the bytes, as that of every object that was not uploaded in parts. */
export function isMd5(etag: string): boolean {
  return md5Pattern.test(etag);
}

export function etagOf(digests: Digests): string {
  return Buffer.from(digestOf(digests, 'MD5')).toString('hex');
}

export function fullObjectChecksum(digests: Digests, algorithm: ChecksumAlgorithm): Checksum {
  return { algorithm, type: 'FULL_OBJECT', value: Buffer.from(digestOf(digests, algorithm)).toString('base64') };
}

/** The algorithm by the name that a record carries; undefined if this version does not know it. */
export function knownAlgorithm(name: string | undefined): ChecksumAlgorithm | undefined {
  return checksumAlgorithms.find((algorithm) => algorithm === name);
}

/**
 * Type of a multipart upload's checksum where the client names only the algorithm.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html
 */
export function defaultChecksumType(algorithm: ChecksumAlgorithm): 'FULL_OBJECT' | 'COMPOSITE' {
  return algorithm === 'CRC64NVME' ? 'FULL_OBJECT' : 'COMPOSITE';
}

/** ETag of a multipart object from the ETags of its parts: the MD5 of their MD5s, and their number. */
export async function multipartEtag(digests: DigestFunctions, etags: readonly string[]): Promise<string> {
  const concatenated = Buffer.from(etags.join(''), 'hex');
  return `${etagOf(await digests.digest(new Set(['MD5']), concatenated))}-${etags.length}`;
}

/**
 * Checksum of a multipart object from those of its parts, as the upload asked for it. Undefined where the parts do not
 * allow it: then the object is stored without one.
 */
export async function multipartChecksum(
  digests: DigestFunctions,
  upload: Upload,
  parts: readonly Part[],
): Promise<Checksum | undefined> {
  const algorithm = knownAlgorithm(upload.checksumAlgorithm ?? defaultChecksumAlgorithm);
  if (algorithm === undefined) return undefined;
  const values: { digest: Uint8Array; size: number }[] = [];
  for (const { checksum, size } of parts) {
    if (checksum?.algorithm !== algorithm) return undefined;
    values.push({ digest: Buffer.from(checksum.value, 'base64'), size });
  }
  if ((upload.checksumType ?? defaultChecksumType(algorithm)) === 'FULL_OBJECT') return combined(algorithm, values);
  const all = await digests.digest(new Set([algorithm]), Buffer.concat(values.map(({ digest }) => digest)));
  const value = Buffer.from(digestOf(all, algorithm)).toString('base64');
  return { algorithm, type: 'COMPOSITE', value: `${value}-${parts.length}` };
}

function combined(
  algorithm: ChecksumAlgorithm,
  values: readonly { digest: Uint8Array; size: number }[],
): Checksum | undefined {
  const [first, ...rest] = values;
  if (first === undefined || !isCrc(algorithm)) return undefined;
  let whole = first.digest;
  for (const { digest, size } of rest) whole = combineCrc(algorithm, whole, digest, size);
  return { algorithm, type: 'FULL_OBJECT', value: Buffer.from(whole).toString('base64') };
}

function digestOf(digests: Digests, algorithm: ChecksumAlgorithm): Uint8Array {
  const digest = digests.get(algorithm);
  assert(digest !== undefined, `the ${algorithm} digest was not computed`);
  return digest;
}
