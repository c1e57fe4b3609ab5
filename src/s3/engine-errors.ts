/** The one mapping from what the engine refuses to what the client sees, with the fields and headers S3 adds. */
import { EngineError, type EngineErrorCode, type EngineErrorDetails } from '../engine/errors.ts';
import { KmsError, type KmsErrorCode } from '../kms/errors.ts';
import { S3Error, type S3ErrorCode, type S3ErrorOptions } from './errors.ts';
import { shownTime } from './times.ts';

type Mapping = (
  details: EngineErrorDetails,
  method: string | undefined,
) => readonly [code: S3ErrorCode, options?: Omit<S3ErrorOptions, 'cause'>];

const keyMissing =
  'The object was stored using a form of Server Side Encryption. The correct parameters must be provided to retrieve the object.';
const keyMissingOfPart =
  'The multipart upload initiate requested encryption. Subsequent part requests must include the appropriate encryption parameters.';
const keyWrong =
  'Requests specifying Server Side Encryption with Customer provided keys must provide the correct secret key.';

const mappings: Readonly<Record<EngineErrorCode, Mapping>> = {
  BucketAlreadyOwnedByYou: ({ bucket }) => ['BucketAlreadyOwnedByYou', { fields: present({ BucketName: bucket }) }],
  BucketAlreadyExists: ({ bucket }) => ['BucketAlreadyExists', { fields: present({ BucketName: bucket }) }],
  BucketNotEmpty: ({ bucket }) => ['BucketNotEmpty', { fields: present({ BucketName: bucket }) }],
  NoSuchBucket: ({ bucket }) => ['NoSuchBucket', { fields: present({ BucketName: bucket }) }],
  NoSuchTagSet: ({ bucket }) => ['NoSuchTagSet', { fields: present({ BucketName: bucket }) }],
  NoSuchKey: ({ key, deleteMarkerVersionId }) => [
    'NoSuchKey',
    { fields: present({ Key: key }), headers: markerHeaders(deleteMarkerVersionId) },
  ],
  NoSuchVersion: ({ key, versionId }) => ['NoSuchVersion', { fields: present({ Key: key, VersionId: versionId }) }],
  NoSuchUpload: ({ uploadId }) => ['NoSuchUpload', { fields: present({ UploadId: uploadId }) }],
  DeleteMarkerMet: (details, method) => [
    'MethodNotAllowed',
    {
      fields: present({ Method: method, ResourceType: 'DeleteMarker' }),
      headers: {
        Allow: 'DELETE',
        ...markerHeaders(details.deleteMarkerVersionId ?? details.versionId),
        ...(details.lastModifiedMs !== undefined && {
          'Last-Modified': shownTime(details.lastModifiedMs).toUTCString(),
        }),
      },
    },
  ],
  InvalidPart: ({ uploadId, partNumber, etag }) => [
    'InvalidPart',
    { fields: present({ UploadId: uploadId, PartNumber: partNumber, ETag: etag }) },
  ],
  NoSuchAnnotation: ({ key }) => ['NoSuchAnnotation', { fields: present({ Key: key }) }],
  TooManyAnnotations: ({ key }) => ['AnnotationLimitExceeded', { fields: present({ Key: key }) }],
  AnnotationUnderCustomerKey: () => [
    'InvalidRequest',
    { message: 'Annotations are not supported for objects encrypted with customer-provided keys (SSE-C).' },
  ],
  InvalidPartOrder: ({ uploadId }) => ['InvalidPartOrder', { fields: present({ UploadId: uploadId }) }],
  EntityTooSmall: ({ etag, minSizeAllowed, proposedSize, partNumber }) => [
    'EntityTooSmall',
    {
      fields: present({
        ETag: etag,
        MinSizeAllowed: minSizeAllowed,
        ProposedSize: proposedSize,
        PartNumber: partNumber,
      }),
    },
  ],
  PreconditionFailed: ({ condition }) => ['PreconditionFailed', { fields: present({ Condition: condition }) }],
  ObjectLocked: () => ['AccessDenied', { message: 'Access Denied because object protected by object lock.' }],
  BucketLocked: () => [
    'InvalidBucketState',
    {
      message: 'An Object Lock configuration is present on this bucket, so the versioning state cannot be changed.',
    },
  ],
  VersioningNotEnabled: () => [
    'InvalidBucketState',
    { message: "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration" },
  ],
  InvalidObjectState: ({ storageClass }) => [
    'InvalidObjectState',
    {
      message: "Restore is not allowed for the object's current storage class",
      fields: present({ StorageClass: storageClass }),
    },
  ],
  ObjectAlreadyInActiveTierError: () => ['ObjectAlreadyInActiveTierError'],
  RestoreAlreadyInProgress: () => ['RestoreAlreadyInProgress'],
  NoSuchRestoreTier: () => [
    'InvalidArgument',
    { message: 'Retrieval option is not supported by this storage class', fields: { ArgumentName: 'Tier' } },
  ],
  RestoreDaysMissing: () => ['MalformedXML'],
  RestoreDaysNamed: () => [
    'InvalidArgument',
    {
      message: "'Days' must not be specified for objects in the S3 Intelligent-Tiering storage class",
      fields: { ArgumentName: 'Days' },
    },
  ],
  CustomerKeyMissing: ({ uploadId }) => [
    'InvalidRequest',
    { message: uploadId === undefined ? keyMissing : keyMissingOfPart },
  ],
  CustomerKeyWrong: ({ uploadId }) =>
    uploadId === undefined
      ? ['AccessDenied', { message: keyWrong }]
      : ['InvalidRequest', { message: 'The provided encryption parameters did not match the ones used originally.' }],
  CustomerKeyUseless: ({ uploadId }) => [
    'InvalidRequest',
    {
      message:
        uploadId === undefined ? 'The encryption parameters are not applicable to this object.' : keyMissingOfPart,
    },
  ],
  KmsUnavailable: () => ['NotImplemented'],
  ObjectLost: (_, method) => [
    'MethodNotAllowed',
    {
      message: 'The object is lost: too few of its shards are left to read it. It can be written anew or deleted.',
      fields: present({ Method: method, ResourceType: 'OBJECT' }),
      headers: { Allow: 'HEAD, PUT, DELETE' },
    },
  ],
  StorageFull: () => ['InsufficientCapacity'],
  ServiceUnavailable: () => ['ServiceUnavailable', { headers: { 'Retry-After': '1' } }],
};

