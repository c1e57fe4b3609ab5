/**
 * Conditions of a write, looked at before its body is asked for, so that a client that waits for 100 Continue sends nothing
 * in vain. What counts is the check inside the transaction; this one only saves bytes.
 */
import type { WriteConditions } from '../meta/commands.ts';
import type { Bucket } from '../meta/records.ts';
import type { EngineContext } from './context.ts';
import { EngineError } from './errors.ts';

/** Throws PreconditionFailed, or NoSuchKey for If-Match on a key without a current version. */
export async function checkBeforeBody(
  context: EngineContext,
  target: { bucket: Bucket; key: string },
  conditions: WriteConditions | undefined,
): Promise<void> {
  if (conditions?.ifMatch === undefined && conditions?.ifNoneMatch === undefined) return;
  const { bucket, key } = target;
  const found = await context.index.getVersion(bucket.id, key);
  const current = found?.isDeleteMarker === true ? undefined : found;
  const { ifMatch, ifNoneMatch } = conditions;
  if (ifNoneMatch !== undefined && current !== undefined) throw failed('If-None-Match');
  if (ifMatch === undefined) return;
  if (current === undefined) {
    throw new EngineError('NoSuchKey', `${key} does not exist`, { bucket: bucket.name, key, condition: 'If-Match' });
  }
  if (!ifMatch.includes('*') && !ifMatch.includes(current.etag)) throw failed('If-Match');

  function failed(condition: string): EngineError {
    return new EngineError('PreconditionFailed', `${condition} does not hold for ${key}`, {
      bucket: bucket.name,
      key,
      condition,
    });
  }
}
