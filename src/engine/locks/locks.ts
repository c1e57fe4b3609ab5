/**
 * Changes of the locks of versions. Each is described on disk with all that the version is, so that a rebuild of the index brings
 * it back; the index takes it only if the version still is what was described.
 */
import { allowsRetention, mergedLock } from '../../meta/object-lock.ts';
import type { ObjectLock } from '../../meta/records.ts';
import type { EngineContext } from '../context.ts';
import { EngineError } from '../errors.ts';
import { noticing } from '../events/notices.ts';
import { withManifest } from '../manifests.ts';
import { findVersion } from '../objects.ts';
import { changeAttemptsMax, describeAnew, isPassing, namesOf } from '../redescription.ts';
import { keyDetails, refusing } from '../refusals.ts';
import { routeOfAttributes, routing } from '../replication/routing.ts';
import type { Locks, LockTarget } from './types.ts';

interface Change {
  /** In events. */
  readonly event?: string;
  readonly bypassesGovernance?: boolean;
  /** What a version is locked by after it; undefined where nothing is to be done. */
  decide(lock: ObjectLock | undefined, nowMs: number): ObjectLock | undefined;
}

export function createLocks(context: EngineContext): Locks {
  const change = (target: LockTarget, made: Change): Promise<void> =>
    refusing(keyDetails(target.bucket, target.key), () => changeLock(context, target, made));
  return {
    setRetention: (target, { retention, bypassesGovernance }) =>
      change(target, {
        event: 'ObjectRetention:Put',
        bypassesGovernance,
        decide(lock, nowMs) {
          const { retention: _before, ...others } = lock ?? { revision: 0 };
          const retentionSetMs = laterThan(lock?.retentionSetMs, nowMs);
          const kept = { ...others, revision: others.revision + 1, retentionSetMs };
          return retention === 'none' ? kept : { ...kept, retention };
        },
      }),
    setLegalHold: (target, legalHold) =>
      change(target, {
        decide(lock, nowMs) {
          const legalHoldSetMs = laterThan(lock?.legalHoldSetMs, nowMs);
          return { ...lock, revision: (lock?.revision ?? 0) + 1, legalHold, legalHoldSetMs };
        },
      }),
    setReplicaLock: (target, lock) =>
      change(target, {
        // Whoever changed it there was allowed to.
        bypassesGovernance: true,
        decide(own, nowMs) {
          const merged = mergedLock(own, lock, nowMs);
          return merged === own ? undefined : merged;
        },
      }),
  };
}

/** Of two changes the later one has the later time. */
function laterThan(beforeMs: number | undefined, nowMs: number): number {
  return Math.max(nowMs, (beforeMs ?? 0) + 1);
}

async function changeLock(context: EngineContext, { cause, ...target }: LockTarget, change: Change): Promise<void> {
  const { bucket } = target;
  const noticeOf = await noticing(context, bucket, cause);
  const routeOf = await routing(context, bucket, cause);
  const bypass = change.bypassesGovernance ? { bypassesGovernance: true as const } : {};
  for (let attempts = 1; ; attempts++) {
    // As a value of its own: what others remember of where its bytes lie may be old by the time they are named.
    const version = { ...(await findVersion(context, target)) };
    const atMs = context.clock.nowMs();
    const lock = change.decide(version.attributes.lock, atMs);
    if (lock === undefined) return;
    const { key, attributes } = version;
    // What is refused must not be described: whoever makes the index anew could not tell that it never was so.
    if (!allowsRetention(attributes.lock, lock.retention, { atMs, ...bypass })) {
      throw new EngineError('ObjectLocked', `${key} is retained otherwise`, { bucket: bucket.name, key });
    }
    try {
      const manifest = await describeAnew(context, bucket, { ...version, attributes: { ...attributes, lock } });
      await withManifest(context, { ...manifest, transitionedMs: atMs }, (held) =>
        context.index.submit({
          ...{ type: 'set-version-lock', lock, atMs, ...bypass, ...held, ...namesOf(version) },
          ...(change.event !== undefined && noticeOf(change.event, key)),
          ...routeOfAttributes(routeOf, version),
        }),
      );
      return;
    } catch (error) {
      if (!isPassing(error, target) || attempts === changeAttemptsMax) throw error;
    }
  }
}
