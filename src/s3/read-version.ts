/** What GetObject and HeadObject share: everything but the bytes. */
import { checkCustomerKey } from '../engine/encryption/keyring.ts';
import type { Checksum, CustomerKey, Version } from '../engine/types.ts';
import { restoreHeader } from './archived-objects.ts';
import { typedChecksumMembers } from './checksum-members.ts';
import { checkReadConditions, ifRangeHolds, quoteEtag } from './conditions.ts';
import { customerKeyInputs, readCustomerKey } from './encryption/customer-keys.ts';
import { encryptionMembers, refuseEncryptionOfRead } from './encryption/shown-encryption.ts';
import { S3Error } from './errors.ts';
import { expirationHeader, isKnownWithoutRules } from './lifecycle/announcements.ts';
import type { InputOf, OutputOf } from './model/types.ts';
import { checkObjectAddress, shownVersionId } from './object-address.ts';
import { shownLock } from './object-lock/shown-lock.ts';
import type { OperationRequest } from './operation.ts';
import { type ByteRange, formatContentRange, parseRange } from './ranges.ts';
import { headerClass } from './storage-classes.ts';
import { shownTime } from './times.ts';

/** Members of the input that both honour. */
export const readInputs = [
  'ChecksumMode',
  'IfMatch',
  'IfModifiedSince',
  'IfNoneMatch',
  'IfUnmodifiedSince',
  'PartNumber',
  'Range',
  'ResponseCacheControl',
  'ResponseContentDisposition',
  'ResponseContentEncoding',
  'ResponseContentLanguage',
  'ResponseContentType',
  'ResponseExpires',
  'VersionId',
  ...customerKeyInputs,
] as const;

const overrideInputs = readInputs.filter((member) => member.startsWith('Response'));

export type ReadInput = Pick<InputOf<'GetObject'>, 'Key' | (typeof readInputs)[number]>;

export interface OpenedVersion {
  readonly version: Version;
  /** That the request brings. */
  readonly customerKey: CustomerKey | undefined;
  /** Bytes that the body has, or would have. */
  readonly range: ByteRange;
  readonly status: 200 | 206;
  readonly output: Omit<OutputOf<'GetObject'>, 'Body'>;
}

/** What of a version is answered. */
interface Extent {
  readonly range: ByteRange;
  readonly isPartial: boolean;
  /** Checksum of exactly these bytes, if one is known. */
  readonly checksum: Checksum | undefined;
}

/** Finds the version, checks the conditions, and says what the answer carries beside its bytes. */
export async function openVersion(request: OperationRequest, input: ReadInput): Promise<OpenedVersion> {
  checkObjectAddress(input);
  checkCombination(request, input);
  refuseEncryptionOfRead(request);
  const customerKey = readCustomerKey(input);
  const bucket = request.bucket();
  const version = await request.engine.objects.find(bucket, input.Key, input.VersionId);
  if (request.notes !== undefined) request.notes.objectSize = version.size;
  const { encryption } = version.attributes;
  if (encryption !== undefined || customerKey !== undefined) checkCustomerKey(encryption, customerKey);
  const versionId = shownVersionId(bucket, version.versionId);
  const { headers, lock } = version.attributes;
  checkReadConditions(input, version, {
    ...(headers.cacheControl !== undefined && { 'Cache-Control': headers.cacheControl }),
    ...(headers.expires !== undefined && { Expires: headers.expires }),
    ...(versionId !== undefined && { 'x-amz-version-id': versionId }),
  });
  const { range, isPartial, checksum } = await findExtent(request, input, version);
  // S3 tells it of the object, not of a version that was named.
  const tellsExpiry = input.VersionId === undefined && !isKnownWithoutRules(bucket);
  return {
    version,
    customerKey,
    range,
    status: isPartial ? 206 : 200,
    output: {
      ...describe(version, input),
      ...(encryption !== undefined && encryptionMembers(encryption, customerKey)),
      ...restoreHeader(request, version),
      ...(lock !== undefined && (await shownLock(request, { key: input.Key, versionId: input.VersionId }, lock))),
      ...(tellsExpiry && (await expirationHeader(request.engine, bucket, version))),
      ...(input.ChecksumMode === 'ENABLED' && typedChecksumMembers(checksum)),
      ContentLength: range.end - range.start,
      ContentRange: isPartial ? formatContentRange(range, version.size) : undefined,
      PartsCount: input.PartNumber === undefined ? undefined : version.partCount,
      VersionId: versionId,
    },
  };
}

function checkCombination({ identity }: OperationRequest, input: ReadInput): void {
  if (identity.kind === 'anonymous' && overrideInputs.some((member) => input[member] !== undefined)) {
    throw new S3Error('InvalidRequest', {
      message: 'Request specific response headers cannot be used for anonymous GET requests.',
    });
  }
  if (input.PartNumber !== undefined && input.Range !== undefined) {
    throw new S3Error('InvalidRequest', {
      message: 'Cannot specify both Range header and partNumber query parameter',
    });
  }
}

async function findExtent(request: OperationRequest, input: ReadInput, version: Version): Promise<Extent> {
  const { checksum, size } = version;
  if (input.PartNumber !== undefined) return findPart(request, version, input.PartNumber);
  const range = ifRangeHolds(request.header('if-range'), version) ? parseRange(input.Range, size) : undefined;
  if (range === undefined) return { range: { start: 0, end: size }, isPartial: false, checksum };
  return { range, isPartial: true, checksum: undefined };
}

/** An object that was not uploaded in parts is its own first part. Bytes that are none have no `Content-Range`: 200. */
async function findPart({ engine }: OperationRequest, version: Version, partNumber: number): Promise<Extent> {
  const { checksum, partCount, size } = version;
  if (partCount === undefined) {
    if (partNumber === 1) return { range: { start: 0, end: size }, isPartial: size > 0, checksum };
    throw noSuchPart({ partNumber, partCount: 1 });
  }
  const found = await engine.objects.part(version, partNumber);
  if (found === undefined) throw noSuchPart({ partNumber, partCount });
  const { part, start, end } = found;
  const partChecksum = part.checksum && { ...part.checksum, type: checksum?.type ?? part.checksum.type };
  return { range: { start, end }, isPartial: end > start, checksum: partChecksum };
}

function noSuchPart({ partNumber, partCount }: { partNumber: number; partCount: number }): S3Error {
  return new S3Error('InvalidPartNumber', {
    fields: { PartNumberRequested: String(partNumber), ActualPartCount: String(partCount) },
  });
}

/** What is so of a version whichever of its bytes are asked for. */
function describe({ attributes, etag, lastModifiedMs }: Version, input: ReadInput): OpenedVersion['output'] {
  const { headers, metadata, storageClass, tags, replication } = attributes;
  return {
    AcceptRanges: 'bytes',
    LastModified: shownTime(lastModifiedMs),
    ETag: quoteEtag(etag),
    CacheControl: input.ResponseCacheControl ?? headers.cacheControl,
    ContentDisposition: input.ResponseContentDisposition ?? headers.contentDisposition,
    ContentEncoding: input.ResponseContentEncoding ?? headers.contentEncoding,
    ContentLanguage: input.ResponseContentLanguage ?? headers.contentLanguage,
    ContentType: input.ResponseContentType ?? headers.contentType,
    Expires: input.ResponseExpires ?? headers.expires,
    WebsiteRedirectLocation: headers.websiteRedirectLocation,
    Metadata: metadata,
    StorageClass: headerClass(storageClass),
    ReplicationStatus: replication,
    TagCount: tags.length > 0 ? tags.length : undefined,
  };
}
