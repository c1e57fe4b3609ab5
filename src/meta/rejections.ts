/** How a command fails. */

export type RejectionCode =
  | 'BucketExists'
  | 'NoSuchBucket'
  | 'BucketNotEmpty'
  | 'StaleBucket'
  | 'PreconditionFailed'
  /** If-Match on a key that has no current version: S3 answers 404 NoSuchKey. */
  | 'NoSuchKey'
  | 'NoSuchVersion'
  | 'VersionChanged'
  /** A retention or a legal hold is in the way. */
  | 'ObjectLocked'
  /** Versioning of a bucket with object lock stays as it is. */
  | 'BucketLocked'
  /** Object lock needs a bucket that keeps versions. */
  | 'VersioningNotEnabled'
  | 'NoSuchUpload'
  | 'InvalidPart'
  /** A version has as many as it may have. */
  | 'TooManyAnnotations'
  | 'SourceGone'
  | 'SegmentInUse'
  | 'BlobMoved'
  | 'StaleIdentities';

/** A command's precondition did not hold; it changed nothing and is not in the log. */
export class CommandRejected extends Error {
  override readonly name = 'CommandRejected';
  readonly code: RejectionCode;
  constructor(code: RejectionCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** The batch could not be made durable (log or shard quorum lost); nothing of it took effect. */
export class CommitFailed extends Error {
  override readonly name = 'CommitFailed';
}

/** Of a wave, the blobs in some segments could not be made durable. All others are. */
export class BlobsLost extends Error {
  override readonly name = 'BlobsLost';
  readonly segments: ReadonlySet<string>;
  constructor(segments: ReadonlySet<string>, { cause }: { cause: Error }) {
    super(cause.message, { cause });
    this.segments = segments;
  }
}
