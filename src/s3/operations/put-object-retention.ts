/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectRetention.html */
import type { Retention } from '../../engine/types.ts';
import { meetingMarkers } from '../current-marker.ts';
import { S3Error } from '../errors.ts';
import type { InputOf } from '../model/types.ts';
import { checkObjectAddress } from '../object-address.ts';
import { requireObjectLock } from '../object-lock/locked-buckets.ts';
import { notInFuture } from '../object-lock/new-objects.ts';
import { operation } from '../operation.ts';

type RetentionElement = InputOf<'PutObjectRetention'>['Retention'];

export const putObjectRetention = operation({
  name: 'PutObjectRetention',
  supports: ['BypassGovernanceRetention', 'ChecksumAlgorithm', 'Retention', 'VersionId'],
  async run(request, input) {
    checkObjectAddress(input);
    const retention = readRetention(input.Retention, request.nowMs);
    await requireObjectLock(request);
    const target = { bucket: request.bucket(), key: input.Key, versionId: input.VersionId, cause: request.cause() };
    const bypassesGovernance = input.BypassGovernanceRetention === true;
    await meetingMarkers(request.engine.locks.setRetention(target, { retention, bypassesGovernance }));
    return { output: {} };
  },
});

/** One without anything in it ends the retention. Throws MalformedXML, InvalidArgument and NotImplemented. */
function readRetention(element: RetentionElement, nowMs: number): Retention | 'none' {
  if (element === undefined) throw new S3Error('MalformedXML');
  const { Mode: mode, RetainUntilDate: date, EventHold, EventHoldDuration } = element;
  if (EventHold !== undefined || EventHoldDuration !== undefined) {
    throw new S3Error('NotImplemented', { message: 'Event holds are not implemented' });
  }
  if (mode === undefined && date === undefined) return 'none';
  if (mode === undefined || date === undefined) throw new S3Error('MalformedXML');
  if (date.getTime() <= nowMs) throw notInFuture({ RetainUntilDate: date.toISOString() });
  return { mode, untilMs: date.getTime() };
}
