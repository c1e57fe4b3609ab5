/**
 * Lines of access logs for what S3 does by lifecycle rules.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-and-other-bucket-config.html#lifecycle-general-considerations-logging
 */
import { newHostId, newRequestId } from '../../lib/ids.ts';
import type { Bucket } from '../../meta/records.ts';
import type { EngineContext } from '../context.ts';
import type { ColderClass } from '../lifecycle/waterfall.ts';

/** What was done to an object. */
export interface ServiceChange {
  readonly bucket: Bucket;
  readonly operation: string;
  readonly key: string;
  readonly versionId?: string | undefined;
  readonly objectSize?: number | undefined;
}

/** A version that is not named is the current one. */
export function removalLine(
  bucket: Bucket,
  { key, size, versionId }: { key: string; size: number; versionId: string | undefined },
): ServiceChange {
  const isHidden = versionId === undefined && bucket.versioning !== 'Unversioned';
  const operation = isHidden ? 'S3.CREATE.DELETEMARKER' : 'S3.EXPIRE.OBJECT';
  return { bucket, operation, key, versionId, objectSize: size };
}

const transitions: Readonly<Record<ColderClass, string>> = {
  STANDARD_IA: 'S3.TRANSITION_SIA.OBJECT',
  ONEZONE_IA: 'S3.TRANSITION_ZIA.OBJECT',
  INTELLIGENT_TIERING: 'S3.TRANSITION_INT.OBJECT',
  GLACIER_IR: 'S3.TRANSITION_GIR.OBJECT',
  GLACIER: 'S3.TRANSITION.OBJECT',
  DEEP_ARCHIVE: 'S3.TRANSITION_GDA.OBJECT',
};

export function transitionLine(request: {
  readonly bucket: Bucket;
  readonly key: string;
  readonly versionId: string;
  readonly to: ColderClass;
}): ServiceChange {
  const { bucket, key, versionId, to } = request;
  return { bucket, operation: transitions[to], key, versionId: versionId === 'null' ? undefined : versionId };
}

/** Notes a change for the access log of its bucket, if that has one. */
export function noteChange({ accessNotes, clock }: EngineContext, { bucket, ...change }: ServiceChange): void {
  if (!accessNotes.journal.isOn) return;
  const ids = { requestId: newRequestId(), hostId: newHostId() };
  accessNotes.write(bucket, { atMs: clock.nowMs(), requester: 'AmazonS3', ...ids, ...change });
}
