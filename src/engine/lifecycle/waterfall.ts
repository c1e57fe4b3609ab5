/**
 * Which class rules may move an object to from which: downwards only.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-transition-general-considerations.html
 */
import type { AccessTier } from '../tiering/tiers.ts';

export const colderClasses = [
  'STANDARD_IA',
  'INTELLIGENT_TIERING',
  'ONEZONE_IA',
  'GLACIER_IR',
  'GLACIER',
  'DEEP_ARCHIVE',
] as const;

export type ColderClass = (typeof colderClasses)[number];

const depths: ReadonlyMap<string, number> = new Map(colderClasses.map((name, i) => [name, i + 1]));

/** Below classes that are read at once: 128 KiB, in which small objects would cost more than they save. */
export const transitionSizeMin = 128 * 1024;
const archives: ReadonlySet<string> = new Set<ColderClass>(['GLACIER', 'DEEP_ARCHIVE']);

/** How far down a class is; 0 for STANDARD and for all that only clients put objects in. */
export function depthOf(storageClass: string): number {
  return depths.get(storageClass) ?? 0;
}

/** Of a version in Intelligent-Tiering the access tier says further which classes are below. */
const belowTiers: Readonly<Partial<Record<AccessTier, readonly ColderClass[]>>> = {
  ARCHIVE_INSTANT_ACCESS: ['GLACIER_IR', 'GLACIER', 'DEEP_ARCHIVE'],
  ARCHIVE_ACCESS: ['GLACIER', 'DEEP_ARCHIVE'],
  DEEP_ARCHIVE_ACCESS: ['DEEP_ARCHIVE'],
};

export function mayMove(from: string, to: ColderClass, tier?: AccessTier): boolean {
  if (from === 'ONEZONE_IA') return archives.has(to);
  if (tier !== undefined && belowTiers[tier]?.includes(to) === false) return false;
  return depthOf(to) > depthOf(from);
}

export function isArchive(storageClass: string): boolean {
  return archives.has(storageClass);
}
