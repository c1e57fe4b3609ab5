/** Buckets by name, with the check of who owns them that a request may ask for. */
import type { Bucket, Engine } from '../engine/types.ts';
import { S3Error } from './errors.ts';

export interface BucketDirectory {
  readonly engine: Pick<Engine, 'buckets'>;
  /** The account id of an owner's canonical id. */
  readonly accountOf: (canonicalId: string) => string | undefined;
}

export interface BucketAsked {
  readonly name: string;
  /** The account that the caller takes for the owner, as its header names it. */
  readonly expectedOwner: string | undefined;
}

/**
 * Throws NoSuchBucket; AccessDenied if the bucket belongs to another account than was expected.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-owner-condition.html
 */
export async function findBucket(
  { engine, accountOf }: BucketDirectory,
  { name, expectedOwner }: BucketAsked,
): Promise<Bucket> {
  if (expectedOwner !== undefined && !/^\d{12}$/.test(expectedOwner)) {
    throw new S3Error('InvalidBucketOwnerAWSAccountID', {
      message: `The value of the expected bucket owner parameter must be an AWS Account ID... [${expectedOwner}]`,
    });
  }
  const bucket = await engine.buckets.get(name);
  if (expectedOwner !== undefined && expectedOwner !== accountOf(bucket.owner)) throw new S3Error('AccessDenied');
  return bucket;
}