/** Fields whose fact the engine knew, as text. */
function present(fields: Readonly<Record<string, string | number | undefined>>): Record<string, string> {
  const known = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(known.map(([name, value]) => [name, String(value)]));
}

function markerHeaders(versionId: string | undefined): Record<string, string> {
  return versionId === undefined ? {} : { 'x-amz-delete-marker': 'true', 'x-amz-version-id': versionId };
}

/** Any error of a request as the client sees it; `method` is the request's, which some errors name. What is neither S3's, KMS's nor the engine's is a fault of ours: InternalError, with its cause. */
export function toS3Error(error: unknown, method?: string): S3Error {
  if (error instanceof S3Error) return error;
  if (error instanceof KmsError) return kmsRefusal(error);
  if (!(error instanceof EngineError)) return new S3Error('InternalError', { cause: error });
  const [code, options] = mappings[error.code](error.details, method);
  return new S3Error(code, { ...options, cause: error });
}

const kmsCodes: Readonly<Partial<Record<KmsErrorCode, S3ErrorCode>>> = {
  AccessDeniedException: 'AccessDenied',
  DisabledException: 'KMS.DisabledException',
  InvalidArnException: 'KMS.NotFoundException',
  KMSInvalidStateException: 'KMS.KMSInvalidStateException',
  NotFoundException: 'KMS.NotFoundException',
};

/** What KMS refuses, in its own words. */
function kmsRefusal(error: KmsError): S3Error {
  const code = kmsCodes[error.code];
  if (code === undefined) return new S3Error('InternalError', { cause: error });
  return new S3Error(code, { message: error.message, cause: error });
}
