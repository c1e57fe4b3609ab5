/**
 * Completing a multipart upload: its parts, as the client lists them, become one version. No byte moves. A completion may be
 * repeated, also while the first is under way: whoever comes second is answered the version that came of it.
 */
import type { Bucket, ObjectAttributes, Part, Upload, Version } from '../meta/records.ts';
import { isMd5, multipartChecksum, multipartEtag } from './checksums.ts';
import { checkBeforeBody } from './conditions.ts';
import type { EngineContext } from './context.ts';
import { EngineError, type EngineErrorDetails } from './errors.ts';
import { noticing } from './events/notices.ts';
import { locking } from './locks/new-lock.ts';
import { describeVersion, withManifest } from './manifests.ts';
import { isRejection, onCurrentBucket } from './refusals.ts';
import { routing } from './replication/routing.ts';
import type { Uploads } from './types.ts';
import type { ReplicaIdentity } from './version-ids.ts';

type CompleteRequest = Parameters<Uploads['complete']>[0];
type ListedPart = CompleteRequest['parts'][number];

const partsPageSize = 1000;

export async function completeUpload(context: EngineContext, request: CompleteRequest): Promise<Version> {
  const { bucket, key, uploadId } = request;
  const upload = await context.index.getUpload(bucket.id, key, uploadId);
  if (upload === undefined) return completedBefore(context, request);
  checkOrder(request);
  const parts = await chooseParts(context, upload, request);
  checkSizes(context, parts);
  await checkBeforeBody(context, request, request.conditions);
  const checksum = await multipartChecksum(context.digests, upload, parts);
  const whole = {
    size: parts.reduce((total, { size }) => total + size, 0),
    etag: await multipartEtag(context.digests, etagsOf(parts)),
    ...(checksum !== undefined && { checksum }),
  };
  request.verify?.(whole);
  try {
    return await submitCompletion(context, request, { upload, parts, whole });
  } catch (error) {
    if (isRejection(error, 'NoSuchUpload')) return completedBefore(context, request);
    throw error;
  }
}

async function submitCompletion(
  context: EngineContext,
  { bucket, key, uploadId, conditions, cause, replica }: CompleteRequest,
  {
    upload,
    parts,
    whole,
  }: { upload: Upload; parts: readonly Part[]; whole: Pick<Version, 'size' | 'etag' | 'checksum'> },
): Promise<Version> {
  const noticeOf = await noticing(context, bucket, cause);
  const routeOf = await routing(context, bucket, replica === undefined ? cause : undefined);
  const lockOf = await locking(context, bucket, { isReplica: replica !== undefined });
  return onCurrentBucket(context, bucket, async (current) => {
    const described = {
      bucketId: current.id,
      key,
      uploadId,
      ...(replica ?? {
        ...context.ids.issue(current),
        // AWS dates a multipart object by its initiation:
        // https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html
        lastModifiedMs: upload.initiatedMs,
      }),
      ...whole,
    };
    const { tags, encryption } = upload.attributes;
    const routed = routeOf({ key, tags, kind: 'version', encryption });
    // A version begins with the end of its upload, whatever its date.
    const attributes = lockOf(attributesOf(upload, { ...routed, replica }), context.clock.nowMs());
    const manifest = {
      ...describeVersion({ ...described, attributes }),
      kind: 'completion',
      bucket: current.name,
      uploadId,
      parts: parts.map(({ partNumber, etag }) => [partNumber, etag] as const),
    } as const;
    await withManifest(context, manifest, (held) =>
      context.index.submit({
        type: 'complete-upload',
        ...described,
        ...held,
        parts: parts.map(({ partNumber, etag }) => ({ partNumber, etag })),
        ...(conditions !== undefined && { conditions }),
        ...noticeOf('ObjectCreated:CompleteMultipartUpload', key),
        ...routed,
        ...(replica !== undefined && { isReplica: true as const }),
        ...(attributes.lock !== undefined && { lock: attributes.lock }),
      }),
    );
    return { ...described, isLatest: true, isDeleteMarker: false, partCount: parts.length, attributes };
  });
}

/** As the index will have them (`meta/apply/uploads.ts`). */
function attributesOf(
  { attributes }: Upload,
  { replicate, replica }: { replicate?: object; replica: ReplicaIdentity | undefined },
): ObjectAttributes {
  if (replica !== undefined) return { ...attributes, replication: 'REPLICA' };
  return replicate === undefined ? attributes : { ...attributes, replication: 'PENDING' };
}

/** The version that the upload became earlier, if the client lists the parts that it was made of. */
async function completedBefore(context: EngineContext, request: CompleteRequest): Promise<Version> {
  const { bucket, key, uploadId, parts } = request;
  const version = await context.index.getCompletedUpload(bucket.id, key, uploadId);
  const etags = etagsOf(parts);
  if (version !== undefined && etags.every(isMd5)) {
    if (version.etag === (await multipartEtag(context.digests, etags))) return version;
  }
  throw new EngineError('NoSuchUpload', `there is no upload ${uploadId}`, { bucket: bucket.name, key, uploadId });
}

/** Part numbers ascend, each once. */
function checkOrder({ bucket, key, uploadId, parts }: CompleteRequest): void {
  let last = 0;
  for (const { partNumber } of parts) {
    if (partNumber <= last) {
      throw new EngineError('InvalidPartOrder', `part ${partNumber} is listed after part ${last}`, {
        ...detailsOf(bucket, key, uploadId),
        partNumber,
      });
    }
    last = partNumber;
  }
}

/** The stored parts that the client lists. Throws InvalidPart for one that is missing or not what the client says. */
async function chooseParts(context: EngineContext, upload: Upload, request: CompleteRequest): Promise<Part[]> {
  const stored = await loadParts(context, upload.uploadId);
  return request.parts.map((listed) => {
    const part = stored.get(listed.partNumber);
    if (part !== undefined && matches(part, listed)) return part;
    const { partNumber, etag } = listed;
    throw new EngineError('InvalidPart', `part ${partNumber} is missing or another`, {
      ...detailsOf(request.bucket, upload.key, upload.uploadId),
      partNumber,
      etag,
    });
  });
}

function matches(part: Part, listed: ListedPart): boolean {
  return part.etag === listed.etag && (listed.checksum === undefined || listed.checksum === part.checksum?.value);
}

async function loadParts({ index }: EngineContext, uploadId: string): Promise<Map<number, Part>> {
  const parts = new Map<number, Part>();
  for (let after = 0, more = true; more; ) {
    const page = await index.listUploadParts(uploadId, { after, limit: partsPageSize });
    for (const part of page.parts) parts.set(part.partNumber, part);
    after = page.parts.at(-1)?.partNumber ?? after;
    more = page.isTruncated;
  }
  return parts;
}

/** Every part but the last has the least size. */
function checkSizes({ limits }: EngineContext, parts: readonly Part[]): void {
  for (const { partNumber, size, etag } of parts.slice(0, -1)) {
    if (size >= limits.partSizeMinBytes) continue;
    throw new EngineError('EntityTooSmall', `part ${partNumber} has only ${size} bytes`, {
      partNumber,
      proposedSize: size,
      minSizeAllowed: limits.partSizeMinBytes,
      etag,
    });
  }
}

function etagsOf(parts: readonly { etag: string }[]): string[] {
  return parts.map(({ etag }) => etag);
}

function detailsOf(bucket: Bucket, key: string, uploadId: string): EngineErrorDetails {
  return { bucket: bucket.name, key, uploadId };
}
