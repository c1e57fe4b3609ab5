/** Turns what the index and the blob store refuse into what the engine refuses, in one place. */
import { BlobError } from '../blob/types.ts';
import { CommandRejected, CommitFailed, type DeleteConditions, type WriteConditions } from '../meta/commands.ts';
import type { Bucket } from '../meta/records.ts';
import { IndexUnavailable } from '../meta/types.ts';
import type { EngineContext } from './context.ts';
import { EngineError, type EngineErrorDetails } from './errors.ts';

/** How often a command is tried on a bucket whose versioning changes underneath it. */
const bucketAttemptsMax = 5;

/** Runs work of a facet; errors of the layers below leave it as EngineError, all others (a body's, a `verify`'s) as they are. */
export async function refusing<T>(details: EngineErrorDetails, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw toEngineError(error, details);
  }
}

/** The EngineError for an error of the index or the blob store; any other error is returned as it is. */
export function toEngineError(error: unknown, details: EngineErrorDetails): unknown {
  if (error instanceof CommandRejected) return rejected(error, details);
  if (error instanceof CommitFailed || error instanceof IndexUnavailable || error instanceof BlobError) {
    const code = isFull(error) ? 'StorageFull' : 'ServiceUnavailable';
    return new EngineError(code, error.message, details, { cause: error });
  }
  return error;
}

/** Whether a write found no space: its own, or that of the batch it was in. */
function isFull(error: Error): boolean {
  const cause = error instanceof CommitFailed ? error.cause : error;
  return cause instanceof BlobError && cause.code === 'StorageFull';
}

/** Whether disks could not give or take the bytes that the work was about, by itself or with the batch it was in. */
export function isOfDisks(error: unknown): boolean {
  return error instanceof BlobError || (error instanceof CommitFailed && error.cause instanceof BlobError);
}

function rejected(error: CommandRejected, details: EngineErrorDetails): EngineError {
  const refuse = (code: EngineError['code']) => new EngineError(code, error.message, details, { cause: error });
  switch (error.code) {
    case 'BucketExists':
      return refuse('BucketAlreadyExists');
    case 'NoSuchBucket':
    case 'BucketNotEmpty':
    case 'PreconditionFailed':
    case 'NoSuchKey':
    case 'NoSuchVersion':
    case 'NoSuchUpload':
    case 'InvalidPart':
    case 'TooManyAnnotations':
    case 'ObjectLocked':
    case 'BucketLocked':
    case 'VersioningNotEnabled':
      return refuse(error.code);
    case 'SourceGone':
      return refuse('NoSuchKey');
    case 'StaleBucket':
    case 'VersionChanged':
    case 'SegmentInUse':
    case 'BlobMoved':
    case 'StaleIdentities':
      return refuse('ServiceUnavailable');
  }
}

export function isRejection(error: unknown, code: CommandRejected['code']): boolean {
  return error instanceof CommandRejected && error.code === code;
}

/** Name of the condition to blame, as clients spell it: the index does not say which of them failed. */
export function conditionName(conditions: WriteConditions & DeleteConditions): string {
  if (conditions.ifMatch !== undefined) return 'If-Match';
  if (conditions.ifNoneMatch !== undefined) return 'If-None-Match';
  return conditions.ifMatchSize !== undefined ? 'x-amz-if-match-size' : 'x-amz-if-match-last-modified-time';
}

/** Details of a request on a key, for whatever refusal comes of it. */
export function keyDetails(
  bucket: Bucket,
  key: string,
  conditions?: WriteConditions & DeleteConditions,
): EngineErrorDetails {
  return {
    bucket: bucket.name,
    key,
    ...(conditions !== undefined && { condition: conditionName(conditions) }),
  };
}

/**
 * Runs a command that was made for the bucket's versioning state. If the index says that the state has changed, the bucket
 * is read again and the command made anew.
 */
export async function onCurrentBucket<T>(
  context: EngineContext,
  bucket: Bucket,
  attempt: (bucket: Bucket) => Promise<T>,
): Promise<T> {
  let current = bucket;
  for (let attempts = 1; ; attempts++) {
    try {
      return await attempt(current);
    } catch (error) {
      if (!isRejection(error, 'StaleBucket') || attempts === bucketAttemptsMax) throw error;
    }
    const reloaded = await context.index.getBucket(bucket.name);
    if (reloaded === undefined || reloaded.id !== bucket.id) {
      throw new EngineError('NoSuchBucket', `bucket ${bucket.name} has been deleted`, { bucket: bucket.name });
    }
    current = reloaded;
  }
}
