/** What the engine refuses, by the names of S3's error codes; `s3/errors.ts` gives each its status and wording. */
export type EngineErrorCode =
  | 'BucketAlreadyOwnedByYou'
  | 'BucketAlreadyExists'
  | 'BucketNotEmpty'
  | 'NoSuchBucket'
  | 'NoSuchKey'
  | 'NoSuchVersion'
  | 'NoSuchUpload'
  | 'NoSuchTagSet'
  /** The version named is a delete marker: 405 with `x-amz-delete-marker`; without a version id it is NoSuchKey. */
  | 'DeleteMarkerMet'
  | 'InvalidPart'
  | 'InvalidPartOrder'
  | 'EntityTooSmall'
  | 'NoSuchAnnotation'
  /** The version has as many as it may have. */
  | 'TooManyAnnotations'
  /** The object is under a key of its client, which nobody has who writes onto it. */
  | 'AnnotationUnderCustomerKey'
  | 'PreconditionFailed'
  /** A retention or a legal hold of the version is in the way. */
  | 'ObjectLocked'
  /** Versioning of a bucket with object lock cannot be suspended. */
  | 'BucketLocked'
  /** Object lock needs a bucket that keeps versions. */
  | 'VersioningNotEnabled'
  /** Of a storage class in which it cannot be done. */
  | 'InvalidObjectState'
  | 'ObjectAlreadyInActiveTierError'
  | 'RestoreAlreadyInProgress'
  /** The archive offers no restore of that speed: InvalidArgument. */
  | 'NoSuchRestoreTier'
  /** An archive is restored for a number of days, a tier of Intelligent-Tiering for good. */
  | 'RestoreDaysMissing'
  | 'RestoreDaysNamed'
  /** The object is under a key of its client, who brings none. */
  | 'CustomerKeyMissing'
  /** The object is under another key than the client brings. */
  | 'CustomerKeyWrong'
  /** The client brings a key for an object that is not under one. */
  | 'CustomerKeyUseless'
  /** There is no KMS that could be asked for a data key. */
  | 'KmsUnavailable'
  /** Bytes of the version are lost, for all that is known. */
  | 'ObjectLost'
  /** There is no space for new data. */
  | 'StorageFull'
  /** The store cannot take a write, or cannot read back enough shards, now. */
  | 'ServiceUnavailable';

/** Facts of a refusal that the answer shows: names of the XML elements or headers they become are the S3 layer's. */
export interface EngineErrorDetails {
  readonly bucket?: string;
  readonly key?: string;
  readonly versionId?: string;
  readonly uploadId?: string;
  readonly partNumber?: number;
  readonly etag?: string;
  readonly proposedSize?: number;
  readonly minSizeAllowed?: number;
  /** Set when the current version is a delete marker: its version id. */
  readonly deleteMarkerVersionId?: string;
  readonly lastModifiedMs?: number;
  /** Name of the condition that failed, e.g. `If-Match`. */
  readonly condition?: string;
  readonly storageClass?: string;
}

export class EngineError extends Error {
  override readonly name = 'EngineError';
  readonly code: EngineErrorCode;
  readonly details: EngineErrorDetails;
  constructor(code: EngineErrorCode, message: string, details: EngineErrorDetails = {}, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.details = details;
  }
}
