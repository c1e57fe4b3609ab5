/** Objects: putting, finding and reading versions, their tags and their parts. */
import type { PutVersion } from '../meta/commands.ts';
import type { ObjectEncryption } from '../meta/object-encryption.ts';
import type { Bucket, Grant, Tag, Version } from '../meta/records.ts';
import type { Replicate } from '../meta/replication-commands.ts';
import { type CopiedAnnotations, copiedAnnotations, isAnnotated, withAnnotations } from './annotations/copied.ts';
import { type BodyFacts, receiveBody } from './bodies.ts';
import { checkBeforeBody } from './conditions.ts';
import type { EngineContext } from './context.ts';
import { annotationsOf, copyObject, refusingGoneSource } from './copy.ts';
import { deleteObject } from './deletes.ts';
import { canShare, checkCustomerKey } from './encryption/keyring.ts';
import { EngineError } from './errors.ts';
import { noticing } from './events/notices.ts';
import { versionLabel } from './labels.ts';
import { type Locking, locking } from './locks/new-lock.ts';
import { describeVersion, withManifest } from './manifests.ts';
import { ofVersion, readVersion, recallVersion, rememberSlices } from './reading.ts';
import { isKeptFor, rewrittenBody } from './recoding.ts';
import { isRejection, keyDetails, onCurrentBucket, refusing } from './refusals.ts';
import { routeOfAttributes, routing } from './replication/routing.ts';
import type { CopyRequest, Objects, PutRequest, VersionTarget } from './types.ts';
import type { VersionIdentity } from './version-ids.ts';

/** How often a version is looked up that is replaced while it is being found. */
export const lookupsMax = 5;

export function createObjects(context: EngineContext): Objects {
  const { index } = context;
  return {
    put: (request) =>
      refusing(keyDetails(request.bucket, request.key, request.conditions), () => putObject(context, request)),
    find: (bucket, key, versionId) =>
      refusing(keyDetails(bucket, key), () => findReadable(context, { bucket, key, versionId })),
    read: (version, range, customerKey) => readVersion(context, version, { range, customerKey }),
    recall: (version, range, customerKey) => recallVersion(context, version, { range, customerKey }),
    copy: (request) =>
      refusing(keyDetails(request.bucket, request.key, request.conditions), () => copyOrRewrite(context, request)),
    delete: (request) =>
      refusing(keyDetails(request.bucket, request.key, request.conditions), () => deleteObject(context, request)),
    setTags: (target, tags) =>
      refusing(keyDetails(target.bucket, target.key), () =>
        tags === 'none'
          ? changeVersion(context, target, { event: 'ObjectTagging:Delete', tags: [] })
          : changeVersion(context, target, { event: 'ObjectTagging:Put', tags }),
      ),
    setAcl: (target, acl) =>
      refusing(keyDetails(target.bucket, target.key), () =>
        changeVersion(context, target, { event: 'ObjectAcl:Put', acl }),
      ),
    listParts: (version, query) =>
      refusing({ key: version.key }, () => ofVersion(context, version, () => index.listVersionParts(version, query))),
    part: (version, n) =>
      refusing({ key: version.key }, async () => {
        const found = await ofVersion(context, version, () => index.getVersionPart(version, n));
        return found && { part: found.part, start: found.offset, end: found.offset + found.part.size };
      }),
  };
}

/** What a request names: a version, or without an id the current one. */
interface Target {
  readonly bucket: Bucket;
  readonly key: string;
  readonly versionId: string | undefined;
}

