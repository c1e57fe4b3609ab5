/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html */

import type { ReplicaFacts } from '../../engine/replication/replica-facts.ts';
import type { Bucket, ObjectAttributes, Version } from '../../engine/types.ts';
import { objectAclInputs } from '../acls.ts';
import { typedChecksumMembers } from '../checksum-members.ts';
import { quoteEtag, writeConditions } from '../conditions.ts';
import { parseCopySource } from '../copy-source.ts';
import { encryptionFor, encryptionInputs } from '../encryption/new-encryption.ts';
import { writtenEncryption } from '../encryption/shown-encryption.ts';
import { S3Error } from '../errors.ts';
import { expirationHeader } from '../lifecycle/announcements.ts';
import { invalidRequest } from '../lifecycle/refusals.ts';
import type { InputOf, OutputOf } from '../model/types.ts';
import { checkObjectAddress, writtenVersionId } from '../object-address.ts';
import { attributeInputs, parseAttributes } from '../object-attributes.ts';
import { lockOfNewObject, objectLockInputs } from '../object-lock/new-objects.ts';
import { type Standing, standingOfNewObject } from '../object-ownership.ts';
import { type Answer, type OperationRequest, operation } from '../operation.ts';
import { checkCopySize, copySourceInputs, type OpenedSource, openCopySource } from '../read-copy-source.ts';
import { readReplica, setReplicaAttributes } from '../replication/replicas.ts';
import { shownTime } from '../times.ts';

type CopyInput = InputOf<'CopyObject'>;

export const copyObject = operation({
  name: 'CopyObject',
  supports: [
    ...copySourceInputs,
    ...attributeInputs,
    ...encryptionInputs,
    ...objectAclInputs,
    ...objectLockInputs,
    'AnnotationDirective',
    'ChecksumAlgorithm',
    'IfMatch',
    'IfNoneMatch',
    'MetadataDirective',
    'TaggingDirective',
  ],
  async run(request, input) {
    checkObjectAddress(input);
    const bucket = request.bucket();
    const replica = readReplica(request);
    if (replica !== undefined) return copyAttributes(request, input, replica);
    const standing = await standingOfNewObject(request, input);
    const lock = await lockOfNewObject(request, input);
    const conditions = writeConditions(input);
    const source = await openCopySource(request, input, 'OBJECT');
    checkCopySize(source.version.size);
    const encryption = await encryptionFor(request, input);
    refuseCopyWithoutChange(bucket, source.version, input);
    await authoriseTags(request, source, input);
    const copiesAnnotations = await takesAnnotations(request, source, input);
    const version = await request.engine.objects.copy({
      source: source.version,
      sourceKey: source.customerKey,
      encryption,
      bucket,
      key: input.Key,
      cause: request.cause(),
      copiesAnnotations,
      attributes: { ...attributesOfCopy(standing, source.version, input), ...lock },
      ...(input.ChecksumAlgorithm !== undefined && { checksumAlgorithm: input.ChecksumAlgorithm }),
      ...(conditions !== undefined && { conditions }),
    });
    if (request.notes !== undefined) request.notes.objectSize = version.size;
    return {
      output: {
        CopyObjectResult: {
          ETag: quoteEtag(version.etag),
          LastModified: shownTime(version.lastModifiedMs),
          ...typedChecksumMembers(version.checksum),
        },
        ...writtenEncryption(version.attributes.encryption, encryption),
        CopySourceVersionId: source.versionId,
        VersionId: writtenVersionId(version.versionId),
        ...(await expirationHeader(request.engine, bucket, version)),
      },
    };
  },
});

/** MinIO has a replica's tags set anew by a copy of it onto itself, which makes no new version there. */
async function copyAttributes(
  request: OperationRequest,
  input: CopyInput,
  replica: ReplicaFacts,
): Promise<Answer<OutputOf<'CopyObject'>>> {
  const bucket = request.bucket();
  const { versionId } = replica;
  const named = { key: input.Key, versionId };
  const source = parseCopySource(input.CopySource);
  if (source.bucket !== bucket.name || source.key !== named.key || source.versionId !== versionId) {
    throw invalidRequest('A replica is copied onto itself alone');
  }
  const { tags } = parseAttributes({ owner: bucket.owner }, input);
  await setReplicaAttributes(request, replica, { ...named, tags });
  const version = await request.engine.objects.find(bucket, input.Key, versionId);
  const { etag, lastModifiedMs } = version;
  return {
    output: {
      CopyObjectResult: { ETag: quoteEtag(etag), LastModified: shownTime(lastModifiedMs) },
      VersionId: versionId,
    },
  };
}

/** Tags that go over with the object are read and put like any. */
async function authoriseTags(
  request: OperationRequest,
  { bucket, version }: OpenedSource,
  input: CopyInput,
): Promise<void> {
  if (input.TaggingDirective === 'REPLACE' || version.attributes.tags.length === 0) return;
  const { key, versionId } = parseCopySource(input.CopySource);
  await request.authorise('GetObjectTagging', { key, versionId }, bucket);
  await request.authorise('PutObjectTagging', { key: input.Key, versionId: undefined });
}

/** Whether annotations go over with the object; where it has any, they are read and put like any. */
async function takesAnnotations(
  request: OperationRequest,
  { bucket, version }: OpenedSource,
  input: CopyInput,
): Promise<boolean> {
  if (input.AnnotationDirective === 'EXCLUDE') return false;
  const { annotations } = await request.engine.annotations.list(version, { prefix: '', after: '', limit: 1 });
  if (annotations.length === 0) return false;
  const { key, versionId } = parseCopySource(input.CopySource);
  await request.authorise('GetObjectAnnotation', { key, versionId }, bucket);
  await request.authorise('PutObjectAnnotation', { key: input.Key, versionId: undefined });
  return true;
}

/** What the directives leave of the source's attributes. Storage class and website redirect are never taken from it. */
function attributesOfCopy(standing: Standing, source: Version, input: CopyInput): ObjectAttributes {
  const given = parseAttributes(standing, input);
  const { websiteRedirectLocation: _ofSource, ...headers } = source.attributes.headers;
  const { websiteRedirectLocation } = given.headers;
  return {
    ...given,
    ...(input.MetadataDirective !== 'REPLACE' && {
      headers: { ...headers, ...(websiteRedirectLocation !== undefined && { websiteRedirectLocation }) },
      metadata: source.attributes.metadata,
    }),
    ...(input.TaggingDirective !== 'REPLACE' && { tags: source.attributes.tags }),
  };
}

/** Throws InvalidRequest for a copy of the current version onto itself that would leave everything as it is. */
function refuseCopyWithoutChange(bucket: Bucket, source: Version, input: CopyInput): void {
  const isOntoItself = source.bucketId === bucket.id && source.key === input.Key && source.isLatest;
  const changes =
    input.MetadataDirective === 'REPLACE' ||
    input.StorageClass !== undefined ||
    input.WebsiteRedirectLocation !== undefined ||
    encryptionInputs.some((member) => input[member] !== undefined) ||
    input.ChecksumAlgorithm !== undefined;
  if (!isOntoItself || changes) return;
  throw new S3Error('InvalidRequest', {
    message:
      "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.",
  });
}
