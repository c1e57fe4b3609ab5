/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html */
import type { PutRequest } from '../../engine/types.ts';
import { objectAclInputs } from '../acls.ts';
import { checksumInputs, typedChecksumMembers } from '../checksum-members.ts';
import { quoteEtag, writeConditions } from '../conditions.ts';
import { encryptionFor, encryptionInputs } from '../encryption/new-encryption.ts';
import { writtenEncryption } from '../encryption/shown-encryption.ts';
import { S3Error } from '../errors.ts';
import { expirationHeader, isKnownWithoutRules } from '../lifecycle/announcements.ts';
import type { InputOf, OutputOf } from '../model/types.ts';
import { checkObjectAddress, writtenVersionId } from '../object-address.ts';
import { attributeInputs, parseAttributes } from '../object-attributes.ts';
import { lockOfWrittenObject, objectLockInputs } from '../object-lock/new-objects.ts';
import { standingOfNewObject } from '../object-ownership.ts';
import { type Answer, type OperationRequest, operation } from '../operation.ts';
import {
  askMinioAgain,
  identityOf,
  isMinioVersionHere,
  readReplica,
  standingOfReplica,
} from '../replication/replicas.ts';

export const putObject = operation({
  name: 'PutObject',
  supports: [
    ...attributeInputs,
    ...encryptionInputs,
    ...checksumInputs,
    ...objectAclInputs,
    ...objectLockInputs,
    'IfMatch',
    'IfNoneMatch',
  ],
  run: (request, input) => writeObject(request, input, 'ObjectCreated:Put'),
});

/** Writes an object; `event` is what that is called in events. */
export async function writeObject(
  request: OperationRequest,
  input: InputOf<'PutObject'>,
  event: PutRequest['event'] & string,
): Promise<Answer<OutputOf<'PutObject'>>> {
  checkObjectAddress(input);
  const bucket = request.bucket();
  const replica = readReplica(request);
  const standing = await (replica ? standingOfReplica(request, replica) : standingOfNewObject(request, input));
  const attributes = { ...parseAttributes(standing, input), ...standing };
  // Of what is under a key of KMS the two servers have different ETags, so a MinIO sends all of it again to change its tags.
  const mayBeAgain = replica !== undefined && input.ServerSideEncryption === 'aws:kms';
  if (mayBeAgain && (await isMinioVersionHere(request, replica, { key: input.Key, tags: attributes.tags }))) {
    throw new S3Error('PreconditionFailed');
  }
  const lock = await lockOfWrittenObject(request, input);
  const conditions = writeConditions(input);
  const encryption = await encryptionFor(request, input);
  const version = await request.engine.objects.put({
    bucket,
    key: input.Key,
    attributes: { ...attributes, ...lock },
    source: request.body(),
    cause: request.cause(),
    event,
    encryption,
    ...(replica !== undefined && identityOf(replica)),
    ...(conditions !== undefined && { conditions }),
  });
  if (replica !== undefined) await askMinioAgain(request, replica, version);
  if (request.notes !== undefined) request.notes.objectSize = version.size;
  return {
    output: {
      ETag: quoteEtag(version.etag),
      ...writtenEncryption(version.attributes.encryption, encryption),
      ...typedChecksumMembers(version.checksum),
      VersionId: writtenVersionId(version.versionId),
      ...(!isKnownWithoutRules(bucket) && (await expirationHeader(request.engine, bucket, version))),
    },
  };
}
