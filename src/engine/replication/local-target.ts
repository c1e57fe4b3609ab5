/** Replicas on the same server: new rows on old bytes, unless the storage class of the replica has them coded otherwise. */
import assert from 'node:assert/strict';
import type { ObjectAttributes } from '../../meta/records.ts';
import { readBucketAccess } from '../access-documents.ts';
import type { EngineContext } from '../context.ts';
import { refusingGoneSource, slicesFor } from '../copy.ts';
import { canShare } from '../encryption/keyring.ts';
import { EngineError } from '../errors.ts';
import { noticing } from '../events/notices.ts';
import { serviceCause } from '../events/service-cause.ts';
import { locking } from '../locks/new-lock.ts';
import type { Locks } from '../locks/types.ts';
import { describeVersion, nameSlices, sharedContent, withManifest } from '../manifests.ts';
import type { Range } from '../reading.ts';
import { isKeptFor, rewrittenBody } from '../recoding.ts';
import { isRejection } from '../refusals.ts';
import type { BodySource, Bucket, Buckets, ChecksumAlgorithm, Objects, Upload, Uploads } from '../types.ts';
import { lockOfReplica, requireLocks, sourceLock } from './replica-locks.ts';
import { type PartThere, type Replica, type ReplicaBytes, type ReplicaTarget, ReplicationRefused } from './types.ts';

export interface LocalParts {
  readonly buckets: Buckets;
  readonly objects: Objects;
  readonly uploads: Uploads;
  readonly locks: Locks;
}

export function localTarget(context: EngineContext, parts: LocalParts, bucket: Bucket): ReplicaTarget {
  const { objects, uploads } = parts;
  const put = (replica: Replica) => ({ bucket, key: replica.version.key, replica: identityOf(replica) });
  return {
    async putWhole(replica, bytes) {
      const attributes = await attributesThere(parts, bucket, replica);
      if (await isShared(context, replica, bytes)) return shareWhole(context, bucket, { replica, attributes });
      const source = rewrittenFrom(context, replica, bytes);
      const { encryption } = replica;
      await objects.put({ ...put(replica), attributes, source, encryption, cause: serviceCause() });
    },
    async beginUpload(replica) {
      const attributes = await attributesThere(parts, bucket, replica);
      return (await createUpload(uploads, bucket, { replica, attributes })).uploadId;
    },
    async partsOf({ version: { key } }, uploadId) {
      return unlessGone(async () => partsOf(uploads, await uploads.get(bucket, key, uploadId)));
    },
    async putPart(replica, { uploadId, part, bytes }) {
      const { version } = replica;
      const upload = await uploads.get(bucket, version.key, uploadId);
      if (await isShared(context, replica, bytes)) {
        const { start, end } = bytes;
        await uploads.sharePart({ bucket, upload, part, source: version, range: { start, end } });
        return part.etag;
      }
      const source = rewrittenFrom(context, replica, bytes);
      return (await uploads.putPart({ bucket, upload, partNumber: part.partNumber, source })).etag;
    },
    async completeUpload(replica, { uploadId, parts: listed }) {
      const request = {
        ...put(replica),
        uploadId,
        parts: listed.map(({ partNumber, etag }) => ({ partNumber, etag })),
      };
      const completed = await unlessGone(() => uploads.complete({ ...request, cause: serviceCause() }));
      return completed !== undefined;
    },
    async abortUpload({ key }, uploadId) {
      await unlessGone(() => uploads.abort(bucket, key, uploadId));
    },
    async putMarker(replica) {
      await objects.delete({ ...put(replica), owner: bucket.owner, cause: serviceCause() });
    },
    setAttributes: (replica) => setAttributes(context, parts, { bucket, replica }),
  };
}

/**
 * Whether a range of the source can be the replica's as it lies, at most with its keys sealed anew. What is under its client's key
 * can be nothing else, as nobody here reads it: throws ReplicationRefused where that would not do.
 */
async function isShared(context: EngineContext, { version, encryption }: Replica, range: Range): Promise<boolean> {
  const { storageClass, encryption: own } = version.attributes;
  assert(own === undefined || own.kind === 'SSE-C' || encryption !== undefined, 'what is encrypted stays encrypted');
  const isKept = await isKeptFor(context, { source: version, range, storageClass });
  if (own?.kind !== 'SSE-C') return isKept && canShare(own, encryption);
  if (isKept) return true;
  throw new ReplicationRefused(
    `${version.key} is under a key of its client, and objects of class ${storageClass} lie elsewhere: its bytes cannot be written anew`,
  );
}

/** Read from the source as whoever meters it has it. */
function rewrittenFrom(context: EngineContext, { version }: Replica, bytes: ReplicaBytes): BodySource {
  const body = rewrittenBody(context, version, { range: bytes, algorithm: undefined });
  return { ...body, stream: bytes.read() };
}

