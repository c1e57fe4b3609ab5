/** Whether an identity may run an operation on a bucket: the root account may do everything, others what is public. */
import type { Bucket, Engine } from '../engine/types.ts';
import type { Identity } from './auth/identity.ts';
import { S3Error } from './errors.ts';
import type { OperationName } from './model/types.ts';

/** Kind of the bucket configuration document that opens a bucket for anonymous reading. */
export const publicReadConfig = 'public-read';

const publicReads: ReadonlySet<OperationName> = new Set<OperationName>([
  'GetObject',
  'HeadObject',
  'GetObjectAttributes',
  'HeadBucket',
  'GetBucketLocation',
  'ListObjects',
  'ListObjectsV2',
]);

export interface AccessRequest {
  readonly identity: Identity;
  readonly operation: OperationName;
  readonly bucket: Bucket | undefined;
}

/** Throws AccessDenied. */
export async function authorise(engine: Engine, { identity, operation, bucket }: AccessRequest): Promise<void> {
  if (identity.kind === 'root') return;
  const isOpen = bucket !== undefined && publicReads.has(operation);
  if (isOpen && (await engine.buckets.getConfig(bucket, publicReadConfig)) !== undefined) return;
  throw new S3Error('AccessDenied');
}
