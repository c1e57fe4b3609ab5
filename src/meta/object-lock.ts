/** What locks allow. Pure. https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html */
import type { AgainstLocks } from './lock-commands.ts';
import type { ObjectLock, Retention } from './records.ts';

/** The configuration document that a bucket with object lock has, and never loses. */
export const objectLockKind = 'object-lock';

/** The lock of a replica's source. */
export type SourceLock = Omit<ObjectLock, 'revision'>;

/** The retention that is not over at a time. */
export function retentionInForce(lock: ObjectLock | undefined, atMs: number): Retention | undefined {
  return lock?.retention !== undefined && lock.retention.untilMs > atMs ? lock.retention : undefined;
}

/** Whether a version may be removed. A legal hold is in the way of everybody, retention in compliance mode too. */
export function allowsRemoval(lock: ObjectLock | undefined, { atMs = 0, bypassesGovernance }: AgainstLocks): boolean {
  if (lock?.legalHold === 'ON') return false;
  const retention = retentionInForce(lock, atMs);
  return retention === undefined || (retention.mode === 'GOVERNANCE' && bypassesGovernance === true);
}

/**
 * Whether a version may be retained as `next` says, or without it no longer. What is in force may be made longer by anybody;
 * everything else is for who bypasses governance, and of compliance for nobody.
 */
export function allowsRetention(
  lock: ObjectLock | undefined,
  next: Retention | undefined,
  { atMs = 0, bypassesGovernance }: AgainstLocks,
): boolean {
  const now = retentionInForce(lock, atMs);
  if (now === undefined || (now.mode === 'GOVERNANCE' && bypassesGovernance)) return true;
  return next !== undefined && next.mode === now.mode && next.untilMs >= now.untilMs;
}

/**
 * The lock of a replica that hears of its source's, the same wherever two meet: of retention in compliance mode the longer one,
 * before any other; else of retention and of legal hold what was set last. `own` itself where nothing changes.
 */
export function mergedLock(own: ObjectLock | undefined, source: SourceLock, atMs: number): ObjectLock | undefined {
  const takesRetention = isRetentionTaken(own, source, atMs);
  const takesHold = isLater(
    source.legalHoldSetMs,
    own?.legalHoldSetMs,
    (source.legalHold ?? '') > (own?.legalHold ?? ''),
  );
  if (!takesRetention && !takesHold) return own;
  const retentionOf = takesRetention ? source : own;
  const holdOf = takesHold ? source : own;
  return {
    revision: (own?.revision ?? 0) + 1,
    ...(retentionOf?.retention !== undefined && { retention: retentionOf.retention }),
    ...(retentionOf?.retentionSetMs !== undefined && { retentionSetMs: retentionOf.retentionSetMs }),
    ...(holdOf?.legalHold !== undefined && { legalHold: holdOf.legalHold }),
    ...(holdOf?.legalHoldSetMs !== undefined && { legalHoldSetMs: holdOf.legalHoldSetMs }),
  };
}

function isRetentionTaken(own: SourceLock | undefined, source: SourceLock, atMs: number): boolean {
  const [ownUntilMs, sourceUntilMs] = [complianceUntilMs(own, atMs), complianceUntilMs(source, atMs)];
  if (ownUntilMs !== sourceUntilMs) return sourceUntilMs > ownUntilMs;
  const isRanked = (source.retention?.untilMs ?? 0) > (own?.retention?.untilMs ?? 0);
  return isLater(source.retentionSetMs, own?.retentionSetMs, isRanked);
}

function complianceUntilMs(lock: SourceLock | undefined, atMs: number): number {
  const { retention } = lock ?? {};
  return retention?.mode === 'COMPLIANCE' && retention.untilMs > atMs ? retention.untilMs : 0;
}

/** Of two in one moment `isRanked` says which is the later everywhere. */
function isLater(sourceMs: number | undefined, ownMs: number | undefined, isRanked: boolean): boolean {
  if (sourceMs === undefined) return false;
  if (ownMs === undefined || sourceMs !== ownMs) return sourceMs > (ownMs ?? -1);
  return isRanked;
}

/** Of two locks that a version may have the one that keeps it better: held before not held, then longer before shorter. */
export function stricterLock(one: ObjectLock, other: ObjectLock): ObjectLock {
  const rank = ({ legalHold, retention }: ObjectLock) => [
    legalHold === 'ON' ? 1 : 0,
    retention?.mode === 'COMPLIANCE' ? 1 : 0,
    retention?.untilMs ?? 0,
  ];
  const [own, others] = [rank(one), rank(other)];
  const differing = own.findIndex((value, i) => value !== others[i]);
  return differing === -1 || (own[differing] ?? 0) > (others[differing] ?? 0) ? one : other;
}
