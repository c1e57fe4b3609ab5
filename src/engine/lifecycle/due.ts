/**
 * When rules have something done, and to what. Pure. A day ends at midnight UTC; where days are made shorter, at every
 * multiple of their length since 1970.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html#intro-lifecycle-rules-number-of-days
 */
import type { Tag } from '../../meta/records.ts';
import { accessTierOf, type Tiered, tieringClass } from '../tiering/tiers.ts';
import { timeOfOrdinal } from '../version-ids.ts';
import { endOfDays } from './days.ts';
import type { LifecycleRule, MinimumSize, RuleFilter } from './rules.ts';
import { type ColderClass, depthOf, isArchive, mayMove, transitionSizeMin } from './waterfall.ts';

export { dayMs, endOfDays } from './days.ts';

/** What filters look at. */
export interface Filtered {
  readonly key: string;
  readonly size: number;
  readonly tags: readonly Tag[];
}

export function isFor({ prefix = '', tags, sizeGreaterThan, sizeLessThan }: RuleFilter, object: Filtered): boolean {
  if (!object.key.startsWith(prefix)) return false;
  if (sizeGreaterThan !== undefined && object.size <= sizeGreaterThan) return false;
  if (sizeLessThan !== undefined && object.size >= sizeLessThan) return false;
  return tags.every(({ key, value }) => object.tags.some((tag) => tag.key === key && tag.value === value));
}

/** The rule that acts first on something, and when. */
export interface Due {
  readonly rule: LifecycleRule;
  readonly atMs: number;
}

/** When a current version expires. Of rules that say the same time the first one counts. */
export function expiryOf(
  rules: readonly LifecycleRule[],
  object: Filtered & { readonly lastModifiedMs: number },
  dayLengthMs: number,
): Due | undefined {
  return earliest(rules, (rule) => {
    const { expiration } = rule;
    if (expiration === undefined || 'ofMarkers' in expiration || !isFor(rule.filter, object)) return undefined;
    if ('dateMs' in expiration) return expiration.dateMs;
    return endOfDays({ sinceMs: object.lastModifiedMs, days: expiration.days }, dayLengthMs);
  });
}

/** When a delete marker goes that is all there is of its key: as soon as it is that, or at the age of an object. */
export function markerExpiryOf(
  rules: readonly LifecycleRule[],
  marker: { readonly key: string; readonly lastModifiedMs: number },
  dayLengthMs: number,
): Due | undefined {
  const object = { ...marker, size: 0, tags: [] };
  const byAge = expiryOf(rules, object, dayLengthMs);
  const atOnce = earliest(rules, ({ expiration, filter }) => {
    const isOfMarkers = expiration !== undefined && 'ofMarkers' in expiration && expiration.ofMarkers;
    return isOfMarkers && isFor(filter, object) ? 0 : undefined;
  });
  return atOnce ?? byAge;
}

/** What is said of a version that is not current. */
export interface Noncurrent extends Filtered {
  /** Of `noncurrentSince`. */
  readonly sinceMs: number;
  /** How many noncurrent versions of the key are newer. */
  readonly newerVersions: number;
}

/**
 * Since when a version is not current, by its successor: since that took its place, which its ordinal tells. The time that a
 * successor shows may be long before, as that of an upload is when it was begun: counted from there, what was current until a
 * moment ago could go at once. An ordinal that is ahead of the clock, as it was set back, tells nothing.
 */
export function noncurrentSince(
  { ordinal, lastModifiedMs }: { readonly ordinal: number; readonly lastModifiedMs: number },
  nowMs: number,
): number {
  const placedMs = timeOfOrdinal(ordinal);
  return placedMs > nowMs ? lastModifiedMs : Math.max(placedMs, lastModifiedMs);
}

export function noncurrentExpiryOf(
  rules: readonly LifecycleRule[],
  version: Noncurrent,
  dayLengthMs: number,
): Due | undefined {
  return earliest(rules, ({ noncurrentExpiration, filter }) => {
    if (noncurrentExpiration === undefined || !isFor(filter, version)) return undefined;
    if (version.newerVersions < (noncurrentExpiration.newerVersions ?? 0)) return undefined;
    return endOfDays({ sinceMs: version.sinceMs, days: noncurrentExpiration.days }, dayLengthMs);
  });
}

/** What moves look at beside. */
type Classed = Filtered & Tiered & { readonly storageClass: string };

/** A move to another storage class that is due. */
export interface DueTransition {
  readonly rule: LifecycleRule;
  readonly storageClass: ColderClass;
  /** Newer noncurrent versions that there must be. */
  readonly newerVersions?: number | undefined;
}

interface TransitionQuery {
  readonly nowMs: number;
  readonly dayLengthMs: number;
  readonly minimumSize: MinimumSize;
}

