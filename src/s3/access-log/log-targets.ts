/**
 * Which bucket takes the access log of another one, and whether it may, in S3's words where it may not.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/ServerLogs.html
 */
import type { BucketAccess } from '../../engine/access.ts';
import { EngineError } from '../../engine/errors.ts';
import { readObjectLock } from '../../engine/locks/configuration.ts';
import type { Bucket, Buckets } from '../../engine/types.ts';
import { type DeliveryPermissionOptions, logPermission } from '../access/delivery-permission.ts';
import { S3Error } from '../errors.ts';

export interface LogTarget {
  readonly bucket: Bucket;
  readonly access: BucketAccess;
}

export interface AskedTarget {
  readonly source: Bucket;
  /** Name of the bucket that is to take the log. */
  readonly target: string;
  /** Of a log object, or what keys of log objects begin with. */
  readonly key: string;
}

/** Throws InvalidTargetBucketForLogging and CrossLocationLoggingProhibitted. */
export type FindLogTarget = (asked: AskedTarget) => Promise<LogTarget>;

export function logTargets(
  options: DeliveryPermissionOptions & { readonly buckets: Pick<Buckets, 'get' | 'getConfig'> },
): FindLogTarget {
  return async ({ source, target, key }) => {
    const refuse = (message: string) =>
      new S3Error('InvalidTargetBucketForLogging', { message, fields: { TargetBucket: target } });
    const bucket = await find(options.buckets, target);
    if (bucket === undefined) throw refuse('The target bucket for logging does not exist');
    if (bucket.owner !== source.owner) {
      throw refuse('The owner for the bucket to be logged and the target bucket must be the same.');
    }
    if (bucket.region !== source.region) {
      const fields = { SourceBucketLocation: source.region, TargetBucketLocation: bucket.region };
      throw new S3Error('CrossLocationLoggingProhibitted', { fields });
    }
    const access = await options.accesses.read(bucket);
    if (access.requesterPays) throw refuse('The target bucket for logging must not have Requester Pays enabled');
    if ((await readObjectLock(options.buckets, bucket)) !== undefined) {
      throw refuse('The target bucket for logging must not have Object Lock enabled');
    }
    if (await logPermission({ source, destination: bucket, key }, options)) return { bucket, access };
    throw refuse(
      'You must either provide the necessary permissions to the logging service using a bucket policy or give the log-delivery group WRITE and READ_ACP permissions to the target bucket',
    );
  };
}

async function find(buckets: Pick<Buckets, 'get'>, name: string): Promise<Bucket | undefined> {
  try {
    return await buckets.get(name);
  } catch (error) {
    if (error instanceof EngineError && error.code === 'NoSuchBucket') return undefined;
    throw error;
  }
}
