/**
 * Archives: storage classes whose objects are not read before they have been restored for some days, and tiers of
 * Intelligent-Tiering that objects leave for good when they are restored. Here a restored copy is not a second set of bytes:
 * the version says until when it is open, and its bytes are read where they lie. So nothing has to be made when a restore is
 * over its delay, nor to be removed when its days are over, whatever the server was doing then.
 */
import type { EventFacts, Version } from '../meta/records.ts';
import type { EngineContext } from './context.ts';
import { EngineError, type EngineErrorCode } from './errors.ts';
import { noticing } from './events/notices.ts';
import { serviceCause } from './events/service-cause.ts';
import { dayMs, endOfDays } from './lifecycle/due.ts';
import { findVersion, lookupsMax } from './objects.ts';
import { isRejection, keyDetails, refusing } from './refusals.ts';
import { archivedAt, tieringClass } from './tiering/tiers.ts';
import type { ArchiveState, Archives, Restore, RestoreRequest, RestoresTold, RestoreTier } from './types.ts';

/** How long a restore takes at most, in days. https://docs.aws.amazon.com/AmazonS3/latest/userguide/restoring-objects-retrieval-options.html */
const flexible = { Expedited: 5 / (24 * 60), Standard: 5 / 24, Bulk: 12 / 24 };
const deep = { Standard: 12 / 24, Bulk: 48 / 24 };
type Delays = Readonly<Partial<Record<RestoreTier, number>>>;
const classDelays: ReadonlyMap<string, Delays> = new Map<string, Delays>([
  ['GLACIER', flexible],
  ['DEEP_ARCHIVE', deep],
]);
const tierDelays: Readonly<Record<string, Delays>> = { ARCHIVE_ACCESS: flexible, DEEP_ARCHIVE_ACCESS: deep };

const readable: ArchiveState = { kind: 'readable' };
const archived: ArchiveState = { kind: 'archived' };
const restoring: ArchiveState = { kind: 'restoring' };

interface Time {
  readonly nowMs: number;
  readonly dayLengthMs: number;
}

export function createArchives(context: EngineContext, { dayLengthMs }: { dayLengthMs: number }): Archives {
  return {
    stateOf: (version) => stateAt(version, { nowMs: context.clock.nowMs(), dayLengthMs }),
    restore: (request) =>
      refusing(keyDetails(request.bucket, request.key), () => restore(context, request, { dayLengthMs })),
    tellDue: (limit) => refusing({}, () => tellDue(context, { limit, dayLengthMs })),
  };
}

function stateAt({ attributes }: Version, { nowMs, dayLengthMs }: Time): ArchiveState {
  const { storageClass, tiering } = attributes;
  if (!classDelays.has(storageClass)) return storageClass === tieringClass ? tierStateAt({ tiering }, nowMs) : readable;
  if (attributes.restore === undefined) return archived;
  const { readyMs, days } = attributes.restore;
  if (nowMs < readyMs) return restoring;
  if (nowMs >= endOfDays({ sinceMs: readyMs, days }, dayLengthMs)) return archived;
  return { kind: 'restored', shownUntilMs: endOfDays({ sinceMs: readyMs, days }, dayMs) };
}

function tierStateAt(version: Parameters<typeof archivedAt>[0], nowMs: number): ArchiveState {
  const found = archivedAt(version, nowMs);
  if (found === undefined) return readable;
  return { kind: found.isRestoring ? 'restoring' : 'archived', accessTier: found.tier };
}

async function restore(
  context: EngineContext,
  { days, tier, cause, ...target }: RestoreRequest,
  { dayLengthMs }: { dayLengthMs: number },
): Promise<'begun' | 'extended'> {
  const noticeOf = await noticing(context, target.bucket, cause);
  for (let lookups = 1; ; lookups++) {
    const version = await findVersion(context, target);
    const { bucketId, key, versionId, attributes } = version;
    const time = { nowMs: context.clock.nowMs(), dayLengthMs };
    const { outcome, change } =
      attributes.storageClass === tieringClass
        ? restoredFromTier(version, { days, tier }, time)
        : restoredFromClass(version, { days, tier }, time);
    try {
      await context.index.submit({
        ...{ bucketId, key, versionId, ...change },
        ...(outcome === 'begun' && noticeOf('ObjectRestore:Post', key, factsOf(version))),
      });
      return outcome;
    } catch (error) {
      const hasChanged = isRejection(error, 'VersionChanged') || isRejection(error, 'NoSuchVersion');
      if (!hasChanged || lookups === lookupsMax) throw error;
    }
  }
}