/** Where a current version is to be by now: of all classes that rules name and that it may move to, the one furthest down. */
export function transitionOf(
  rules: readonly LifecycleRule[],
  object: Classed,
  query: TransitionQuery,
): DueTransition | undefined {
  const { nowMs, dayLengthMs } = query;
  const due = rules.flatMap((rule) =>
    (rule.transitions ?? [])
      .filter((one) => {
        const atMs =
          'dateMs' in one ? one.dateMs : endOfDays({ sinceMs: object.lastModifiedMs, days: one.days }, dayLengthMs);
        return atMs <= nowMs;
      })
      .map(({ storageClass }): DueTransition => ({ rule, storageClass })),
  );
  return furthest(due, object, query);
}

/** The same of a version that is not current. */
export function noncurrentTransitionOf(
  rules: readonly LifecycleRule[],
  version: Noncurrent & Classed,
  query: TransitionQuery,
): DueTransition | undefined {
  const { nowMs, dayLengthMs } = query;
  const due = rules.flatMap((rule) =>
    (rule.noncurrentTransitions ?? [])
      .filter(({ days, newerVersions = 0 }) => {
        const atMs = endOfDays({ sinceMs: version.sinceMs, days }, dayLengthMs);
        return version.newerVersions >= newerVersions && atMs <= nowMs;
      })
      .map(({ storageClass, newerVersions }): DueTransition => ({ rule, storageClass, newerVersions })),
  );
  return furthest(due, version, query);
}

function furthest(due: readonly DueTransition[], object: Classed, query: TransitionQuery): DueTransition | undefined {
  const tier = object.storageClass === tieringClass ? accessTierOf(object, query) : undefined;
  let found: DueTransition | undefined;
  for (const one of due) {
    const { rule, storageClass } = one;
    const isMeant = rule.isEnabled && mayMove(object.storageClass, storageClass, tier) && isFor(rule.filter, object);
    if (!isMeant || !isLargeEnough(object.size, one, query.minimumSize)) continue;
    if (found === undefined || depthOf(storageClass) > depthOf(found.storageClass)) found = one;
  }
  return found;
}

/** Sizes that a rule's filter names count instead of the least size of the bucket. */
function isLargeEnough(size: number, { rule, storageClass }: DueTransition, minimumSize: MinimumSize): boolean {
  const { sizeGreaterThan, sizeLessThan } = rule.filter;
  if (size >= transitionSizeMin || sizeGreaterThan !== undefined || sizeLessThan !== undefined) return true;
  return minimumSize === 'varies_by_storage_class' && isArchive(storageClass);
}

/** When an upload that is not complete is aborted. */
export function abortOf(
  rules: readonly LifecycleRule[],
  upload: { readonly key: string; readonly initiatedMs: number },
  dayLengthMs: number,
): Due | undefined {
  return earliest(rules, ({ abortUploadsDays, filter }) => {
    if (abortUploadsDays === undefined || !upload.key.startsWith(filter.prefix ?? '')) return undefined;
    return endOfDays({ sinceMs: upload.initiatedMs, days: abortUploadsDays }, dayLengthMs);
  });
}

/** What versions must be so that anything may be due of them at a time: made before another, or delete markers. */
export function possiblyDue(
  rules: readonly LifecycleRule[],
  { nowMs, dayLengthMs }: { nowMs: number; dayLengthMs: number },
): { readonly madeBeforeMs: number; readonly markers: boolean } {
  const expirations = rules.flatMap(({ expiration }) => expiration ?? []);
  const transitions = rules.flatMap((rule) => rule.transitions ?? []);
  const noncurrent = rules.flatMap((rule) => [
    ...(rule.noncurrentExpiration === undefined ? [] : [rule.noncurrentExpiration]),
    ...(rule.noncurrentTransitions ?? []),
  ]);
  const current = [...expirations, ...transitions];
  // A version is not current since its successor shows, or later.
  const days = [...current, ...noncurrent].flatMap((one) => ('days' in one ? [one.days] : []));
  const isDated = current.some((one) => 'dateMs' in one && one.dateMs <= nowMs);
  return {
    madeBeforeMs: isDated
      ? Number.MAX_SAFE_INTEGER
      : Math.max(0, ...days.map((count) => (Math.floor(nowMs / dayLengthMs) - count) * dayLengthMs)),
    markers: expirations.some((one) => 'ofMarkers' in one && one.ofMarkers),
  };
}

/** The earliest time that a rule in force gives. */
function earliest(
  rules: readonly LifecycleRule[],
  timeOf: (rule: LifecycleRule) => number | undefined,
): Due | undefined {
  let first: Due | undefined;
  for (const rule of rules) {
    const atMs = rule.isEnabled ? timeOf(rule) : undefined;
    if (atMs !== undefined && (first === undefined || atMs < first.atMs)) first = { rule, atMs };
  }
  return first;
}
