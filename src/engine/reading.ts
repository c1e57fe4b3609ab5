/**
 * Reading versions: which slices of which blobs, and their bytes as one stream. All blobs of a read are held from its start,
 * so that what is deleted meanwhile is still read to its end.
 */
import { BlobError } from '../blob/types.ts';
import type { ChecksumAlgorithm, Digests } from '../lib/digests/algorithms.ts';
import type { Slice, Version } from '../meta/records.ts';
import { VersionGone } from '../meta/types.ts';
import { ChainedRead, type SliceRead } from './chained-read.ts';
import type { EngineContext } from './context.ts';
import { EngineError } from './errors.ts';
import { toEngineError } from './refusals.ts';
import { nullVersionId } from './version-ids.ts';

/** Versions of more parts are found without their slices, which would cost every HEAD more than they are worth. */
const rememberedPartsMax = 100;

export interface Range {
  readonly start: number;
  readonly end: number;
}

/**
 * Looks up the slices of a version just found and remembers them for the read that may follow. False if the version has been
 * replaced or deleted since it was found.
 */
export async function rememberSlices(context: EngineContext, version: Version): Promise<boolean> {
  if (version.isDeleteMarker || version.size === 0 || (version.partCount ?? 1) > rememberedPartsMax) return true;
  if (context.foundSlices.has(version)) return true;
  try {
    context.foundSlices.set(version, await context.index.getSlices(version, { start: 0, end: version.size }));
    return true;
  } catch (error) {
    if (error instanceof VersionGone) return false;
    throw error;
  }
}

/** The slices of a range of a version. Rejects as `versionGone` if the version does not exist any more. */
export async function slicesOf(context: EngineContext, version: Version, range: Range): Promise<readonly Slice[]> {
  const remembered = context.foundSlices.get(version);
  if (remembered !== undefined) return cut(remembered, range);
  return ofVersion(context, version, () => context.index.getSlices(version, range));
}

/** Reads something of a version from the index. Rejects as `versionGone` if the version does not exist any more. */
export async function ofVersion<T>(context: EngineContext, version: Version, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof VersionGone) throw await versionGone(context, version);
    throw error;
  }
}

/**
 * What to say of a version that was found and is gone. Where another one has taken its place, it would be wrong to say that
 * the key does not exist: the client may try again.
 */
export async function versionGone(context: EngineContext, version: Version): Promise<EngineError> {
  const { bucketId, key, versionId } = version;
  if (versionId !== nullVersionId) {
    return new EngineError('NoSuchVersion', `version ${versionId} has been deleted`, { key, versionId });
  }
  const current = await context.index.getVersion(bucketId, key);
  if (current === undefined || current.isDeleteMarker)
    return new EngineError('NoSuchKey', `${key} has been deleted`, { key });
  return new EngineError('ServiceUnavailable', `${key} has been replaced while it was being read`, { key });
}

/** The bytes of a version just found, where the store has them in memory and they are one slice. */
export function recallVersion(context: EngineContext, version: Version, range: Range): Uint8Array | undefined {
  const [slice, another] = context.foundSlices.get(version) ?? [];
  if (slice === undefined || another !== undefined) return undefined;
  const { location, offset } = slice;
  return context.blobs.recall(location, { start: offset + range.start, end: offset + range.end });
}

/** Opens a read; the first bytes have been read when it resolves. Rejects with EngineError. */
export async function readVersion(context: EngineContext, version: Version, range: Range): Promise<ChainedRead> {
  try {
    return await open(context, await slicesOf(context, version, range));
  } catch (error) {
    if (!(error instanceof BlobError) || error.code !== 'SegmentGone') throw toEngineError(error, { key: version.key });
  }
  // The bytes were moved, or freed with the version. What the index says now decides.
  context.foundSlices.delete(version);
  const slices = await slicesOf(context, version, range);
  try {
    return await open(context, slices);
  } catch (error) {
    throw toEngineError(error, { key: version.key });
  }
}

/** Digests of a range of a version, by reading it. */
export async function digestVersion(
  context: EngineContext,
  version: Version,
  { range, algorithms }: { range: Range; algorithms: ReadonlySet<ChecksumAlgorithm> },
): Promise<Digests> {
  const read = await readVersion(context, version, range);
  const digester = context.digests.open(algorithms, range.end - range.start);
  try {
    for await (const chunk of read) await digester.update(chunk);
    return await digester.finish();
  } catch (error) {
    digester.abort();
    throw error;
  }
}

async function open(context: EngineContext, slices: readonly Slice[]): Promise<ChainedRead> {
  const reads: SliceRead[] = [];
  try {
    for (const { location, offset, length } of slices) {
      reads.push({ iterator: context.blobs.read(location, { start: offset, end: offset + length }), length });
    }
  } catch (error) {
    await Promise.all(reads.map(({ iterator }) => iterator.return?.()));
    throw error;
  }
  const chained = new ChainedRead(reads);
  await chained.prime();
  return chained;
}

/** The slices that overlap a range of what all of them make up, the first and the last cut to fit. */
function cut(slices: readonly Slice[], range: Range): Slice[] {
  const overlapping: Slice[] = [];
  let position = 0;
  for (const slice of slices) {
    const start = Math.max(range.start - position, 0);
    const end = Math.min(range.end - position, slice.length);
    if (start < end) overlapping.push({ ...slice, offset: slice.offset + start, length: end - start });
    position += slice.length;
  }
  return overlapping;
}
