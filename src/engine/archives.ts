/**
 * Archives: storage classes whose objects are not read before they have been restored for some days. Here a restored copy is
 * not a second set of bytes: the version says until when it is open, and its bytes are read where they lie. So nothing has to
 * be made when a restore is over its delay, nor to be removed when its days are over, whatever the server was doing then.
 */
import type { EventFacts, Version } from '../meta/records.ts';
import type { EngineContext } from './context.ts';
import { EngineError, type EngineErrorCode } from './errors.ts';
import { noticing } from './events/notices.ts';
import { serviceCause } from './events/service-cause.ts';
import { dayMs, endOfDays } from './lifecycle/due.ts';
import { findVersion, lookupsMax } from './objects.ts';
import { isRejection, keyDetails, refusing } from './refusals.ts';
import type { ArchiveState, Archives, Restore, RestoreRequest, RestoresTold, RestoreTier } from './types.ts';

/** How long a restore takes at most, in days. https://docs.aws.amazon.com/AmazonS3/latest/userguide/restoring-objects-retrieval-options.html */
const delays: ReadonlyMap<string, Readonly<Partial<Record<RestoreTier, number>>>> = new Map([
  ['GLACIER', { Expedited: 5 / (24 * 60), Standard: 5 / 24, Bulk: 12 / 24 }],
  ['DEEP_ARCHIVE', { Standard: 12 / 24, Bulk: 48 / 24 }],
]);

const readable: ArchiveState = { kind: 'readable' };
const archived: ArchiveState = { kind: 'archived' };
const restoring: ArchiveState = { kind: 'restoring' };

export function createArchives(context: EngineContext, { dayLengthMs }: { dayLengthMs: number }): Archives {
  const stateOf = (version: Version) => stateAt(version, { nowMs: context.clock.nowMs(), dayLengthMs });
  return {
    stateOf,
    restore: (request) =>
      refusing(keyDetails(request.bucket, request.key), () => restore(context, request, { dayLengthMs, stateOf })),
    tellDue: (limit) => refusing({}, () => tellDue(context, { limit, dayLengthMs })),
  };
}

function stateAt(
  { attributes }: Version,
  { nowMs, dayLengthMs }: { nowMs: number; dayLengthMs: number },
): ArchiveState {
  if (!delays.has(attributes.storageClass)) return readable;
  if (attributes.restore === undefined) return archived;
  const { readyMs, days } = attributes.restore;
  if (nowMs < readyMs) return restoring;
  if (nowMs >= endOfDays({ sinceMs: readyMs, days }, dayLengthMs)) return archived;
  return { kind: 'restored', shownUntilMs: endOfDays({ sinceMs: readyMs, days }, dayMs) };
}

async function restore(
  context: EngineContext,
  { days, tier, cause, ...target }: RestoreRequest,
  { dayLengthMs, stateOf }: { dayLengthMs: number; stateOf: Archives['stateOf'] },
): Promise<'begun' | 'extended'> {
  const noticeOf = await noticing(context, target.bucket, cause);
  for (let lookups = 1; ; lookups++) {
    const version = await findVersion(context, target);
    const state = stateOf(version).kind;
    const delay = delayOf(version, tier);
    const nowMs = context.clock.nowMs();
    // The days of a copy that is there begin again now, whatever the tier.
    const readyMs = state === 'restored' ? nowMs : nowMs + Math.round(delay * dayLengthMs);
    if (state === 'restoring') checkFaster(version, { tier, days, readyMs });
    const { bucketId, key, versionId, attributes } = version;
    try {
      await context.index.submit({
        ...{ type: 'set-version-restore', bucketId, key, versionId, restore: { tier, days, readyMs } },
        ...(attributes.restore !== undefined && { before: attributes.restore }),
        // That a copy which is there already can be read was told.
        dueMs: state === 'restored' ? endOfDays({ sinceMs: readyMs, days }, dayLengthMs) : readyMs,
        ...(state === 'restored' ? {} : noticeOf('ObjectRestore:Post', key, factsOf(version))),
      });
      return state === 'restored' ? 'extended' : 'begun';
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
      const { restore: current } = version?.attributes ?? {};
      if (bucket === undefined || version?.ordinal !== ordinal || current === undefined) {
        await context.index.submit(settled);
        return;
      }
      const noticeOf = await noticing(context, bucket, serviceCause());
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

/** How many days a restore takes. Throws for a version that is in no archive, and for a tier that its archive does not have. */
function delayOf(version: Version, tier: RestoreTier): number {
  const { storageClass } = version.attributes;
  const tiers = delays.get(storageClass);
  if (tiers === undefined) {
    const isTiering = storageClass === 'INTELLIGENT_TIERING';
    throw refused(version, isTiering ? 'ObjectAlreadyInActiveTierError' : 'InvalidObjectState', 'is in no archive');
  }
  const delay = tiers[tier];
  if (delay === undefined) throw refused(version, 'NoSuchRestoreTier', `cannot be restored as ${tier}`);
  return delay;
}

/** A restore under way can be made faster, with nothing else changed. */
function checkFaster(version: Version, { days, readyMs }: Restore): void {
  const { restore: current } = version.attributes;
  if (current !== undefined && readyMs < current.readyMs && days === current.days) return;
  throw refused(version, 'RestoreAlreadyInProgress', 'is being restored');
}

function refused({ key, attributes }: Version, code: EngineErrorCode, what: string): EngineError {
  return new EngineError(code, `${key} ${what}`, { key, storageClass: attributes.storageClass });
}