export function identityOf({ versionId, ordinal, lastModifiedMs }: Replica) {
  return { versionId, ordinal, lastModifiedMs };
}

/** Whose the replica is, and what its list says: where lists are disabled or the rule says so, its bucket's owner has it. */
async function attributesThere(
  { buckets }: LocalParts,
  bucket: Bucket,
  { version, rule, source }: Replica,
): Promise<ObjectAttributes> {
  await requireLocks(buckets, { source, destination: bucket });
  const { ownership } = await readBucketAccess(buckets, bucket);
  const { acl, restore: _restore, tiering: _tiering, lostMs: _lostMs, encryption, ...attributes } = version.attributes;
  const isHandedOver = rule.destination.overridesOwner === true || ownership === 'BucketOwnerEnforced';
  const { lock, ...unlocked } = attributes;
  const there = {
    ...{ ...unlocked, replication: 'REPLICA' as const },
    // Of a replica under any other key how it is encrypted follows from what is made for it.
    ...(encryption?.kind === 'SSE-C' && { encryption }),
    ...(lock !== undefined && { lock: lockOfReplica(sourceLock(lock)) }),
  };
  return isHandedOver ? { ...there, owner: bucket.owner } : { ...there, ...(acl !== undefined && { acl }) };
}

async function shareWhole(
  context: EngineContext,
  bucket: Bucket,
  { replica, attributes }: { replica: Replica; attributes: ObjectAttributes },
): Promise<void> {
  const { version } = replica;
  const { key, size, etag, checksum } = version;
  const unlocked = replica.encryption && (await context.keyring.create(replica.encryption));
  const shared = await slicesFor(context, version, { range: { start: 0, end: size }, unlocked });
  const slices = await nameSlices(context, shared);
  const noticeOf = await noticing(context, bucket, serviceCause());
  const lockOf = await locking(context, bucket, { isReplica: true });
  const encrypted = unlocked === undefined ? attributes : { ...attributes, encryption: unlocked.encryption };
  const locked = lockOf(encrypted, context.clock.nowMs());
  const described = {
    ...{ bucketId: bucket.id, key, ...identityOf(replica), size, etag, attributes: locked },
    ...(checksum !== undefined && { checksum }),
  };
  const manifest = { ...describeVersion(described), kind: 'version', bucket: bucket.name, slices } as const;
  await refusingGoneSource(context, version, () =>
    withManifest(context, manifest, (held) =>
      context.index.submit({
        ...{ type: 'put-version', ...described, ...held, content: sharedContent(shared), isReplica: true },
        ...noticeOf('ObjectCreated:Put', key),
      }),
    ),
  );
}

function createUpload(
  uploads: Uploads,
  bucket: Bucket,
  { replica, attributes }: { replica: Replica; attributes: ObjectAttributes },
) {
  const { version, encryption } = replica;
  const { key, checksum } = version;
  return uploads.create({ bucket, key, attributes, encryption, ...(checksum !== undefined && checksumOf(checksum)) });
}

function checksumOf({ algorithm, type }: { algorithm: string; type: 'FULL_OBJECT' | 'COMPOSITE' }) {
  // What a version carries is what it was made with, by an algorithm that is known.
  return { checksumAlgorithm: algorithm as ChecksumAlgorithm, checksumType: type };
}

async function partsOf(uploads: Uploads, upload: Upload): Promise<ReadonlyMap<number, PartThere>> {
  const parts = new Map<number, PartThere>();
  for (let after = 0, more = true; more; ) {
    const page = await uploads.listParts(upload, { after, limit: 1000 });
    for (const part of page.parts) parts.set(part.partNumber, part);
    after = page.parts.at(-1)?.partNumber ?? after;
    more = page.isTruncated;
  }
  return parts;
}

async function unlessGone<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof EngineError && error.code === 'NoSuchUpload') return undefined;
    throw error;
  }
}

async function setAttributes(
  context: EngineContext,
  { buckets, locks }: LocalParts,
  { bucket, replica }: { bucket: Bucket; replica: Replica },
): Promise<boolean> {
  const { version, versionId, rule, source } = replica;
  const { key, attributes } = version;
  const { tags, acl, changedMs = 0, lock } = attributes;
  await requireLocks(buckets, { source, destination: bucket });
  try {
    await context.index.submit({
      ...{ type: 'set-replica-attributes', bucketId: bucket.id, key, versionId, tags, changedMs },
      ...(rule.destination.overridesOwner !== true && { acl: acl ?? null }),
    });
    if (lock !== undefined) await locks.setReplicaLock({ bucket, key, versionId }, sourceLock(lock));
    return true;
  } catch (error) {
    const isGone = error instanceof EngineError && error.code === 'NoSuchVersion';
    if (isGone || isRejection(error, 'NoSuchVersion')) return false;
    throw error;
  }
}
