/**
 * The daily figures of what a bucket stores, by CloudWatch's names: sums of what was counted last. Pure.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/metrics-dimensions.html
 */

import { tieringClass } from '../engine/tiering/tiers.ts';
import type { Totals } from '../engine/usage/totals.ts';
import type { BucketUsage } from '../engine/usage/usage.ts';

/** What CloudWatch calls the storage of a class, and that of an access tier of Intelligent-Tiering. */
const storageTypes: Readonly<Record<string, string>> = {
  STANDARD: 'StandardStorage',
  REDUCED_REDUNDANCY: 'ReducedRedundancyStorage',
  STANDARD_IA: 'StandardIAStorage',
  ONEZONE_IA: 'OneZoneIAStorage',
  FREQUENT_ACCESS: 'IntelligentTieringFAStorage',
  INFREQUENT_ACCESS: 'IntelligentTieringIAStorage',
  ARCHIVE_INSTANT_ACCESS: 'IntelligentTieringAIAStorage',
  ARCHIVE_ACCESS: 'IntelligentTieringAAStorage',
  DEEP_ARCHIVE_ACCESS: 'IntelligentTieringDAAStorage',
  GLACIER_IR: 'GlacierInstantRetrievalStorage',
  GLACIER: 'GlacierStorage',
  DEEP_ARCHIVE: 'DeepArchiveStorage',
  EXPRESS_ONEZONE: 'ExpressOneZone',
};

/** Parts of uploads wait in front of archives. */
const stagingTypes: Readonly<Record<string, string>> = {
  GLACIER: 'GlacierStagingStorage',
  DEEP_ARCHIVE: 'DeepArchiveStagingStorage',
};

export interface StorageFigures {
  readonly bucket: string;
  readonly countedMs: number;
  /** BucketSizeBytes by StorageType. */
  readonly bytes: ReadonlyMap<string, number>;
  /** NumberOfObjects: all versions, delete markers and parts. */
  readonly objects: number;
}

export function storageFigures({ bucket, countedMs, totals }: BucketUsage): StorageFigures {
  return { bucket, countedMs, bytes: bytesByType(totals), objects: objectsOf(totals) };
}

function objectsOf({ current, noncurrent, deleteMarkers, uploads }: Totals): number {
  return current.versions + noncurrent.versions + deleteMarkers + uploads.parts;
}

function bytesByType({
  classes: { INTELLIGENT_TIERING: _, ...classes },
  accessTiers,
  uploadClasses,
}: Totals): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  const add = (type: string, bytes: number) => found.set(type, (found.get(type) ?? 0) + bytes);
  for (const [name, { bytes }] of Object.entries({ ...classes, ...accessTiers }))
    add(storageTypes[name] ?? name, bytes);
  for (const [name, { bytes }] of Object.entries(uploadClasses))
    add(stagingTypes[name] ?? storageTypes[name === tieringClass ? 'FREQUENT_ACCESS' : name] ?? name, bytes);
  return found;
}
