/** What CopyObject and UploadPartCopy share: finding the version to copy from. */

import { checkCustomerKey } from '../engine/encryption/keyring.ts';
import { EngineError } from '../engine/errors.ts';
import type { Bucket, CustomerKey, Version } from '../engine/types.ts';
import { checkReadable } from './archived-objects.ts';
import { type CopySourceConditions, checkCopySourceConditions } from './conditions.ts';
import { parseCopySource } from './copy-source.ts';
import { readSourceKey, type SourceKeyInput, sourceKeyInputs } from './encryption/customer-keys.ts';
import { requireKeyToRead } from './encryption/key-use.ts';
import { toS3Error } from './engine-errors.ts';
import { S3Error } from './errors.ts';
import { checkObjectAddress, shownVersionId } from './object-address.ts';
import type { ObjectName, OperationRequest } from './operation.ts';

/** Members of the input that both honour. */
export const copySourceInputs = [
  'CopySource',
  'CopySourceIfMatch',
  'CopySourceIfModifiedSince',
  'CopySourceIfNoneMatch',
  'CopySourceIfUnmodifiedSince',
  'ExpectedSourceBucketOwner',
  ...sourceKeyInputs,
] as const;

export interface CopySourceInput extends CopySourceConditions, SourceKeyInput {
  readonly CopySource: string;
  readonly ExpectedSourceBucketOwner?: string | undefined;
}

export interface OpenedSource {
  readonly bucket: Bucket;
  readonly version: Version;
  /** As the answer shows it. */
  readonly versionId: string | undefined;
  /** That the request brings for it. */
  readonly customerKey: CustomerKey | undefined;
}

/** Bytes that one request may copy at most. */
const copyBytesMax = 5 * 1024 ** 3;

/** The version that the header names, after the conditions on it have held. */
export async function openCopySource(
  request: OperationRequest,
  input: CopySourceInput,
  copied: 'OBJECT' | 'PART',
): Promise<OpenedSource> {
  const { bucket: bucketName, key, versionId } = parseCopySource(input.CopySource);
  checkObjectAddress({ Key: key, VersionId: versionId });
  const customerKey = readSourceKey(input);
  const expectedOwner = input.ExpectedSourceBucketOwner;
  const bucket = await request.sourceBucket({ name: bucketName, expectedOwner }, { key, versionId });
  const line = { operation: `REST.COPY.${copied}_GET`, bucket, key, versionId } as const;
  try {
    const version = await findSource(request, bucket, { key, versionId });
    checkCopySourceConditions(input, version);
    checkReadable(request, version, 'copy');
    checkCustomerKey(version.attributes.encryption, customerKey);
    requireKeyToRead(request, version.attributes.encryption);
    request.engine.tiering.noteAccess(version);
    request.notes?.further.push({ ...line, status: 200, objectSize: version.size });
    return { bucket, version, versionId: shownVersionId(bucket, version.versionId), customerKey };
  } catch (error) {
    const { status, code } = toS3Error(error);
    request.notes?.further.push({ ...line, status, errorCode: code });
    throw error;
  }
}

/** Throws InvalidRequest if more is to be copied than one request may. */
export function checkCopySize(sizeBytes: number): void {
  if (sizeBytes <= copyBytesMax) return;
  throw new S3Error('InvalidRequest', {
    message: `The specified copy source is larger than the maximum allowable size for a copy source: ${copyBytesMax}`,
  });
}

async function findSource(request: OperationRequest, bucket: Bucket, object: ObjectName): Promise<Version> {
  try {
    return await request.engine.objects.find(bucket, object.key, object.versionId);
  } catch (found) {
    const error = await request.concealMissing(found, { bucket, object });
    if (!(error instanceof EngineError) || error.code !== 'DeleteMarkerMet') throw error;
    throw new S3Error('InvalidRequest', {
      message: 'The source of a copy request may not specifically refer to a delete marker by version id.',
      cause: error,
    });
  }
}
