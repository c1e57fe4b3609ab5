/** Objects in archives: what is refused until they are restored, and what answers tell of that. */
import type * as S3 from '@aws-sdk/client-s3';
import type { Version } from '../engine/types.ts';
import { S3Error } from './errors.ts';
import type { OperationRequest } from './operation.ts';

/** Throws InvalidObjectState for a version whose bytes cannot be read now; `message` where the table's sentence does not fit. */
export function checkReadable({ engine }: OperationRequest, version: Version, message?: string): void {
  const { kind } = engine.archives.stateOf(version);
  if (kind === 'readable' || kind === 'restored') return;
  throw new S3Error('InvalidObjectState', {
    ...(message !== undefined && { message }),
    fields: { StorageClass: version.attributes.storageClass },
  });
}

/** The `x-amz-restore` header. */
export function restoreHeader({ engine }: OperationRequest, version: Version): { readonly Restore?: string } {
  const state = engine.archives.stateOf(version);
  if (state.kind === 'restoring') return { Restore: 'ongoing-request="true"' };
  if (state.kind !== 'restored') return {};
  return { Restore: `ongoing-request="false", expiry-date="${new Date(state.shownUntilMs).toUTCString()}"` };
}

/** How listings show it. */
export type RestoreStatusOf = (version: Version) => { readonly RestoreStatus?: S3.RestoreStatus };

/** For a listing that may have been asked to show it. */
export function restoreStatusOf(
  { engine }: OperationRequest,
  { OptionalObjectAttributes = [] }: { OptionalObjectAttributes?: readonly string[] | undefined },
): RestoreStatusOf {
  if (!OptionalObjectAttributes.includes('RestoreStatus')) return () => ({});
  return (version) => {
    const state = engine.archives.stateOf(version);
    if (state.kind === 'restoring') return { RestoreStatus: { IsRestoreInProgress: true } };
    if (state.kind !== 'restored') return {};
    return { RestoreStatus: { IsRestoreInProgress: false, RestoreExpiryDate: new Date(state.shownUntilMs) } };
  };
}
