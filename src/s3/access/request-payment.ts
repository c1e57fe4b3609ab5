/**
 * Who pays for a request to a bucket whose requesters pay. Nobody is charged here, but who would be at AWS must say that it
 * knows, so that what works here works there.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/RequesterPaysBuckets.html
 */
import type { BucketAccess } from '../../engine/access.ts';
import { S3Error } from '../errors.ts';
import type { RequestFacts } from './request-context.ts';

/** Whether the caller's account is charged and not the bucket's. Throws AccessDenied where it does not say that it knows. */
export function isCharged({ requesterPays, owner }: BucketAccess, { identity, header }: RequestFacts): boolean {
  if (!requesterPays || identity.canonicalId === owner) return false;
  if (identity.kind === 'anonymous' || header('x-amz-request-payer') !== 'requester') throw new S3Error('AccessDenied');
  return true;
}