async function putObject(context: EngineContext, request: PutRequest): Promise<Version> {
  const { bucket, conditions, event = 'ObjectCreated:Put' } = request;
  await checkBeforeBody(context, request, conditions);
  const noticeOf = await noticing(context, bucket, request.cause);
  const routeOf = await routing(context, bucket, request.replica === undefined ? request.cause : undefined);
  const { tags } = request.attributes;
  const { replicate } = routeOf({ key: request.key, tags, kind: 'version', encryption: request.encryption });
  const encryption = request.encryption && (await context.keyring.create(request.encryption));
  const stored = withStatus(request, { replicate, encryption: encryption?.encryption });
  const lockOf = await locking(context, bucket, { isReplica: request.replica !== undefined });
  let labelled: Version | undefined;
  let copied: CopiedAnnotations | undefined;
  const body = await receiveBody(context, request.source, {
    pool: context.poolOf(request.attributes.storageClass),
    encryption,
    label: (facts, sealed) => {
      const identity = request.replica ?? context.ids.issue(bucket);
      labelled = newVersion(context, stored, { bucket, facts, identity, lockOf });
      return versionLabel(bucket, labelled, sealed);
    },
  });
  try {
    if (request.annotationsOf) copied = await copiedAnnotations(context, request.annotationsOf, encryption);
    const facts = event === 'ObjectCreated:Copy' ? { isAnnotated: isAnnotated(copied) } : undefined;
    return await onCurrentBucket(context, bucket, async (current) => {
      // From here to `submit` nothing may wait: a small body must meet its command in one wave.
      const identity = request.replica ?? context.ids.issue(current, labelled?.versionId);
      const made = newVersion(context, stored, { bucket: current, facts: body.facts, identity, lockOf });
      // A large body's label is written, and says when.
      const version = labelled === undefined ? made : { ...made, ...timesOf(labelled) };
      const content = body.place((sealed) => versionLabel(current, version, sealed));
      const { bucketId, key, versionId, ordinal, lastModifiedMs, size, etag, attributes } = version;
      const described = { bucketId, key, versionId, ordinal, lastModifiedMs, size, etag, attributes };
      const command = {
        type: 'put-version',
        ...described,
        checksum: body.facts.checksum,
        content,
        ...(conditions !== undefined && { conditions }),
        ...noticeOf(event, key, facts),
        ...(replicate !== undefined && { replicate: { ...replicate, atMs: made.lastModifiedMs } }),
        ...(request.replica !== undefined && { isReplica: true as const }),
      } as const;
      if (copied === undefined) await submitPut(context, current, command);
      else await submitWith(context, { bucket: current, version, copied }, command);
      return version;
    });
  } finally {
    body.release();
    copied?.release();
  }
}

/** With the annotations that a copy has. */
function submitWith(
  context: EngineContext,
  made: Parameters<typeof withAnnotations>[1],
  command: PutVersion,
): Promise<undefined> {
  return withAnnotations(context, made, (annotated) => submitPut(context, made.bucket, { ...command, ...annotated }));
}

/** An object without bytes has no label, so a manifest describes it. */
function submitPut(context: EngineContext, bucket: Bucket, command: PutVersion): Promise<undefined> {
  const { content } = command;
  if (content.kind === 'new' && content.location.size > 0) return context.index.submit(command);
  const described = { ...describeVersion(command), kind: 'version', bucket: bucket.name, slices: [] } as const;
  return withManifest(context, described, (held) => context.index.submit({ ...command, ...held }));
}

/** A copy shares the bytes of its source, unless its storage class is coded otherwise or it is encrypted otherwise. */
async function copyOrRewrite(context: EngineContext, request: CopyRequest): Promise<Version> {
  const { source, sourceKey, checksumAlgorithm, copiesAnnotations: _, ...target } = request;
  const range = { start: 0, end: source.size };
  const { storageClass } = request.attributes;
  checkCustomerKey(source.attributes.encryption, sourceKey);
  const isShared = canShare(source.attributes.encryption, request.encryption);
  if (isShared && (await isKeptFor(context, { source, range, storageClass }))) return copyObject(context, request);
  const body = rewrittenBody(context, source, { range, customerKey: sourceKey, algorithm: checksumAlgorithm });
  const annotations = annotationsOf(request);
  return refusingGoneSource(context, source, () =>
    putObject(context, {
      ...{ ...target, source: body, event: 'ObjectCreated:Copy' },
      ...(annotations !== undefined && { annotationsOf: annotations }),
    }),
  );
}

interface NewFacts {
  readonly bucket: Bucket;
  readonly facts: BodyFacts;
  readonly identity: VersionIdentity;
  readonly lockOf: Locking;
}

