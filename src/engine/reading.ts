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
import { readEncrypted, recallEncrypted } from './encryption/encrypted-slices.ts';
import type { EnvelopeKeys } from './encryption/envelopes.ts';
import { checkCustomerKey } from './encryption/keyring.ts';
import type { CustomerKey } from './encryption/types.ts';
import { EngineError } from './errors.ts';
import { isUnreadable } from './moving.ts';
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

/** What of a version is read. */
export interface Wanted {
  readonly range: Range;
  /** The key of its client, if it is under one. */
  readonly customerKey?: CustomerKey | undefined;
}

/** The bytes of a version just found, where the store has them in memory and they are one slice. */
export function recallVersion(
  context: EngineContext,
  version: Version,
  { range, customerKey }: Wanted,
): Uint8Array | undefined {
  const [slice, another] = context.foundSlices.get(version) ?? [];
  if (slice === undefined || another !== undefined) return undefined;
  const { location, offset } = slice;
  const wanted = { start: offset + range.start, end: offset + range.end };
  const { encryption } = version.attributes;
  if (encryption === undefined && customerKey === undefined) return context.blobs.recall(location, wanted);
  const keys = encryption && context.keyring.openAtHand(encryption, customerKey);
  return keys && recallEncrypted(context, slice, { range: wanted, keys });
}

/** Opens a read; the first bytes have been read when it resolves. Rejects with EngineError. */
export async function readVersion(
  context: EngineContext,
  version: Version,
  { range, customerKey }: Wanted,
): Promise<ChainedRead> {
  const { encryption } = version.attributes;
  if (encryption === undefined) checkCustomerKey(encryption, customerKey);
  const keys = encryption && (await context.keyring.open(encryption, customerKey));
  try {
    return await openSlices(context, await slicesOf(context, version, range), keys);
  } catch (error) {
    if (!(error instanceof BlobError) || error.code !== 'SegmentGone') throw unreadable(version, error);
  }
  // The bytes were moved, or freed with the version. What the index says now decides.
  context.foundSlices.delete(version);
  const slices = await slicesOf(context, version, range);
  try {
    return await openSlices(context, slices, keys);
  } catch (error) {
    throw unreadable(version, error);
  }
}

/** What is known to be lost is not worth trying again, and yet tried each time: shards may have been put back. */
function unreadable({ key, attributes }: Version, error: unknown): unknown {
  if (attributes.lostMs === undefined || !isUnreadable(error)) return toEngineError(error, { key });
  const sinceText = new Date(attributes.lostMs).toISOString();
  return new EngineError('ObjectLost', `${key} is lost since ${sinceText}`, { key }, { cause: error });
}

/** Digests of a range of a version, by reading it. */
export async function digestVersion(
  context: EngineContext,
  version: Version,
  { algorithms, ...wanted }: Wanted & { algorithms: ReadonlySet<ChecksumAlgorithm> },
): Promise<Digests> {
  const { range } = wanted;
  const read = await readVersion(context, version, wanted);
  const digester = context.digests.open(algorithms, range.end - range.start);
  try {
    for await (const chunk of read) await digester.update(chunk);
    return await digester.finish();
  } catch (error) {
    digester.abort();
    throw error;
  }
}

/** Opens a read of slices; the first bytes have been read when it resolves. */
export async function openSlices(
  context: EngineContext,
  slices: readonly Slice[],
  keys: EnvelopeKeys | undefined,
): Promise<ChainedRead> {
  const reads: SliceRead[] = [];
  try {
    for (const slice of slices) reads.push({ iterator: readSlice(context, slice, keys), length: slice.length });
  } catch (error) {
    await Promise.all(reads.map(({ iterator }) => iterator.return?.()));
    throw error;
  }
  const chained = new ChainedRead(reads);
  await chained.prime();
  return chained;
}

/** The bytes of a slice, decrypted where they must be. */
function readSlice(
  context: EngineContext,
  slice: Slice,
  keys: EnvelopeKeys | undefined,
): AsyncIterableIterator<Uint8Array> {
  if (keys !== undefined) return readEncrypted(context, slice, keys);
  const { location, offset, length } = slice;
  return context.blobs.read(location, { start: offset, end: offset + length });
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
