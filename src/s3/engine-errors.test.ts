import { describe, expect, test } from 'vitest';
import { EngineError, type EngineErrorCode, type EngineErrorDetails } from '../engine/errors.ts';
import { toS3Error } from './engine-errors.ts';
import { S3Error, type S3ErrorCode } from './errors.ts';

describe('toS3Error', () => {
  test.each<[EngineErrorCode, EngineErrorDetails, S3ErrorCode, number, Record<string, string>]>([
    ['BucketAlreadyOwnedByYou', { bucket: 'b' }, 'BucketAlreadyOwnedByYou', 409, { BucketName: 'b' }],
    ['BucketAlreadyExists', { bucket: 'b' }, 'BucketAlreadyExists', 409, { BucketName: 'b' }],
    ['BucketNotEmpty', { bucket: 'b' }, 'BucketNotEmpty', 409, { BucketName: 'b' }],
    ['NoSuchBucket', { bucket: 'b' }, 'NoSuchBucket', 404, { BucketName: 'b' }],
    ['NoSuchTagSet', { bucket: 'b' }, 'NoSuchTagSet', 404, { BucketName: 'b' }],
    ['NoSuchKey', { bucket: 'b', key: 'k' }, 'NoSuchKey', 404, { Key: 'k' }],
    ['NoSuchVersion', { key: 'k', versionId: 'v' }, 'NoSuchVersion', 404, { Key: 'k', VersionId: 'v' }],
    ['NoSuchUpload', { uploadId: 'u' }, 'NoSuchUpload', 404, { UploadId: 'u' }],
    [
      'InvalidPart',
      { uploadId: 'u', partNumber: 2, etag: 'e' },
      'InvalidPart',
      400,
      { UploadId: 'u', PartNumber: '2', ETag: 'e' },
    ],
    ['InvalidPartOrder', { uploadId: 'u' }, 'InvalidPartOrder', 400, { UploadId: 'u' }],
    [
      'EntityTooSmall',
      { etag: 'e', minSizeAllowed: 5, proposedSize: 0, partNumber: 1 },
      'EntityTooSmall',
      400,
      { ETag: 'e', MinSizeAllowed: '5', ProposedSize: '0', PartNumber: '1' },
    ],
    ['PreconditionFailed', { condition: 'If-Match' }, 'PreconditionFailed', 412, { Condition: 'If-Match' }],
    ['ServiceUnavailable', {}, 'ServiceUnavailable', 503, {}],
  ])('%s → its code, status and fields', (code, details, ...answer) => {
    const [expected, status, fields] = answer;
    const error = toS3Error(new EngineError(code, 'inner words', details));
    expect(error).toMatchObject({ code: expected, status, fields });
    expect(error.message).not.toContain('inner words');
  });

  test('NoSuchKey behind a delete marker → says so in headers', () => {
    const error = toS3Error(new EngineError('NoSuchKey', '', { key: 'k', deleteMarkerVersionId: 'v' }));
    expect(error.headers).toEqual({ 'x-amz-delete-marker': 'true', 'x-amz-version-id': 'v' });
  });

  test('a delete marker by its id → 405 with the marker and its time', () => {
    const details = { key: 'k', versionId: 'v', lastModifiedMs: Date.UTC(2024, 0, 2, 3, 4, 5, 678) };
    expect(toS3Error(new EngineError('DeleteMarkerMet', '', details))).toMatchObject({
      status: 405,
      headers: {
        Allow: 'DELETE',
        'x-amz-delete-marker': 'true',
        'x-amz-version-id': 'v',
        'Last-Modified': 'Tue, 02 Jan 2024 03:04:05 GMT',
      },
    });
  });

  test('an S3 error → itself', () => {
    const error = new S3Error('AccessDenied');
    expect(toS3Error(error)).toBe(error);
  });

  test('any other error → InternalError that keeps the cause and hides its words', () => {
    const cause = new TypeError('secret');
    const error = toS3Error(cause);
    expect(error).toMatchObject({ code: 'InternalError', status: 500, cause });
    expect(error.message).not.toContain('secret');
  });
});
