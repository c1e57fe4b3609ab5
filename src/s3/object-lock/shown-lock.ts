/** What reads of an object tell of its lock: to who may know it. */
import type { ObjectLock } from '../../engine/types.ts';
import type { OutputOf } from '../model/types.ts';
import type { ObjectName, OperationRequest } from '../operation.ts';

type ShownLock = Pick<
  OutputOf<'HeadObject'>,
  'ObjectLockMode' | 'ObjectLockRetainUntilDate' | 'ObjectLockLegalHoldStatus'
>;

export async function shownLock(
  request: OperationRequest,
  object: ObjectName,
  { retention, legalHold }: ObjectLock,
): Promise<ShownLock> {
  const showsRetention = retention !== undefined && (await request.may('GetObjectRetention', object));
  const showsHold = legalHold !== undefined && (await request.may('GetObjectLegalHold', object));
  return {
    ...(showsRetention && {
      ObjectLockMode: retention.mode,
      ObjectLockRetainUntilDate: new Date(retention.untilMs),
    }),
    ...(showsHold && { ObjectLockLegalHoldStatus: legalHold }),
  };
}
