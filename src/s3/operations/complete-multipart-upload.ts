/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html */
import { EngineError } from '../../engine/errors.ts';
import type { Upload } from '../../engine/types.ts';
import { checksumInputs, typedChecksumMembers } from '../checksum-members.ts';
import { checkChecksumType, checkWhole, parseListedParts } from '../completion.ts';
import { quoteEtag, writeConditions } from '../conditions.ts';
import { customerKeyInputs, readCustomerKey } from '../encryption/customer-keys.ts';
import { requireKeyToRead } from '../encryption/key-use.ts';
import { encryptionMembers } from '../encryption/shown-encryption.ts';
import { expirationHeader } from '../lifecycle/announcements.ts';
import type { InputOf } from '../model/types.ts';
import { checkUploadKey } from '../multipart.ts';
import { checkObjectAddress, writtenVersionId } from '../object-address.ts';
import { objectUrl } from '../object-url.ts';
import { type OperationRequest, operation } from '../operation.ts';
import { namedUpload } from '../replication/minio-replicas.ts';
import { askMinioAgain, identityOf, readReplica } from '../replication/replicas.ts';

const [, ...digestInputs] = checksumInputs;
/** 10,000 parts with a checksum or two each. */
const partsBytesMax = 10_000 * 1024;

export const completeMultipartUpload = operation({
  name: 'CompleteMultipartUpload',
  documentBytesMax: partsBytesMax,
  supports: [
    ...digestInputs,
    ...customerKeyInputs,
    'ChecksumType',
    'IfMatch',
    'IfNoneMatch',
    'MpuObjectSize',
    'MultipartUpload',
    'UploadId',
  ],
  async run(request, input) {
    checkObjectAddress(input);
    const bucket = request.bucket();
    const conditions = writeConditions(input);
    const replica = readReplica(request);
    const upload = await findUpload(request, input);
    const customerKey = readCustomerKey(input);
    if (upload !== undefined) checkUploadKey(upload, customerKey);
    checkChecksumType(upload, input.ChecksumType);
    requireKeyToRead(request, upload?.attributes.encryption);
    const version = await request.engine.uploads.complete({
      bucket,
      key: input.Key,
      uploadId: namedUpload(input.UploadId).uploadId,
      parts: parseListedParts(input.MultipartUpload?.Parts, upload),
      cause: request.cause(),
      verify: (whole) => checkWhole(input, whole),
      ...(replica !== undefined && identityOf(replica)),
      ...(conditions !== undefined && { conditions }),
    });
    if (replica !== undefined) await askMinioAgain(request, replica, version);
    if (request.notes !== undefined) request.notes.objectSize = version.size;
    return {
      output: {
        Location: objectUrl(request.origin, { bucketName: bucket.name, key: input.Key }),
        Bucket: bucket.name,
        Key: input.Key,
        ETag: quoteEtag(version.etag),
        ...encryptionMembers(version.attributes.encryption, customerKey),
        ...typedChecksumMembers(version.checksum),
        VersionId: writtenVersionId(version.versionId),
        ...(await expirationHeader(request.engine, bucket, version)),
      },
    };
  },
});

/** The upload; undefined if there is none any more. It may have been completed already, which the engine finds out. */
async function findUpload(
  { engine, bucket }: OperationRequest,
  { Key, UploadId }: InputOf<'CompleteMultipartUpload'>,
): Promise<Upload | undefined> {
  try {
    return await engine.uploads.get(bucket(), Key, namedUpload(UploadId).uploadId);
  } catch (error) {
    if (error instanceof EngineError && error.code === 'NoSuchUpload') return undefined;
    throw error;
  }
}
