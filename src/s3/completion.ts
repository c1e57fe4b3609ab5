/** What a client says of the object that a multipart upload is to become, and its check against what was computed. */
import type { Checksum, ChecksumAlgorithm, Upload } from '../engine/types.ts';
import { type ChecksumMembers, givenChecksums, storedAlgorithm } from './checksum-members.ts';
import { unquoteEtag } from './conditions.ts';
import { S3Error } from './errors.ts';
import type { InputOf } from './model/types.ts';
import { checksumTypeMismatch, defaultPartAlgorithm, partNumberMax } from './multipart.ts';

type CompletedPart = NonNullable<NonNullable<InputOf<'CompleteMultipartUpload'>['MultipartUpload']>['Parts']>[number];

export interface ListedPart {
  readonly partNumber: number;
  readonly etag: string;
  readonly checksum?: string;
}

/**
 * The parts a client lists. `upload` is undefined once the upload is completed, when nothing more is known of it. Throws
 * MalformedXML for an empty or incomplete list, InvalidArgument for a part number out of range, and InvalidRequest where the
 * checksums are not those of the upload.
 */
export function parseListedParts(
  parts: readonly CompletedPart[] | undefined,
  upload: Upload | undefined,
): ListedPart[] {
  if (parts === undefined || parts.length === 0 || parts.length > partNumberMax) throw new S3Error('MalformedXML');
  return parts.map((part) => {
    const { ETag, PartNumber } = part;
    if (ETag === undefined || PartNumber === undefined) throw new S3Error('MalformedXML');
    if (PartNumber < 1 || PartNumber > partNumberMax) {
      throw new S3Error('InvalidArgument', {
        message: `PartNumber must be >= 1 and <= ${partNumberMax}`,
        fields: { ArgumentName: 'partNumber', ArgumentValue: String(PartNumber) },
      });
    }
    const checksum = listedChecksum(part, PartNumber, upload);
    return { partNumber: PartNumber, etag: unquoteEtag(ETag), ...(checksum !== undefined && { checksum }) };
  });
}

/** The checksum listed with a part. COMPOSITE checksums need one for each part. */
function listedChecksum(part: CompletedPart, partNumber: number, upload: Upload | undefined): string | undefined {
  const given = givenChecksums(part);
  if (upload === undefined) return given[0]?.value;
  const algorithm = storedAlgorithm(upload.checksumAlgorithm) ?? defaultPartAlgorithm;
  const foreign = given.find((checksum) => checksum.algorithm !== algorithm);
  if (foreign !== undefined) throw checksumTypeMismatch(algorithm, foreign.algorithm);
  if (given[0] === undefined && upload.checksumType === 'COMPOSITE') {
    throw new S3Error('InvalidRequest', {
      message: `The upload was created using a ${algorithm.toLowerCase()} checksum. The complete request must include the checksum for each part. It was missing for part ${partNumber} in the request.`,
    });
  }
  return given[0]?.value;
}

/** What a client expects of the whole. */
export interface Expected extends ChecksumMembers {
  readonly ChecksumType?: Checksum['type'] | undefined;
  readonly MpuObjectSize?: number | undefined;
}

/** Throws InvalidRequest if the upload was created with another type of checksum than the client now names. */
export function checkChecksumType(upload: Upload | undefined, type: Checksum['type'] | undefined): void {
  if (upload === undefined || type === undefined) return;
  const created = upload.checksumType ?? 'FULL_OBJECT';
  if (type === created) return;
  throw new S3Error('InvalidRequest', {
    message: `The upload was created using the ${created} checksum mode. The complete request must use the same checksum mode.`,
  });
}

/** Checks the whole, before it is committed, against what the client expects. Throws InvalidRequest or BadDigest. */
export function checkWhole(expected: Expected, whole: { size: number; checksum?: Checksum }): void {
  const { MpuObjectSize } = expected;
  if (MpuObjectSize !== undefined && MpuObjectSize !== whole.size) {
    throw new S3Error('InvalidRequest', {
      message: `The provided 'x-amz-mp-object-size' header value ${MpuObjectSize} does not match what was computed: ${whole.size}`,
    });
  }
  for (const { algorithm, value } of givenChecksums(expected)) checkDigest(algorithm, value, whole.checksum);
}

/** A COMPOSITE checksum may be given with or without its number of parts. */
function checkDigest(algorithm: ChecksumAlgorithm, value: string, computed: Checksum | undefined): void {
  if (computed !== undefined && computed.algorithm !== algorithm) {
    throw new S3Error('InvalidRequest', {
      message: `The upload has a ${computed.algorithm.toLowerCase()} checksum. The complete request must not use another algorithm.`,
    });
  }
  const stored = computed?.value;
  if (stored !== undefined && (value === stored || value === stored.replace(/-\d+$/, ''))) return;
  throw new S3Error('BadDigest', {
    message: `The ${algorithm} you specified did not match the calculated checksum.`,
  });
}
