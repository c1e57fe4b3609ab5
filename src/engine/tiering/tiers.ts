/**
 * Access tiers of Intelligent-Tiering. Pure. The tiers that are read at once follow from when a version was last read, and are
 * kept nowhere; that it is in an archive tier is kept, as it is moved there by a configuration that may be another by now.
 * Days count as in lifecycle rules: they are over with the day in which the last one ends.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/intelligent-tiering-overview.html
 */
import type { ArchiveTier, Tiering } from '../../meta/records.ts';
import { endOfDays } from '../lifecycle/days.ts';

export const tieringClass = 'INTELLIGENT_TIERING';

/** Smaller objects are not monitored: they stay where they are. */
export const monitoredSizeMin = 128 * 1024;

export type AccessTier = 'FREQUENT_ACCESS' | 'INFREQUENT_ACCESS' | 'ARCHIVE_INSTANT_ACCESS' | ArchiveTier;

const infrequentDays = 30;
const archiveInstantDays = 90;

/** What is asked of a version in the class. */
export interface Tiered {
  readonly size: number;
  readonly lastModifiedMs: number;
  readonly tiering?: Tiering | undefined;
}

/** The archive tier it is in, and whether it is on its way out. */
export interface Archived {
  readonly tier: ArchiveTier;
  readonly isRestoring: boolean;
}

export function archivedAt({ tiering }: Pick<Tiered, 'tiering'>, nowMs: number): Archived | undefined {
  const archive = tiering?.archive;
  if (archive === undefined) return undefined;
  const { tier, restore } = archive;
  if (restore === undefined) return { tier, isRestoring: false };
  return nowMs < restore.readyMs ? { tier, isRestoring: true } : undefined;
}

/** When days without access began: when it was written, read or restored, whichever was last. */
export function referenceMs({ lastModifiedMs, tiering }: Tiered, nowMs: number): number {
  const readyMs = tiering?.archive?.restore?.readyMs ?? 0;
  return Math.max(lastModifiedMs, tiering?.accessedMs ?? 0, readyMs <= nowMs ? readyMs : 0);
}

interface Time {
  readonly nowMs: number;
  readonly dayLengthMs: number;
}

export function accessTierOf(version: Tiered, { nowMs, dayLengthMs }: Time): AccessTier {
  if (version.size < monitoredSizeMin) return 'FREQUENT_ACCESS';
  const archived = archivedAt(version, nowMs);
  if (archived !== undefined) return archived.tier;
  const sinceMs = referenceMs(version, nowMs);
  const hasPassed = (days: number): boolean => endOfDays({ sinceMs, days }, dayLengthMs) <= nowMs;
  if (hasPassed(archiveInstantDays)) return 'ARCHIVE_INSTANT_ACCESS';
  return hasPassed(infrequentDays) ? 'INFREQUENT_ACCESS' : 'FREQUENT_ACCESS';
}

/** Whether a read is to be remembered: it is the first on its day, as far as is known, of something that is monitored. */
export function isNoteworthy(version: Tiered, { nowMs, dayLengthMs }: Time): boolean {
  if (version.size < monitoredSizeMin) return false;
  const dayOf = (ms: number): number => Math.floor(ms / dayLengthMs);
  return dayOf(referenceMs(version, nowMs)) < dayOf(nowMs);
}
