/** Manifests of versions that are otherwise than what was written with their bytes says: whole, so that nothing older counts. */
import type { Bucket, Part, Version } from '../meta/records.ts';
import type { EngineContext } from './context.ts';
import { type CompletionManifest, describeVersion, nameSlices, type SharingManifest } from './manifests.ts';
import { ofVersion, slicesOf } from './reading.ts';

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
