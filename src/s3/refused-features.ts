/** Headers that S3 knows and that a bucket as Ninefold makes it must refuse: none has object lock. */
import { S3Error } from './errors.ts';

/** Members of object lock, for an operation's `supports`. */
export const objectLockInputs = ['ObjectLockMode', 'ObjectLockRetainUntilDate', 'ObjectLockLegalHoldStatus'] as const;

/** Throws InvalidRequest if an object is to be locked. */
export function refuseObjectLock(input: { readonly [M in (typeof objectLockInputs)[number]]?: unknown }): void {
  if (objectLockInputs.every((member) => input[member] === undefined)) return;
  throw new S3Error('InvalidRequest', { message: 'Bucket is missing Object Lock Configuration' });
}
