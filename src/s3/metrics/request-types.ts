/**
 * Which requests are counted, and as what: those about objects, and those that list what is in a bucket.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/metrics-configurations.html
 */
import type { RequestType } from '../../engine/metrics/request-figures.ts';
import { operationTable } from '../model/table.generated.ts';
import type { OperationName } from '../model/types.ts';

const byMethod: Readonly<Record<string, RequestType>> = {
  GET: 'Get',
  HEAD: 'Head',
  PUT: 'Put',
  DELETE: 'Delete',
  POST: 'Post',
};

const byOperation: Readonly<Partial<Record<OperationName | 'PostObject', RequestType>>> = {
  PostObject: 'Post',
  DeleteObjects: 'Delete',
  SelectObjectContent: 'Select',
  ListObjects: 'List',
  ListObjectsV2: 'List',
  ListObjectVersions: 'List',
  ListMultipartUploads: 'List',
  ListParts: 'List',
};

/** Undefined for operations on buckets, which are not counted. */
export function requestTypeOf(operation: OperationName | 'PostObject'): RequestType | undefined {
  const named = byOperation[operation];
  if (named !== undefined || operation === 'PostObject') return named;
  const { target, method } = operationTable[operation];
  return target === 'object' ? byMethod[method] : undefined;
}
