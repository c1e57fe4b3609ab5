/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html */
import { EngineError } from '../../engine/errors.ts';
import { isVersionId } from '../../engine/version-ids.ts';
import type { FurtherLine } from '../access-log/request-notes.ts';
import { deleteConditions } from '../conditions.ts';
import { toS3Error } from '../engine-errors.ts';
import { S3Error } from '../errors.ts';
import type { InputOf, OutputOf } from '../model/types.ts';
import { checkObjectAddress } from '../object-address.ts';
import { type OperationRequest, operation } from '../operation.ts';

type ObjectIdentifier = InputOf<'DeleteObjects'>['Delete']['Objects'][number];
type DeletedElement = NonNullable<OutputOf<'DeleteObjects'>['Deleted']>[number];
type ErrorElement = NonNullable<OutputOf<'DeleteObjects'>['Errors']>[number];
type Outcome =
  | { readonly deleted: DeletedElement; readonly error?: never }
  | { readonly error: ErrorElement; readonly deleted?: never };

interface DeleteOptions {
  readonly bypassesGovernance: boolean;
}

const objectsMax = 1000;
/** A key of 1,024 characters that are all escaped, and what stands around it. */
const objectBytesMax = 8 * 1024;

export const deleteObjects = operation({
  name: 'DeleteObjects',
  documentBytesMax: objectsMax * objectBytesMax,
  supports: ['BypassGovernanceRetention', 'ChecksumAlgorithm', 'Delete'],
  async run(request, input) {
    const { Objects, Quiet = false } = input.Delete;
    const isKeyless = Objects.some(({ Key }) => Key === '');
    if (Objects.length === 0 || Objects.length > objectsMax || isKeyless) throw new S3Error('MalformedXML');
    // All at once, so that they share the batches of the commit log; the index takes them in this order.
    const options = { bypassesGovernance: input.BypassGovernanceRetention === true };
    const outcomes = await Promise.all(Objects.map((object) => deleteOne(request, object, options)));
    return {
      output: {
        Deleted: Quiet ? [] : outcomes.flatMap(({ deleted }) => deleted ?? []),
        Errors: outcomes.flatMap(({ error }) => error ?? []),
      },
    };
  },
});

/** Deletes one object. A refusal is an outcome of its own; a fault of ours fails the whole request. */
async function deleteOne(
  request: OperationRequest,
  object: ObjectIdentifier,
  options: DeleteOptions,
): Promise<Outcome> {
  const { Key, VersionId } = object;
  try {
    checkObjectAddress({ Key });
    // Of a list S3 says that there is no such version, also where the id has not the form of one.
    if (VersionId !== undefined && !isVersionId(VersionId)) throw new S3Error('NoSuchVersion');
    await request.authorise('DeleteObject', { key: Key, versionId: VersionId });
    const { size, ...rest } = await deleted(request, object, options);
    noteDeletion(request, object, { status: 204, objectSize: size });
    return { deleted: rest };
  } catch (error) {
    if (!(error instanceof EngineError || error instanceof S3Error)) throw error;
    const { code, message, status } = toS3Error(error);
    noteDeletion(request, object, { status, errorCode: code });
    return { error: { Key, VersionId, Code: code, Message: message } };
  }
}

/** Each has a line of its own in the access log, beside that of the request. */
function noteDeletion(
  request: OperationRequest,
  { Key, VersionId }: ObjectIdentifier,
  outcome: Pick<FurtherLine, 'status' | 'errorCode' | 'objectSize'>,
): void {
  const { notes } = request;
  const named = { bucket: request.bucket(), key: Key, versionId: VersionId };
  notes?.further.push({ operation: 'BATCH.DELETE.OBJECT', ...named, ...outcome });
}

async function deleted(
  request: OperationRequest,
  object: ObjectIdentifier,
  options: DeleteOptions,
): Promise<DeletedElement & { size: number | undefined }> {
  const { Key, VersionId } = object;
  const bucket = request.bucket();
  const conditions = deleteConditions({ etag: object.ETag, lastModified: object.LastModifiedTime, size: object.Size });
  const { deleteMarker, versionId, size } = await request.engine.objects.delete({
    bucket,
    key: Key,
    owner: bucket.owner,
    ...options,
    cause: request.cause(),
    ...(VersionId !== undefined && { versionId: VersionId }),
    ...(conditions !== undefined && { conditions }),
  });
  return {
    size,
    Key,
    VersionId,
    ...(deleteMarker && { DeleteMarker: true, DeleteMarkerVersionId: versionId }),
  };
}
