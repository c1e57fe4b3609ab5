/** Multipart uploads: their life and their parts. Completion is in `complete.ts`. */
import type { Content } from '../meta/commands.ts';
import type { Bucket, Part, Upload } from '../meta/records.ts';
import { type BodyFacts, receiveBody } from './bodies.ts';
import { defaultChecksumAlgorithm, defaultChecksumType, knownAlgorithm } from './checksums.ts';
import { completeUpload } from './complete.ts';
import type { EngineContext } from './context.ts';
import { digestsOfRange, refusingGoneSource, slicesFor } from './copy.ts';
import { canShare, checkCustomerKey, type Unlocked } from './encryption/keyring.ts';
import type { CustomerKey } from './encryption/types.ts';
import { EngineError, type EngineErrorDetails } from './errors.ts';
import { describePart, partLabel } from './labels.ts';
import { type NamedSlice, nameSlices, sharedContent, withManifest } from './manifests.ts';
import { isKeptFor, rewrittenBody } from './recoding.ts';
import { keyDetails, refusing } from './refusals.ts';
import type { Uploads } from './types.ts';

type CreateRequest = Parameters<Uploads['create']>[0];
type PutPartRequest = Parameters<Uploads['putPart']>[0];
type CopyPartRequest = Parameters<Uploads['copyPart']>[0];
type SharePartRequest = Parameters<Uploads['sharePart']>[0];

export function createUploads(context: EngineContext): Uploads {
  const { index } = context;
  return {
    create: (request) => refusing(keyDetails(request.bucket, request.key), () => createUpload(context, request)),
    get: (bucket, key, uploadId) =>
      refusing(uploadDetails(bucket, key, uploadId), () => getUpload(context, { bucket, key, uploadId })),
    putPart: (request) => refusing(partDetails(request), () => putPart(context, request)),
    copyPart: (request) => refusing(partDetails(request), () => copyPart(context, request)),
    sharePart: (request) => refusing(partDetails({ ...request, ...request.part }), () => sharePart(context, request)),
    complete: (request) =>
      refusing({ ...keyDetails(request.bucket, request.key, request.conditions), uploadId: request.uploadId }, () =>
        completeUpload(context, request),
      ),
    abort: (bucket, key, uploadId) =>
      refusing(uploadDetails(bucket, key, uploadId), () =>
        index.submit({ type: 'abort-upload', bucketId: bucket.id, key, uploadId }),
      ),
    listParts: ({ key, uploadId }, query) => refusing({ key, uploadId }, () => index.listUploadParts(uploadId, query)),
    list: (bucket, query) =>
      refusing({ bucket: bucket.name }, () => index.listUploads({ bucketId: bucket.id, ...query })),
  };
}

function uploadDetails(bucket: Bucket, key: string, uploadId: string): EngineErrorDetails {
  return { bucket: bucket.name, key, uploadId };
}

function partDetails({
  bucket,
  upload,
  partNumber,
}: Pick<PutPartRequest, 'bucket' | 'upload' | 'partNumber'>): EngineErrorDetails {
  return { bucket: bucket.name, key: upload.key, uploadId: upload.uploadId, partNumber };
}

async function createUpload(context: EngineContext, request: CreateRequest): Promise<Upload> {
  const { bucket, key, checksumAlgorithm } = request;
  const encryption = request.encryption && (await context.keyring.create(request.encryption)).encryption;
  const attributes = encryption === undefined ? request.attributes : { ...request.attributes, encryption };
  const checksumType =
    request.checksumType ?? (checksumAlgorithm === undefined ? undefined : defaultChecksumType(checksumAlgorithm));
  const upload: Upload = {
    uploadId: context.ids.newUploadId(),
    bucketId: bucket.id,
    key,
    initiatedMs: context.clock.nowMs(),
    attributes,
    ...(checksumAlgorithm !== undefined && { checksumAlgorithm }),
    ...(checksumType !== undefined && { checksumType }),
  };
  const { bucketId, ...described } = upload;
  const manifest = { v: 1, kind: 'upload', bucket: bucket.name, ...described } as const;
  await withManifest(context, manifest, (held) =>
    context.index.submit({ type: 'create-upload', bucketId, ...described, ...held }),
  );
  return upload;
}

async function getUpload(
  { index }: EngineContext,
  { bucket, key, uploadId }: { bucket: Bucket; key: string; uploadId: string },
): Promise<Upload> {
  const upload = await index.getUpload(bucket.id, key, uploadId);
  if (upload !== undefined) return upload;
  throw new EngineError('NoSuchUpload', `there is no upload ${uploadId}`, uploadDetails(bucket, key, uploadId));
}

