/** When configurations have a version moved to an archive tier. Pure. */
import type { ArchiveTier, Tag } from '../../meta/records.ts';
import { endOfDays } from '../lifecycle/days.ts';
import { isMeant } from '../object-filter.ts';
import type { TieringConfiguration } from './configurations.ts';
import { archivedAt, monitoredSizeMin, referenceMs, type Tiered } from './tiers.ts';

const depths: Readonly<Record<ArchiveTier, number>> = { ARCHIVE_ACCESS: 1, DEEP_ARCHIVE_ACCESS: 2 };

export interface DueArchive {
  readonly tier: ArchiveTier;
  /** Tags that decided. */
  readonly tags: readonly Tag[];
}

interface Time {
  readonly nowMs: number;
  readonly dayLengthMs: number;
}

/** The deepest archive tier that a version is to be in by now, if it is not that deep already. */
export function archiveDue(
  configurations: readonly TieringConfiguration[],
  version: Tiered & { readonly key: string; readonly tags: readonly Tag[] },
  { nowMs, dayLengthMs }: Time,
): DueArchive | undefined {
  if (version.size < monitoredSizeMin) return undefined;
  const archived = archivedAt(version, nowMs);
  if (archived?.isRestoring === true) return undefined;
  const sinceMs = referenceMs(version, nowMs);
  let depth = archived === undefined ? 0 : depths[archived.tier];
  let due: DueArchive | undefined;
  for (const { isEnabled, filter, tierings } of configurations) {
    if (!isEnabled || !isMeant(filter, version)) continue;
    for (const { tier, days } of tierings) {
      if (depths[tier] <= depth || endOfDays({ sinceMs, days }, dayLengthMs) > nowMs) continue;
      due = { tier, tags: filter.tags };
      depth = depths[tier];
    }
  }
  return due;
}

/** Before when versions must have been made so that any may be due. */
export function possiblyDueBefore(
  configurations: readonly TieringConfiguration[],
  { nowMs, dayLengthMs }: Time,
): number {
  const days = configurations.filter(({ isEnabled }) => isEnabled).flatMap(({ tierings }) => tierings);
  const fewest = Math.min(...days.map((tiering) => tiering.days));
  return Math.max(0, (Math.floor(nowMs / dayLengthMs) - fewest) * dayLengthMs);
}