/** Tells of restores of which something is due: that their versions can be read, or cannot any more. */
async function tellDue(
  context: EngineContext,
  { limit, dayLengthMs }: { limit: number; dayLengthMs: number },
): Promise<RestoresTold> {
  const due = await context.index.listDueRestores({ nowMs: context.clock.nowMs(), limit });
  const told = { completed: 0, expired: 0, isDone: due.length < limit };
  await Promise.all(
    due.map(async ({ bucket, bucketId, key, versionId, ordinal, dueMs }) => {
      const settled = { type: 'settle-restore', bucketId, key, ordinal, dueMs } as const;
      const version = await context.index.getVersion(bucketId, key, versionId);
      const { restore: current, tiering } = version?.attributes ?? {};
      const isFromTier = tiering?.archive?.restore?.readyMs === dueMs;
      if (bucket === undefined || version?.ordinal !== ordinal || (current === undefined && !isFromTier)) {
        await context.index.submit(settled);
        return;
      }
      const noticeOf = await noticing(context, bucket, serviceCause());
      if (current === undefined) {
        told.completed += 1;
        await context.index.submit({ ...settled, ...noticeOf('ObjectRestore:Completed', key, factsOf(version)) });
        return;
      }
      const { readyMs, days } = current;
      const expiryMs = endOfDays({ sinceMs: readyMs, days }, dayLengthMs);
      const isReady = dueMs === readyMs;
      told[isReady ? 'completed' : 'expired'] += 1;
      const restoredUntilMs = endOfDays({ sinceMs: readyMs, days }, dayMs);
      await context.index.submit({
        ...settled,
        ...(isReady
          ? {
              nextDueMs: expiryMs,
              ...noticeOf('ObjectRestore:Completed', key, { ...factsOf(version), restoredUntilMs }),
            }
          : noticeOf('ObjectRestore:Delete', key, factsOf(version))),
      });
    }),
  );
  return told;
}

function factsOf({ attributes }: Version): EventFacts {
  return { storageClass: attributes.storageClass };
}

interface Asked {
  readonly days: number | undefined;
  readonly tier: RestoreTier;
}

function restoredFromClass(version: Version, { days, tier }: Asked, { nowMs, dayLengthMs }: Time) {
  const { storageClass, restore: before } = version.attributes;
  const delays = classDelays.get(storageClass);
  if (delays === undefined) throw refused(version, 'InvalidObjectState', 'is in no archive');
  if (days === undefined) throw refused(version, 'RestoreDaysMissing', 'is restored for a number of days');
  const delay = delayOf(version, delays, tier);
  const state = stateAt(version, { nowMs, dayLengthMs }).kind;
  // The days of a copy that is there begin again now, whatever the tier.
  const readyMs = state === 'restored' ? nowMs : nowMs + Math.round(delay * dayLengthMs);
  if (state === 'restoring') checkFaster(version, { under: before, days, readyMs });
  const outcome: 'begun' | 'extended' = state === 'restored' ? 'extended' : 'begun';
  // That a copy which is there already can be read was told.
  const dueMs = state === 'restored' ? endOfDays({ sinceMs: readyMs, days }, dayLengthMs) : readyMs;
  const restored = { type: 'set-version-restore', restore: { tier, days, readyMs }, dueMs } as const;
  return { outcome, change: { ...restored, ...(before !== undefined && { before }) } };
}

function restoredFromTier(version: Version, { days, tier }: Asked, { nowMs, dayLengthMs }: Time) {
  const { tiering = {} } = version.attributes;
  const found = archivedAt({ tiering }, nowMs);
  if (found === undefined) throw refused(version, 'ObjectAlreadyInActiveTierError', 'is in no archive');
  if (days !== undefined) throw refused(version, 'RestoreDaysNamed', 'is restored for good');
  const delay = delayOf(version, tierDelays[found.tier] ?? {}, tier);
  const readyMs = nowMs + Math.round(delay * dayLengthMs);
  if (found.isRestoring) checkFaster(version, { under: tiering.archive?.restore, readyMs });
  const archive = { tier: found.tier, restore: { tier, readyMs } };
  const changed = { tiering: { ...tiering, archive }, before: tiering, dueMs: readyMs };
  return { outcome: 'begun' as const, change: { type: 'set-version-tiering', ...changed } as const };
}

/** How many days a restore takes. Throws for a tier of speed that the archive does not have. */
function delayOf(version: Version, delays: Delays, tier: RestoreTier): number {
  const delay = delays[tier];
  if (delay === undefined) throw refused(version, 'NoSuchRestoreTier', `cannot be restored as ${tier}`);
  return delay;
}

/** A restore under way can be made faster, with nothing else changed. */
function checkFaster(
  version: Version,
  asked: { under: Partial<Restore> | undefined; readyMs: number; days?: number },
): void {
  const { under, readyMs, days } = asked;
  if (under?.readyMs !== undefined && readyMs < under.readyMs && days === under.days) return;
  throw refused(version, 'RestoreAlreadyInProgress', 'is being restored');
}

function refused({ key, attributes }: Version, code: EngineErrorCode, what: string): EngineError {
  return new EngineError(code, `${key} ${what}`, { key, storageClass: attributes.storageClass });
}
