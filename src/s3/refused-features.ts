/**
 * Headers that S3 knows and that a bucket as Ninefold makes it must refuse: ACLs are disabled on every bucket
 * (BucketOwnerEnforced, the default since 2023), and none has object lock.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html
 */
import { S3Error } from './errors.ts';

/** Members that set ACLs, for an operation's `supports`. */
export const aclInputs = ['ACL', 'GrantFullControl', 'GrantRead', 'GrantReadACP', 'GrantWriteACP'] as const;

/** Members of object lock, for an operation's `supports`. */
export const objectLockInputs = ['ObjectLockMode', 'ObjectLockRetainUntilDate', 'ObjectLockLegalHoldStatus'] as const;

const harmlessAcls: readonly string[] = ['private', 'bucket-owner-full-control'];

/** Throws AccessControlListNotSupported unless the ACL says what is so without it. */
export function refuseAcls(input: { readonly [M in (typeof aclInputs)[number]]?: string | undefined }): void {
  const grants = [input.GrantFullControl, input.GrantRead, input.GrantReadACP, input.GrantWriteACP];
  const isHarmless = input.ACL === undefined || harmlessAcls.includes(input.ACL);
  if (!isHarmless || grants.some((grant) => grant !== undefined)) throw new S3Error('AccessControlListNotSupported');
}

/** Throws InvalidRequest if an object is to be locked. */
export function refuseObjectLock(input: { readonly [M in (typeof objectLockInputs)[number]]?: unknown }): void {
  if (objectLockInputs.every((member) => input[member] === undefined)) return;
  throw new S3Error('InvalidRequest', { message: 'Bucket is missing Object Lock Configuration' });
}