async function putPart(context: EngineContext, request: PutPartRequest): Promise<Part> {
  const { bucket, upload, partNumber, source } = request;
  const encryption = await unlockUpload(context, upload, request.customerKey);
  const newPart = (facts: BodyFacts): Part => ({ partNumber, ...facts, lastModifiedMs: context.clock.nowMs() });
  let labelled: Part | undefined;
  const body = await receiveBody(context, source, {
    pool: context.poolOf(upload.attributes.storageClass),
    encryption,
    label: (facts, sealed) => {
      labelled = newPart(facts);
      return partLabel(bucket, upload, labelled, sealed);
    },
  });
  try {
    // From here to `submit` nothing may wait: a small body must meet its command in one wave.
    const part = labelled ?? newPart(body.facts);
    const content = body.place((sealed) => partLabel(bucket, upload, part, sealed));
    if (content.location.size > 0) await submitPart(context, upload, part, content);
    else await submitDescribed(context, request, { part, content, slices: [] });
    return part;
  } finally {
    body.release();
  }
}

async function copyPart(context: EngineContext, request: CopyPartRequest): Promise<Part> {
  const { bucket, upload, partNumber, source, range, customerKey, sourceKey } = request;
  const { encryption, storageClass } = upload.attributes;
  checkCustomerKey(source.attributes.encryption, sourceKey);
  const algorithm = knownAlgorithm(upload.checksumAlgorithm) ?? defaultChecksumAlgorithm;
  const isShared = canShare(source.attributes.encryption, encryption);
  if (!isShared || !(await isKeptFor(context, { source, range, storageClass }))) {
    const body = rewrittenBody(context, source, { range, customerKey: sourceKey, algorithm });
    return putPart(context, { bucket, upload, partNumber, source: body, customerKey });
  }
  const unlocked = await unlockUpload(context, upload, customerKey);
  const part: Part = {
    partNumber,
    size: range.end - range.start,
    ...(await digestsOfRange(context, source, { range, algorithm, encryption })),
    lastModifiedMs: context.clock.nowMs(),
  };
  await submitShared(context, { bucket, upload, part, source, range }, unlocked);
  return part;
}

async function sharePart(context: EngineContext, request: SharePartRequest): Promise<void> {
  const { upload, part } = request;
  const isOfClient = upload.attributes.encryption?.kind === 'SSE-C';
  const unlocked = isOfClient ? undefined : await unlockUpload(context, upload, undefined);
  const { partNumber, size, etag, checksum } = part;
  const shared: Part = {
    ...{ partNumber, size, etag, lastModifiedMs: context.clock.nowMs() },
    ...(checksum !== undefined && { checksum }),
  };
  await submitShared(context, { ...request, part: shared }, unlocked);
}

/** Without keys the slices are shared as they lie. */
async function submitShared(
  context: EngineContext,
  { source, range, part, ...named }: SharePartRequest,
  unlocked: Unlocked | undefined,
): Promise<void> {
  const shared = await slicesFor(context, source, { range, unlocked });
  const slices = await nameSlices(context, shared);
  await refusingGoneSource(context, source, () =>
    submitDescribed(context, named, { part, content: sharedContent(shared), slices }),
  );
}

/** What the parts of an upload are encrypted with. Throws as `checkCustomerKey`. */
async function unlockUpload(
  { keyring }: EngineContext,
  { uploadId, attributes: { encryption } }: Upload,
  customerKey: CustomerKey | undefined,
): Promise<Unlocked | undefined> {
  checkCustomerKey(encryption, customerKey, { uploadId });
  return encryption && { encryption, keys: await keyring.open(encryption, customerKey) };
}

async function submitPart(
  { index }: EngineContext,
  { bucketId, key, uploadId }: Upload,
  part: Part,
  content: Content,
): Promise<void> {
  await index.submit({ type: 'put-part', bucketId, key, uploadId, ...part, content });
}

/** A part without bytes of its own has no label, so a manifest describes it. */
async function submitDescribed(
  context: EngineContext,
  { bucket, upload }: Pick<CopyPartRequest, 'bucket' | 'upload'>,
  { part, content, slices }: { part: Part; content: Content; slices: readonly NamedSlice[] },
): Promise<void> {
  const { bucketId, key, uploadId } = upload;
  await withManifest(context, { ...describePart(bucket, upload, part), slices }, (held) =>
    context.index.submit({ type: 'put-part', bucketId, key, uploadId, ...part, content, ...held }),
  );
}
