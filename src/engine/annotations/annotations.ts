/**
 * Annotations: what clients write onto versions, under names. Each is a blob of its own, which says whose it is, and is encrypted as the bytes
 * of its version are; it lies where objects of the usual class do, whatever the class of its version, and goes with its version.
 */
import { BlobError } from '../../blob/types.ts';
import { allowsRemoval } from '../../meta/object-lock.ts';
import type { Annotation, Version } from '../../meta/records.ts';
import type { StoredAnnotation } from '../../meta/types.ts';
import { type BodyFacts, receiveBody } from '../bodies.ts';
import type { ChainedRead } from '../chained-read.ts';
import type { EngineContext } from '../context.ts';
import type { Unlocked } from '../encryption/keyring.ts';
import { EngineError } from '../errors.ts';
import { noticing } from '../events/notices.ts';
import { annotationLabel } from '../labels.ts';
import { openSlices, versionGone } from '../reading.ts';
import { isRejection, refusing, toEngineError } from '../refusals.ts';
import type { AnnotationPut, Annotations } from './types.ts';

type Change = Parameters<Annotations['delete']>[0];

/** Whatever the class of its object: an archive need not be restored for what is written onto it. */
export const storageClass = 'STANDARD';

export function createAnnotations(context: EngineContext): Annotations {
  const { index } = context;
  return {
    put: (request) => refusing(detailsOf(request), () => putAnnotation(context, request)),
    find: (version, name) => refusing({ key: version.key }, () => findAnnotation(context, version, name)),
    read: (version, found) => refusing({ key: version.key }, () => readAnnotation(context, version, found)),
    list: (version, query) => refusing({ key: version.key }, () => index.listAnnotations(version, query)),
    delete: (request) => refusing(detailsOf(request), () => deleteAnnotation(context, request)),
  };
}

function detailsOf({ bucket, version }: Change) {
  return { bucket: bucket.name, key: version.key, condition: 'x-amz-object-if-match' };
}

async function putAnnotation(context: EngineContext, request: AnnotationPut): Promise<Annotation> {
  const { bucket, version, name, source } = request;
  checkBefore(context, request);
  const encryption = await unlockVersion(context, version);
  const noticeOf = await noticing(context, bucket, request.cause);
  const known = await context.index.getAnnotation(version, name);
  const newAnnotation = (facts: BodyFacts): Annotation => {
    // Of two of one name the later one has the later time, by which a rebuild of the index knows it.
    const lastModifiedMs = Math.max(context.clock.nowMs(), (known?.annotation.lastModifiedMs ?? 0) + 1);
    return { name, ...facts, lastModifiedMs };
  };
  let labelled: Annotation | undefined;
  const body = await receiveBody(context, source, {
    pool: context.poolOf(storageClass),
    encryption,
    label: (facts, sealed) => {
      labelled = newAnnotation(facts);
      return annotationLabel(bucket, version, labelled, sealed);
    },
  });
  try {
    // From here to `submit` nothing may wait: a small body must meet its command in one wave.
    const annotation = labelled ?? newAnnotation(body.facts);
    const content = body.place((sealed) => annotationLabel(bucket, version, annotation, sealed));
    await unlessGone(context, version, () =>
      context.index.submit({
        ...{ type: 'put-annotation', ...named(context, request) },
        annotation: { ...annotation, content },
        ...noticeOf('ObjectAnnotation:Put', version.key),
      }),
    );
    return annotation;
  } finally {
    body.release();
  }
}

async function deleteAnnotation(context: EngineContext, request: Change): Promise<void> {
  const { bucket, version, name } = request;
  checkBefore(context, request);
  const noticeOf = await noticing(context, bucket, request.cause);
  await unlessGone(context, version, () =>
    context.index.submit({
      ...{ type: 'delete-annotation', ...named(context, request), name },
      ...noticeOf('ObjectAnnotation:Delete', version.key),
    }),
  );
}

function named({ clock }: EngineContext, { version, ifMatch, bypassesGovernance }: Change) {
  const { bucketId, key, versionId, ordinal } = version;
  return {
    ...{ bucketId, key, versionId, ordinal },
    locks: { atMs: clock.nowMs(), ...(bypassesGovernance && { bypassesGovernance }) },
    ...(ifMatch !== undefined && { ifMatch }),
  };
}

/** What would be refused anyway, before a body is asked for. What counts is the check inside the transaction. */
function checkBefore({ clock }: EngineContext, request: Change): void {
  const { version, ifMatch, bypassesGovernance } = request;
  const { lock } = version.attributes;
  const details = detailsOf(request);
  if (ifMatch !== undefined && !ifMatch.includes('*') && !ifMatch.includes(version.etag)) {
    throw new EngineError('PreconditionFailed', `${version.key} has another ETag`, details);
  }
  if (allowsRemoval(lock, { atMs: clock.nowMs(), ...(bypassesGovernance && { bypassesGovernance }) })) return;
  throw new EngineError('ObjectLocked', `${version.key} is locked`, details);
}

/** How a version is encrypted, and so what is written onto it. Throws AnnotationUnderCustomerKey. */
async function unlockVersion(context: EngineContext, { key, attributes }: Version): Promise<Unlocked | undefined> {
  const { encryption } = attributes;
  if (encryption === undefined) return undefined;
  requireOwnKey(encryption, key);
  return { encryption, keys: await context.keyring.open(encryption, undefined) };
}

/** Throws AnnotationUnderCustomerKey for what is under a key of its client, which nobody has who writes onto it. */
export function requireOwnKey({ kind }: Pick<Unlocked['encryption'], 'kind'>, key: string): void {
  if (kind !== 'SSE-C') return;
  throw new EngineError('AnnotationUnderCustomerKey', `${key} is under a key of its client`, { key });
}

async function unlessGone<T>(context: EngineContext, version: Version, submit: () => Promise<T>): Promise<T> {
  try {
    return await submit();
  } catch (error) {
    if (isRejection(error, 'NoSuchVersion') || isRejection(error, 'VersionChanged')) {
      throw await versionGone(context, version);
    }
    throw error;
  }
}

async function findAnnotation({ index }: EngineContext, version: Version, name: string): Promise<StoredAnnotation> {
  const found = await index.getAnnotation(version, name);
  if (found !== undefined) return found;
  throw new EngineError('NoSuchAnnotation', `${version.key} has no annotation ${name}`, { key: version.key });
}

/** Opens a read; the first bytes have been read when it resolves. */
export async function readAnnotation(
  context: EngineContext,
  version: Version,
  { annotation, slices }: StoredAnnotation,
): Promise<ChainedRead> {
  const { key, attributes } = version;
  const { encryption } = attributes;
  const keys = encryption && (await context.keyring.open(encryption, undefined));
  try {
    return await openSlices(context, slices, keys);
  } catch (error) {
    if (!(error instanceof BlobError) || error.code !== 'SegmentGone') throw toEngineError(error, { key });
  }
  // It was moved, or is another one by now.
  const now = await findAnnotation(context, version, annotation.name);
  return openSlices(context, now.slices, keys);
}
