/**
 * Storage classes. The name is stored and listed, as clients sort by it; how the bytes of a class are coded is the
 * configuration's to say (`store.schemes`). EXPRESS_ONEZONE, which AWS knows in directory buckets alone, is a class of any
 * bucket here: it is what hot data is called. Which of them are archives, the engine knows (`engine/archives.ts`).
 */
import type * as S3 from '@aws-sdk/client-s3';
import { S3Error } from './errors.ts';

export const standardClass = 'STANDARD';

/** Classes that objects may have. */
export const storageClasses = [
  standardClass,
  'REDUCED_REDUNDANCY',
  'STANDARD_IA',
  'ONEZONE_IA',
  'INTELLIGENT_TIERING',
  'GLACIER_IR',
  'GLACIER',
  'DEEP_ARCHIVE',
  'EXPRESS_ONEZONE',
] as const satisfies readonly S3.StorageClass[];

export type StorageClass = (typeof storageClasses)[number];

/** The class of a new object. Throws InvalidStorageClass for what is none. */
export function parseStorageClass(requested: string | undefined): StorageClass {
  const known = storageClasses.find((name) => name === (requested ?? standardClass));
  if (known !== undefined) return known;
  throw new S3Error('InvalidStorageClass', { fields: { StorageClassRequested: requested ?? '' } });
}

/** A stored class as listings show it. */
export function listedClass(stored: string): StorageClass {
  return storageClasses.find((name) => name === stored) ?? standardClass;
}

/** A stored class as headers show it: only where it is not STANDARD. */
export function headerClass(stored: string): StorageClass | undefined {
  const shown = listedClass(stored);
  return shown === standardClass ? undefined : shown;
}
