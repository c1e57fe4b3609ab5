/** Objects in archives: what is refused until they are restored, and what answers tell of that. */
import type * as S3 from '@aws-sdk/client-s3';
import type { Version } from '../engine/types.ts';
import { S3Error } from './errors.ts';
import type { OperationRequest } from './operation.ts';

/** Of what is to be done with its bytes, why that cannot be. */
const subjects = {
  read: "The operation is not valid for the object's",
  copy: "Operation is not valid for the source object's",
} as const;

/** Throws InvalidObjectState for a version whose bytes cannot be read now. */
export function checkReadable(
  { engine }: OperationRequest,
  version: Version,
  use: keyof typeof subjects = 'read',
): void {
  const state = engine.archives.stateOf(version);
  if (state.kind === 'readable' || state.kind === 'restored') return;
  const { accessTier } = state;
  throw new S3Error('InvalidObjectState', {
    message: `${subjects[use]} ${accessTier === undefined ? 'storage class' : 'access tier'}`,
    fields: {
      StorageClass: version.attributes.storageClass,
      ...(accessTier !== undefined && { AccessTier: accessTier }),
    },
  });
}

/** The `x-amz-archive-status` header, of an object in an archive tier of Intelligent-Tiering. */
export function archiveStatus(
  { engine }: OperationRequest,
  version: Version,
): { readonly ArchiveStatus?: S3.ArchiveStatus } {
  const state = engine.archives.stateOf(version);
  return 'accessTier' in state && state.accessTier !== undefined ? { ArchiveStatus: state.accessTier } : {};
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
