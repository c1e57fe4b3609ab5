/** Rules of multipart uploads that several operations share. */
import { checkCustomerKey } from '../engine/encryption/keyring.ts';
import type { Checksum, ChecksumAlgorithm, CustomerKey, Upload } from '../engine/types.ts';
import { storedAlgorithm } from './checksum-members.ts';
import { S3Error } from './errors.ts';

export const partNumberMax = 10_000;

/** The algorithm of parts whose upload names none. */
export const defaultPartAlgorithm: ChecksumAlgorithm = 'CRC64NVME';

const fullObjectAlgorithms: readonly ChecksumAlgorithm[] = ['CRC32', 'CRC32C', 'CRC64NVME'];

/** Algorithm and type of an upload's checksum; both absent if the client names none. */
export interface UploadChecksum {
  readonly checksumAlgorithm?: ChecksumAlgorithm;
  readonly checksumType?: Checksum['type'];
}

/**
 * What checksum an upload is created with. Where the client names only the algorithm, it is COMPOSITE for all that can be.
 * Throws InvalidRequest for a type that the algorithm does not have.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html
 */
export function parseUploadChecksum(
  algorithm: ChecksumAlgorithm | undefined,
  type: Checksum['type'] | undefined,
): UploadChecksum {
  if (algorithm === undefined) {
    if (type === undefined) return {};
    throw invalidRequest('The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.');
  }
  const checksumType = type ?? (algorithm === 'CRC64NVME' ? 'FULL_OBJECT' : 'COMPOSITE');
  const isPossible =
    checksumType === 'FULL_OBJECT' ? fullObjectAlgorithms.includes(algorithm) : algorithm !== 'CRC64NVME';
  if (!isPossible) {
    throw invalidRequest(
      `The ${checksumType} checksum type cannot be used with the ${algorithm.toLowerCase()} checksum algorithm.`,
    );
  }
  return { checksumAlgorithm: algorithm, checksumType };
}

/**
 * The algorithm whose digest is kept of a part. `chosen` is what the client has chosen for the part: it must be the upload's,
 * if the upload has one. Throws InvalidRequest.
 */
export function partAlgorithm(upload: Upload, chosen: ChecksumAlgorithm | undefined): ChecksumAlgorithm {
  const expected = storedAlgorithm(upload.checksumAlgorithm);
  if (expected === undefined) return defaultPartAlgorithm;
  if (chosen === undefined || chosen === expected) return expected;
  throw checksumTypeMismatch(expected, chosen);
}

export function checksumTypeMismatch(expected: ChecksumAlgorithm, actual: ChecksumAlgorithm): S3Error {
  return invalidRequest(
    `Checksum Type mismatch occurred, expected checksum Type: ${expected.toLowerCase()}, actual checksum Type: ${actual.toLowerCase()}`,
  );
}

function invalidRequest(message: string): S3Error {
  return new S3Error('InvalidRequest', { message });
}

/**
 * Throws unless a request on an upload as a whole brings the key that the upload is under. It may bring none, but where
 * checksums are told of the parts.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html
 */
export function checkUploadKey(upload: Upload, customerKey: CustomerKey | undefined): void {
  const { uploadId, checksumAlgorithm, attributes } = upload;
  if (customerKey === undefined && checksumAlgorithm === undefined) return;
  checkCustomerKey(attributes.encryption, customerKey, { uploadId });
}
