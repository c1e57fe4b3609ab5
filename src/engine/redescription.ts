/** Manifests of versions that are otherwise than what was written with their bytes says: whole, so that nothing older counts. */
import { encryptionRevision } from '../meta/object-encryption.ts';
import type { Bucket, Part, Version } from '../meta/records.ts';
import type { EngineContext } from './context.ts';
import { type CompletionManifest, describeVersion, nameSlices, type SharingManifest } from './manifests.ts';
import { ofVersion, slicesOf } from './reading.ts';
import { isRejection } from './refusals.ts';

/** How often a change is made anew that met another one: each time one of them is made, so all of as many at once are. */
export const changeAttemptsMax = 32;

/** What describes a version that is there. The command that goes with it must be rejected if the version is another by then. */
export async function describeAnew(
  context: EngineContext,
  bucket: Bucket,
  version: Version,
): Promise<SharingManifest | CompletionManifest> {
  const described = { ...describeVersion(version), bucket: bucket.name };
  const { partCount, uploadId } = version;
  if (partCount !== undefined && uploadId !== undefined) {
    const parts = await partsOf(context, version, partCount);
    const names = parts.map(({ part }) => [part.partNumber, part.etag] as const);
    return { ...described, kind: 'completion', uploadId, parts: names };
  }
  const slices = await nameSlices(context, await slicesOf(context, version, { start: 0, end: version.size }));
  return { ...described, kind: 'version', slices };
}

/** All parts of a version, with where they begin. */
export async function partsOf(
  context: EngineContext,
  version: Version,
  partCount: number,
): Promise<{ part: Part; start: number }[]> {
  const found: { part: Part; start: number }[] = [];
  for (let n = 1; n <= partCount; n++) {
    const at = await ofVersion(context, version, () => context.index.getVersionPart(version, n));
    if (at !== undefined) found.push({ part: at.part, start: at.offset });
  }
  return found;
}

/** How a command names a version that it describes anew, and what must still be so of it. */
export function namesOf({ bucketId, key, versionId, ordinal, attributes }: Version) {
  const { storageClass, lock, encryption } = attributes;
  const revision = encryptionRevision(encryption);
  const seen = {
    ...{ ordinal, storageClass },
    ...(lock !== undefined && { lockRevision: lock.revision }),
    ...(revision !== undefined && { encryptionRevision: revision }),
  };
  return { bucketId, key, versionId, seen };
}

/** Whether the version was changed or removed since it was looked up; a version that was named may be gone for good. */
export function isPassing(error: unknown, { versionId }: { versionId: string | undefined }): boolean {
  return isRejection(error, 'VersionChanged') || (versionId === undefined && isRejection(error, 'NoSuchVersion'));
}
