/**
 * Storage classes. The name is stored and listed, as clients sort by it; how the bytes of a class are coded is the
 * configuration's to say (`store.schemes`). EXPRESS_ONEZONE, which AWS knows in directory buckets alone, is a class of any
 * bucket here: it is what hot data is called.
 */
import type * as S3 from '@aws-sdk/client-s3';
import { S3Error } from './errors.ts';

export const standardClass = 'STANDARD';

/** Classes whose objects are read like any other. */
export const readableClasses = [
  standardClass,
  'REDUCED_REDUNDANCY',
  'STANDARD_IA',
  'ONEZONE_IA',
  'INTELLIGENT_TIERING',
  'GLACIER_IR',
  'EXPRESS_ONEZONE',
] as const satisfies readonly S3.StorageClass[];

export type ReadableClass = (typeof readableClasses)[number];

/** Classes that need RestoreObject before they can be read. */
const archiveClasses: readonly string[] = ['GLACIER', 'DEEP_ARCHIVE'] satisfies S3.StorageClass[];

/** The class of a new object. Throws NotImplemented for archives and InvalidStorageClass for what is no class. */
export function parseStorageClass(requested: string | undefined): ReadableClass {
  const known = readableClasses.find((name) => name === (requested ?? standardClass));
  if (known !== undefined) return known;
  if (requested !== undefined && archiveClasses.includes(requested)) {
    throw new S3Error('NotImplemented', { fields: { Header: 'x-amz-storage-class' } });
  }
  throw new S3Error('InvalidStorageClass', { fields: { StorageClassRequested: requested ?? '' } });
}

/** A stored class as listings show it. */
export function listedClass(stored: string): ReadableClass {
  return readableClasses.find((name) => name === stored) ?? standardClass;
}

/** A stored class as headers show it: only where it is not STANDARD. */
export function headerClass(stored: string): ReadableClass | undefined {
  const shown = listedClass(stored);
  return shown === standardClass ? undefined : shown;
}
