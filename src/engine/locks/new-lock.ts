/** Locks that versions are made with. */
import type { Bucket, LegalHold, ObjectAttributes, ObjectLock, Retention } from '../../meta/records.ts';
import type { EngineContext } from '../context.ts';
import { type DefaultRetention, knownObjectLock, readObjectLock } from './configuration.ts';

const dayMs = 86_400_000;
/** As S3 counts them. */
const daysOfYear = 365;

/** The lock of an object that is made; undefined if nothing is asked for. */
export function newLock(
  { retention, legalHold }: { readonly retention?: Retention | undefined; readonly legalHold?: LegalHold | undefined },
  nowMs: number,
): ObjectLock | undefined {
  if (retention === undefined && legalHold === undefined) return undefined;
  return {
    revision: 1,
    ...(retention !== undefined && { retention, retentionSetMs: nowMs }),
    ...(legalHold !== undefined && { legalHold, legalHoldSetMs: nowMs }),
  };
}

/** Attributes of a version made at a time, with the retention that its bucket gives to what has none. */
export type Locking = (attributes: ObjectAttributes, atMs: number) => ObjectAttributes;

const asTheyAre: Locking = (attributes) => attributes;

/** How versions are locked that a request makes, by what the bucket said when it came. */
export async function locking(
  { index }: Pick<EngineContext, 'index'>,
  bucket: Bucket,
  { isReplica }: { isReplica: boolean },
): Promise<Locking> {
  if (knownObjectLock(bucket) === 'none') return asTheyAre;
  const getConfig = (_: Bucket, kind: string) => index.getBucketConfig(bucket.id, kind);
  const { defaultRetention } = (await readObjectLock({ getConfig }, bucket)) ?? {};
  if (defaultRetention === undefined) return asTheyAre;
  return (attributes, atMs) => {
    const { lock } = attributes;
    // What the source of a replica says of retention counts, also that it was removed.
    if (lock?.retention !== undefined || lock?.retentionSetMs !== undefined) return attributes;
    const retention = { mode: defaultRetention.mode, untilMs: atMs + durationMs(defaultRetention) };
    return { ...attributes, lock: { revision: 1, ...lock, retention, retentionSetMs: isReplica ? 0 : atMs } };
  };
}

function durationMs({ days = 0, years = 0 }: DefaultRetention): number {
  return (days + years * daysOfYear) * dayMs;
}