function newVersion(
  context: EngineContext,
  { key, attributes, replica }: Pick<PutRequest, 'key' | 'attributes' | 'replica'>,
  { bucket, facts, identity: { versionId, ordinal }, lockOf }: NewFacts,
): Version {
  const nowMs = context.clock.nowMs();
  return {
    bucketId: bucket.id,
    key,
    versionId,
    ordinal,
    isLatest: true,
    isDeleteMarker: false,
    lastModifiedMs: replica?.lastModifiedMs ?? nowMs,
    ...facts,
    attributes: lockOf(attributes, nowMs),
  };
}

function timesOf({ lastModifiedMs, attributes }: Version): Pick<Version, 'lastModifiedMs' | 'attributes'> {
  return { lastModifiedMs, attributes };
}

/** What is replicated says so from its first moment, and what is encrypted how. */
function withStatus(
  { key, replica, ...request }: PutRequest,
  { replicate, encryption }: { replicate: Replicate | undefined; encryption: ObjectEncryption | undefined },
) {
  const attributes = encryption === undefined ? request.attributes : { ...request.attributes, encryption };
  if (replica !== undefined) return { key, replica, attributes: { ...attributes, replication: 'REPLICA' as const } };
  return { key, attributes: replicate === undefined ? attributes : { ...attributes, replication: 'PENDING' as const } };
}

/** As `find`, with what `read` will need. */
async function findReadable(context: EngineContext, target: Target): Promise<Version> {
  for (let lookups = 0; lookups < lookupsMax; lookups++) {
    const version = await findVersion(context, target);
    if (await rememberSlices(context, version)) return version;
  }
  const { bucket, key } = target;
  throw new EngineError('ServiceUnavailable', `${key} is being replaced too fast`, { bucket: bucket.name, key });
}

/** A version to read or to change; throws as `find`. */
export async function findVersion({ index }: EngineContext, { bucket, key, versionId }: Target): Promise<Version> {
  const version = await index.getVersion(bucket.id, key, versionId);
  const details = { bucket: bucket.name, key };
  if (versionId === undefined) {
    if (version === undefined) throw new EngineError('NoSuchKey', `${key} does not exist`, details);
    if (!version.isDeleteMarker) return version;
    throw new EngineError('NoSuchKey', `${key} is deleted`, {
      ...details,
      deleteMarkerVersionId: version.versionId,
      lastModifiedMs: version.lastModifiedMs,
    });
  }
  if (version === undefined) {
    throw new EngineError('NoSuchVersion', `${key} has no version ${versionId}`, { ...details, versionId });
  }
  if (!version.isDeleteMarker) return version;
  throw new EngineError('DeleteMarkerMet', `${versionId} is a delete marker`, {
    ...details,
    versionId,
    deleteMarkerVersionId: versionId,
    lastModifiedMs: version.lastModifiedMs,
  });
}

type Change = { readonly event: string } & ({ readonly tags: readonly Tag[] } | { readonly acl: readonly Grant[] });

async function changeVersion(
  context: EngineContext,
  { cause, ...target }: VersionTarget,
  { event, ...change }: Change,
): Promise<Version> {
  const noticeOf = await noticing(context, target.bucket, cause);
  const routeOf = await routing(context, target.bucket, cause);
  for (let lookups = 1; ; lookups++) {
    const version = await findVersion(context, target);
    const { bucketId, key, versionId, attributes } = version;
    try {
      const routed = routeOfAttributes(routeOf, { ...version, attributes: { ...attributes, ...change } });
      const named = { bucketId, key, versionId, ...noticeOf(event, key), ...routed };
      if ('tags' in change) await context.index.submit({ type: 'set-version-tags', ...named, ...change });
      else await context.index.submit({ type: 'set-version-acl', ...named, ...change });
      return { ...version, attributes: { ...attributes, ...change } };
    } catch (error) {
      // The current version may have been removed since it was looked up; then another one may be current.
      const retry = target.versionId === undefined && isRejection(error, 'NoSuchVersion') && lookups < lookupsMax;
      if (!retry) throw error;
    }
  }
}
