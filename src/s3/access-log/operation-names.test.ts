import { expect, test } from 'vitest';
import { operationTable } from '../model/table.generated.ts';
import type { OperationName } from '../model/types.ts';
import { loggedOperation } from './operation-names.ts';

/** As AWS's own logs have them. */
const known: readonly (readonly [OperationName | 'PostObject' | undefined, string, boolean, string])[] = [
  ['GetObject', 'GET', true, 'REST.GET.OBJECT'],
  ['HeadObject', 'HEAD', true, 'REST.HEAD.OBJECT'],
  ['HeadBucket', 'HEAD', false, 'REST.HEAD.BUCKET'],
  ['PutObject', 'PUT', true, 'REST.PUT.OBJECT'],
  ['PostObject', 'POST', true, 'REST.POST.BUCKET'],
  ['CopyObject', 'PUT', true, 'REST.COPY.OBJECT'],
  ['DeleteObject', 'DELETE', true, 'REST.DELETE.OBJECT'],
  ['DeleteObjects', 'POST', false, 'REST.POST.MULTI_OBJECT_DELETE'],
  ['CreateMultipartUpload', 'POST', true, 'REST.POST.UPLOADS'],
  ['UploadPart', 'PUT', true, 'REST.PUT.PART'],
  ['UploadPartCopy', 'PUT', true, 'REST.COPY.PART'],
  ['CompleteMultipartUpload', 'POST', true, 'REST.POST.UPLOAD'],
  ['AbortMultipartUpload', 'DELETE', true, 'REST.DELETE.UPLOAD'],
  ['ListParts', 'GET', true, 'REST.GET.UPLOAD'],
  ['ListMultipartUploads', 'GET', false, 'REST.GET.UPLOADS'],
  ['ListObjects', 'GET', false, 'REST.GET.BUCKET'],
  ['ListObjectsV2', 'GET', false, 'REST.GET.BUCKET'],
  ['ListObjectVersions', 'GET', false, 'REST.GET.BUCKETVERSIONS'],
  ['GetBucketLogging', 'GET', false, 'REST.GET.LOGGING_STATUS'],
  ['PutBucketPolicy', 'PUT', false, 'REST.PUT.BUCKETPOLICY'],
  ['GetBucketPolicyStatus', 'GET', false, 'REST.GET.POLICY_STATUS'],
  ['GetBucketRequestPayment', 'GET', false, 'REST.GET.REQUEST_PAYMENT'],
  ['GetPublicAccessBlock', 'GET', false, 'REST.GET.PUBLIC_ACCESS_BLOCK'],
  ['GetBucketIntelligentTieringConfiguration', 'GET', false, 'REST.GET.INTELLIGENT_TIERING'],
  ['GetObjectLockConfiguration', 'GET', false, 'REST.GET.OBJECT_LOCK_CONFIGURATION'],
  ['GetBucketTagging', 'GET', false, 'REST.GET.TAGGING'],
  ['GetObjectTagging', 'GET', true, 'REST.GET.OBJECT_TAGGING'],
  ['PutObjectAcl', 'PUT', true, 'REST.PUT.ACL'],
  ['RestoreObject', 'POST', true, 'REST.POST.RESTORE'],
  [undefined, 'OPTIONS', true, 'REST.OPTIONS.PREFLIGHT'],
  [undefined, 'DELETE', false, 'REST.DELETE.BUCKET'],
];

test.for(known)('%s by %s, on an object: %s → %s', ([name, method, isOnObject, logged]) => {
  expect(loggedOperation(name, { method, isOnObject })).toBe(logged);
});

test('every operation → one word after the method', () => {
  for (const name of Object.keys(operationTable) as OperationName[]) {
    const { method, target } = operationTable[name];
    expect(loggedOperation(name, { method, isOnObject: target === 'object' })).toMatch(
      /^REST\.[A-Z]+\.[A-Z]+(_[A-Z]+)*$/,
    );
  }
});
