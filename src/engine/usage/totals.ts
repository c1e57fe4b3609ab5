/** Sums of what is stored: of a bucket, or of the keys that begin with a prefix. Pure. */
import { z } from 'zod';
import type { AccessTier } from '../tiering/tiers.ts';

const pairSchema = z.object({ versions: z.int(), bytes: z.int() });
/** Of the parts of uploads that are not complete. */
const uploadsSchema = z.object({ uploads: z.int(), parts: z.int(), bytes: z.int() });

export const totalsSchema = z.object({
  /** Objects: current versions that are no delete markers. */
  current: pairSchema,
  noncurrent: pairSchema,
  deleteMarkers: z.int(),
  uploads: uploadsSchema,
  /** Current and noncurrent versions by storage class. */
  classes: z.record(z.string(), pairSchema),
  /** Of those in INTELLIGENT_TIERING, by access tier. */
  accessTiers: z.record(z.string(), pairSchema),
  /** Parts of uploads, by the class that the object is to have. */
  uploadClasses: z.record(z.string(), uploadsSchema),
  /** Current and noncurrent versions by size, in the order of `sizeLimits`; those above the last limit come last. */
  sizes: z.array(pairSchema),
});

export type Totals = z.infer<typeof totalsSchema>;

const kibibyte = 1024;
const mebibyte = 1024 * kibibyte;

/** A version counts in the first that it is not larger than. */
export const sizeLimits = [
  0,
  4 * kibibyte,
  128 * kibibyte,
  mebibyte,
  16 * mebibyte,
  128 * mebibyte,
  1024 * mebibyte,
] as const;

export interface CountedVersion {
  readonly isCurrent: boolean;
  readonly isDeleteMarker: boolean;
  readonly size: number;
  readonly storageClass: string;
  /** Of one in INTELLIGENT_TIERING. */
  readonly accessTier?: AccessTier | undefined;
}

export interface CountedUpload {
  readonly storageClass: string;
  readonly parts: number;
  /** Of the parts. */
  readonly bytes: number;
}

export function noTotals(): Totals {
  return {
    current: noPair(),
    noncurrent: noPair(),
    deleteMarkers: 0,
    uploads: { uploads: 0, parts: 0, bytes: 0 },
    classes: {},
    accessTiers: {},
    uploadClasses: {},
    sizes: Array.from({ length: sizeLimits.length + 1 }, noPair),
  };
}

export function addVersion(totals: Totals, version: CountedVersion): void {
  const { isCurrent, isDeleteMarker, size, storageClass, accessTier } = version;
  if (isDeleteMarker) {
    totals.deleteMarkers++;
    return;
  }
  const more = { versions: 1, bytes: size };
  addPair(isCurrent ? totals.current : totals.noncurrent, more);
  totals.classes[storageClass] = addPair(totals.classes[storageClass] ?? noPair(), more);
  if (accessTier !== undefined) {
    totals.accessTiers[accessTier] = addPair(totals.accessTiers[accessTier] ?? noPair(), more);
  }
  const at = sizeLimits.findIndex((limit) => size <= limit);
  const ofSize = totals.sizes[at === -1 ? sizeLimits.length : at];
  if (ofSize !== undefined) addPair(ofSize, more);
}

export function addUpload(totals: Totals, { storageClass, parts, bytes }: CountedUpload): void {
  const more = { uploads: 1, parts, bytes };
  addUploads(totals.uploads, more);
  totals.uploadClasses[storageClass] = addUploads(totals.uploadClasses[storageClass] ?? noUploads(), more);
}

export function addTotals(totals: Totals, more: Totals): void {
  addPair(totals.current, more.current);
  addPair(totals.noncurrent, more.noncurrent);
  totals.deleteMarkers += more.deleteMarkers;
  addUploads(totals.uploads, more.uploads);
  for (const [name, pair] of Object.entries(more.classes)) {
    totals.classes[name] = addPair(totals.classes[name] ?? noPair(), pair);
  }
  for (const [name, pair] of Object.entries(more.accessTiers)) {
    totals.accessTiers[name] = addPair(totals.accessTiers[name] ?? noPair(), pair);
  }
  for (const [name, uploads] of Object.entries(more.uploadClasses)) {
    totals.uploadClasses[name] = addUploads(totals.uploadClasses[name] ?? noUploads(), uploads);
  }
  for (const [at, pair] of totals.sizes.entries()) addPair(pair, more.sizes[at] ?? noPair());
}

/** All that is stored, whatever it is. */
export function bytesOf({ current, noncurrent, uploads }: Totals): number {
  return current.bytes + noncurrent.bytes + uploads.bytes;
}

type Pair = Totals['current'];
type Uploads = Totals['uploads'];

function noPair(): Pair {
  return { versions: 0, bytes: 0 };
}

function noUploads(): Uploads {
  return { uploads: 0, parts: 0, bytes: 0 };
}

function addPair(pair: Pair, { versions, bytes }: Pair): Pair {
  pair.versions += versions;
  pair.bytes += bytes;
  return pair;
}

function addUploads(to: Uploads, { uploads, parts, bytes }: Uploads): Uploads {
  to.uploads += uploads;
  to.parts += parts;
  to.bytes += bytes;
  return to;
}
