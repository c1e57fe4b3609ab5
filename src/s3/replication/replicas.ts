/** Requests by which another server replicates into a bucket: what they say of the replica, and what it is like here. */
import { EngineError } from '../../engine/errors.ts';
import { minioHeaders } from '../../engine/replication/minio-facts.ts';
import { decodeReplicaFacts, type ReplicaFacts, replicaHeader } from '../../engine/replication/replica-facts.ts';
import { lockOfReplica } from '../../engine/replication/replica-locks.ts';
import type { ObjectAttributes, Version } from '../../engine/types.ts';
import { invalidArgument, invalidRequest } from '../lifecycle/refusals.ts';
import { requireObjectLock } from '../object-lock/locked-buckets.ts';
import type { OperationRequest } from '../operation.ts';
import { readMinioReplica } from './minio-replicas.ts';

/** As for signatures: how far the clocks of two servers may be apart. */
const skewMaxMs = 15 * 60_000;

/**
 * Undefined for a request of a client. Throws InvalidArgument for what is no replica, or comes from the future, which would
 * stand above whatever is written here until then; InvalidRequest where the bucket keeps no versions.
 */
export function readReplica(request: OperationRequest): ReplicaFacts | undefined {
  const facts = readFacts(request);
  if (facts === undefined) return undefined;
  const { retentionSetMs = 0, legalHoldSetMs = 0 } = facts.lock ?? {};
  const changedMs = Math.max(facts.changedMs, retentionSetMs, legalHoldSetMs);
  const latestMs = Math.max(facts.ordinal / 1000, facts.lastModifiedMs, changedMs);
  if (latestMs > request.nowMs + skewMaxMs) {
    throw invalidArgument('The replica was made in the future: the clocks of the two servers differ');
  }
  if (request.bucket().versioning !== 'Enabled') throw invalidRequest('Replicas need a bucket with versioning enabled');
  return facts;
}

function readFacts(request: OperationRequest): ReplicaFacts | undefined {
  const text = request.header(replicaHeader);
  if (text === undefined) return readMinioReplica(request);
  const facts = decodeReplicaFacts(text);
  if (facts === undefined) throw invalidArgument('The replica is not well formed', { [replicaHeader]: text });
  return facts;
}

/** Whose a replica is, and what its list says: where lists are disabled, or the owner is not known here, its bucket's owner has it. */
export async function standingOfReplica(
  request: OperationRequest,
  { owner, acl, changedMs, lock }: ReplicaFacts,
): Promise<Pick<ObjectAttributes, 'owner' | 'acl' | 'changedMs' | 'lock'>> {
  const bucket = request.bucket();
  if (lock !== undefined) await requireObjectLock(request);
  const changed = {
    ...(changedMs > 0 && { changedMs }),
    ...(lock !== undefined && { lock: lockOfReplica(lock) }),
  };
  const { ownership } = await request.accessOf(bucket);
  const isKnown = owner !== undefined && request.findUser({ id: owner }) !== undefined;
  if (ownership === 'BucketOwnerEnforced' || !isKnown) return { owner: bucket.owner, ...changed };
  return { owner, ...(acl && { acl }), ...changed };
}

/** What the engine takes of it. */
export function identityOf({ versionId, ordinal, lastModifiedMs }: ReplicaFacts) {
  return { replica: { versionId, ordinal, lastModifiedMs } };
}

/** Makes tags, list and lock of a replica those of its source, where they were not changed later here. */
export async function setReplicaAttributes(
  request: OperationRequest,
  replica: ReplicaFacts,
  { key, versionId, tags }: { key: string; versionId: string | undefined; tags: ObjectAttributes['tags'] },
): Promise<void> {
  if (versionId !== replica.versionId) throw invalidRequest('The request must name the version of the replica');
  const bucket = request.bucket();
  const { ownership } = await request.accessOf(bucket);
  const keepsList = ownership === 'BucketOwnerEnforced' || replica.acl === undefined;
  await request.engine.replication.setReplicaAttributes({
    ...{ bucket, key, versionId, tags, changedMs: replica.changedMs },
    ...(!keepsList && { acl: replica.acl ?? null }),
    tellers: tellersOf(request),
  });
  const { lock } = replica;
  if (lock === undefined) return;
  await requireObjectLock(request);
  await request.engine.locks.setReplicaLock({ bucket, key, versionId }, lock);
}

/** Has a MinIO that sent a version with tags looked at afterwards: they may have been changed while it was on its way. */
export async function askMinioAgain(request: OperationRequest, replica: ReplicaFacts, version: Version): Promise<void> {
  const { key, versionId, attributes } = version;
  if (attributes.tags.length === 0 || !isOfMinio(request) || request.replication.minios.size === 0) return;
  const { tags, changedMs = 0 } = attributes;
  await setReplicaAttributes(request, { ...replica, changedMs }, { key, versionId, tags });
}

/** ARNs of those that may be who asks, where what they tell of is to be looked at afterwards. */
export function tellersOf(request: OperationRequest): ReadonlySet<string> | undefined {
  return isOfMinio(request) ? request.replication.minios : undefined;
}

function isOfMinio(request: OperationRequest): boolean {
  return request.header(minioHeaders.isReplica) !== undefined;
}

/**
 * MinIO sends a version whole again where it is told another time or ETag of it, as of uploads and under keys of KMS, though nothing has changed but its tags. True if
 * the version is here: then its tags are those that changed last, and the rest of it need not come.
 */
export async function isMinioVersionHere(
  request: OperationRequest,
  replica: ReplicaFacts,
  { key, tags }: { key: string; tags: ObjectAttributes['tags'] },
): Promise<boolean> {
  if (!isOfMinio(request)) return false;
  try {
    await setReplicaAttributes(request, replica, { key, versionId: replica.versionId, tags });
    return true;
  } catch (error) {
    if (error instanceof EngineError && error.code === 'NoSuchVersion') return false;
    throw error;
  }
}
