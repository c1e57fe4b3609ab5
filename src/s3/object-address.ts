/** What names an object in a request: key and version id. */
import type { Bucket } from '../engine/types.ts';
import { isVersionId, nullVersionId } from '../engine/version-ids.ts';
import { S3Error } from './errors.ts';

const keyBytesMax = 1024;

/** Checks the key's length and the version id's form. Throws KeyTooLongError or InvalidArgument. */
export function checkObjectAddress(address: { readonly Key: string; readonly VersionId?: string | undefined }): void {
  const size = Buffer.byteLength(address.Key);
  if (size > keyBytesMax) {
    throw new S3Error('KeyTooLongError', { fields: { Size: String(size), MaxSizeAllowed: String(keyBytesMax) } });
  }
  if (address.VersionId !== undefined) checkVersionId(address.VersionId, { argument: 'versionId' });
}

/** Throws InvalidArgument for what cannot be a version id. `argument` is the name that the client knows it by. */
export function checkVersionId(versionId: string, { argument }: { argument: string }): void {
  if (isVersionId(versionId)) return;
  throw new S3Error('InvalidArgument', {
    message: versionId === '' ? 'Version id cannot be the empty string' : 'Invalid version id specified',
    fields: { ArgumentName: argument, ArgumentValue: versionId },
  });
}

/** Version id of what was read, as answers show it: the null version's only where the bucket has ever been versioned. */
export function shownVersionId(bucket: Bucket, versionId: string): string | undefined {
  return versionId === nullVersionId && bucket.versioning === 'Unversioned' ? undefined : versionId;
}

/** The same as a header, for answers whose model does not carry it. */
export function versionIdHeader(bucket: Bucket, versionId: string): Record<string, string> {
  const shown = shownVersionId(bucket, versionId);
  return shown === undefined ? {} : { 'x-amz-version-id': shown };
}

/** Version id of what was written: S3 tells it only where it has made one, so not of the null version. */
export function writtenVersionId(versionId: string): string | undefined {
  return versionId === nullVersionId ? undefined : versionId;
}
