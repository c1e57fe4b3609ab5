/** Copies: new rows on old bytes. Bytes are read only for a digest that no record has. */
import type { ChecksumAlgorithm } from '../lib/digests/algorithms.ts';
import type { ObjectEncryption } from '../meta/object-encryption.ts';
import type { Checksum, Slice, Version } from '../meta/records.ts';
import { copiedAnnotations, isAnnotated, withAnnotations } from './annotations/copied.ts';
import type { AnnotationSource } from './annotations/types.ts';
import { defaultChecksumAlgorithm, etagOf, fullObjectChecksum, isMd5, knownAlgorithm } from './checksums.ts';
import { checkBeforeBody } from './conditions.ts';
import type { EngineContext } from './context.ts';
import { resealed } from './encryption/encrypted-slices.ts';
import { opaqueEtag } from './encryption/etags.ts';
import { hasOpaqueEtag, type Unlocked } from './encryption/keyring.ts';
import { EngineError } from './errors.ts';
import { noticing } from './events/notices.ts';
import { locking } from './locks/new-lock.ts';
import { describeVersion, nameSlices, sharedContent, withManifest } from './manifests.ts';
import { digestVersion, type Range, slicesOf, versionGone } from './reading.ts';
import { isRejection, onCurrentBucket } from './refusals.ts';
import { routing } from './replication/routing.ts';
import type { CopyRequest } from './types.ts';

export async function copyObject(context: EngineContext, request: CopyRequest): Promise<Version> {
  const { source, bucket, key, conditions } = request;
  await checkBeforeBody(context, request, conditions);
  const range = { start: 0, end: source.size };
  const algorithm = request.checksumAlgorithm ?? knownAlgorithm(source.checksum?.algorithm) ?? defaultChecksumAlgorithm;
  const unlocked = request.encryption && (await context.keyring.create(request.encryption));
  const encryption = unlocked?.encryption;
  const { etag, checksum } = await digestsOfRange(context, source, { range, algorithm, encryption });
  const shared = await slicesFor(context, source, { range, unlocked });
  const attributes = encryption === undefined ? request.attributes : { ...request.attributes, encryption };
  const content = sharedContent(shared);
  const slices = await nameSlices(context, shared);
  const noticeOf = await noticing(context, bucket, request.cause);
  const { replicate } = (await routing(context, bucket, request.cause))({
    key,
    tags: attributes.tags,
    kind: 'version',
    encryption,
  });
  const lockOf = await locking(context, bucket, { isReplica: false });
  const copied = await copiedAnnotations(context, annotationsOf(request), unlocked);
  const facts = { isAnnotated: isAnnotated(copied) };
  const committed = onCurrentBucket(context, bucket, async (current) => {
    const identity = context.ids.issue(current);
    const lastModifiedMs = context.clock.nowMs();
    const locked = lockOf(attributes, lastModifiedMs);
    const described = {
      bucketId: current.id,
      key,
      ...identity,
      lastModifiedMs,
      size: source.size,
      etag,
      checksum,
      attributes: replicate === undefined ? locked : { ...locked, replication: 'PENDING' as const },
    };
    const version: Version = { ...described, isLatest: true, isDeleteMarker: false };
    const manifest = { ...describeVersion(described), kind: 'version', bucket: current.name, slices } as const;
    await refusingGoneSource(context, source, () =>
      withManifest(context, manifest, (held) =>
        withAnnotations(context, { bucket: current, version, copied }, (annotated) =>
          context.index.submit({
            type: 'put-version',
            ...described,
            ...held,
            ...annotated,
            content,
            ...(conditions !== undefined && { conditions }),
            ...noticeOf('ObjectCreated:Copy', key, facts),
            ...(replicate !== undefined && { replicate }),
          }),
        ),
      ),
    );
    return version;
  });
  return committed.finally(copied.release);
}

/** Whose annotations a copy has, if it has any. */
export function annotationsOf(request: CopyRequest): AnnotationSource | undefined {
  const { source: version, copiesAnnotations, checksumAlgorithm } = request;
  return copiesAnnotations ? { version, checksumAlgorithm } : undefined;
}

/** The slices of a range of a version, with envelopes for the object that is to share them, if it is encrypted. */
export async function slicesFor(
  context: EngineContext,
  source: Version,
  { range, unlocked }: { range: Range; unlocked: Pick<Unlocked, 'keys'> | undefined },
): Promise<readonly Slice[]> {
  const slices = await slicesOf(context, source, range);
  const { encryption } = source.attributes;
  if (unlocked === undefined || encryption === undefined) return slices;
  // What is under a client's key is never shared.
  const keys = await context.keyring.open(encryption, undefined);
  return slices.map((slice) => resealed(slice, keys, unlocked.keys));
}

/**
 * ETag and checksum of a range of a version for an object of that encryption: the stored ones where the range is the whole and
 * they are digests of its bytes, else by reading.
 */
export async function digestsOfRange(
  context: EngineContext,
  source: Version,
  {
    range,
    algorithm,
    encryption,
  }: { range: Range; algorithm: ChecksumAlgorithm; encryption: ObjectEncryption | undefined },
): Promise<{ etag: string; checksum: Checksum }> {
  const { etag, checksum, attributes } = source;
  const isWhole = range.start === 0 && range.end === source.size;
  const isStored = checksum?.algorithm === algorithm && checksum.type === 'FULL_OBJECT';
  const isOpaque = hasOpaqueEtag(encryption);
  if (isWhole && isStored && isOpaque) return { etag: opaqueEtag(), checksum };
  if (isWhole && isStored && isMd5(etag) && !hasOpaqueEtag(attributes.encryption)) return { etag, checksum };
  const digests = await digestVersion(context, source, { range, algorithms: new Set(['MD5', algorithm]) });
  return {
    etag: isOpaque ? opaqueEtag() : etagOf(digests),
    checksum: fullObjectChecksum(digests, algorithm),
  };
}

/** Submits a command on shared bytes; if they have been freed since they were looked up, says what became of the source. */
export async function refusingGoneSource<T>(
  context: EngineContext,
  source: Version,
  submit: () => Promise<T>,
): Promise<T> {
  try {
    return await submit();
  } catch (error) {
    if (isRejection(error, 'SourceGone')) {
      throw (await changedMeanwhile(context, source)) ?? (await versionGone(context, source));
    }
    throw error;
  }
}

/** Where the source is there and yet bytes of it are gone, they were moved, or an annotation was changed: then it is to be tried again. */
async function changedMeanwhile(
  { index }: EngineContext,
  { bucketId, key, versionId, ordinal }: Version,
): Promise<EngineError | undefined> {
  const now = await index.getVersion(bucketId, key, versionId);
  if (now?.ordinal !== ordinal) return undefined;
  return new EngineError('ServiceUnavailable', `${key} was changed while it was being copied`, { key });
}
