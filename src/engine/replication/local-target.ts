/** Replicas on the same server: new rows on old bytes, unless the storage class of the replica has them coded otherwise. */
import type { ObjectEncryption } from '../../meta/object-encryption.ts';
import type { ObjectAttributes, Part } from '../../meta/records.ts';
import { readBucketAccess } from '../access-documents.ts';
import type { EngineContext } from '../context.ts';
import { refusingGoneSource, sharedContent } from '../copy.ts';
import type { NewEncryption } from '../encryption/types.ts';
import { EngineError } from '../errors.ts';
import { noticing } from '../events/notices.ts';
import { serviceCause } from '../events/service-cause.ts';
import { locking } from '../locks/new-lock.ts';
import type { Locks } from '../locks/types.ts';
import { describeVersion, nameSlices, withManifest } from '../manifests.ts';
import { slicesOf } from '../reading.ts';
import { isKeptFor, rewrittenBody } from '../recoding.ts';
import { isRejection } from '../refusals.ts';
import type { Bucket, Buckets, ChecksumAlgorithm, Objects, Upload, Uploads } from '../types.ts';
import { lockOfReplica, requireLocks, sourceLock } from './replica-locks.ts';
import type { Replica, ReplicaTarget } from './types.ts';

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
      const { version } = replica;
      const attributes = await attributesThere(parts, bucket, replica);
      const { storageClass } = attributes;
      if (await isKeptFor(context, { source: version, range: bytes, storageClass })) {
        return shareWhole(context, bucket, { replica, attributes });
      }
      const body = rewrittenBody(context, version, { range: bytes, algorithm: undefined });
      const source = { ...body, stream: bytes.read() };
      const encryption = anew(version.attributes.encryption);
      await objects.put({ ...put(replica), attributes, source, encryption, cause: serviceCause() });
    },
    async beginUpload(replica) {
      const attributes = await attributesThere(parts, bucket, replica);
      return (await createUpload(uploads, bucket, { replica, attributes })).uploadId;
    },
    async partsOf({ version: { key } }, uploadId) {
      return unlessGone(async () => etagsOf(uploads, await uploads.get(bucket, key, uploadId)));
    },
    async putPart({ version }, { uploadId, part, bytes }) {
      const upload = await uploads.get(bucket, version.key, uploadId);
      const { start, end } = bytes;
      await uploads.copyPart({
        ...{
          bucket,
          upload,
          partNumber: part.partNumber,
          source: version,
          range: { start, end },
          digests: digestsOf(part),
        },
      });
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

/** How a replica whose bytes are written anew is encrypted: as its source, with keys of its own. Of what is under its client's key no bytes can be read. */
function anew(encryption: ObjectEncryption | undefined): NewEncryption | undefined {
  if (encryption === undefined || encryption.kind === 'SSE-C') return undefined;
  if (encryption.kind === 'SSE-S3') return { kind: 'SSE-S3' };
  const { kind, keyArn, context, bucketKey } = encryption;
  return { kind, keyArn, context, ...(bucketKey && { bucketKey }) };
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
  const { acl, restore: _restore, tiering: _tiering, ...attributes } = version.attributes;
  const isHandedOver = rule.destination.overridesOwner === true || ownership === 'BucketOwnerEnforced';
  const { lock, ...unlocked } = attributes;
  const there = {
    ...{ ...unlocked, replication: 'REPLICA' as const },
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
  const shared = await slicesOf(context, version, { start: 0, end: size });
  const slices = await nameSlices(context, shared);
  const noticeOf = await noticing(context, bucket, serviceCause());
  const lockOf = await locking(context, bucket, { isReplica: true });
  const locked = lockOf(attributes, context.clock.nowMs());
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
  const { key, checksum } = replica.version;
  return uploads.create({ bucket, key, attributes, ...(checksum !== undefined && checksumOf(checksum)) });
}

function checksumOf({ algorithm, type }: { algorithm: string; type: 'FULL_OBJECT' | 'COMPOSITE' }) {
  // What a version carries is what it was made with, by an algorithm that is known.
  return { checksumAlgorithm: algorithm as ChecksumAlgorithm, checksumType: type };
}

function digestsOf({ etag, checksum }: Part): Pick<Part, 'etag' | 'checksum'> {
  return { etag, ...(checksum !== undefined && { checksum }) };
}

async function etagsOf(uploads: Uploads, upload: Upload): Promise<ReadonlyMap<number, string>> {
  const etags = new Map<number, string>();
  for (let after = 0, more = true; more; ) {
    const page = await uploads.listParts(upload, { after, limit: 1000 });
    for (const { partNumber, etag } of page.parts) etags.set(partNumber, etag);
    after = page.parts.at(-1)?.partNumber ?? after;
    more = page.isTruncated;
  }
  return etags;
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
