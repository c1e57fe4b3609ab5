/**
 * Replicas on another server, by S3's own operations. To another Ninefold each request carries what the replica has from its
 * source; on any other server a replica is an object like any, with version id and time of its own.
 */
import { hash } from 'node:crypto';
import { shownContext } from '../engine/encryption/contexts.ts';
import { hasOpaqueEtag } from '../engine/encryption/keyring.ts';
import { minioHeaders, minioKey, writeMinioTime } from '../engine/replication/minio-facts.ts';
import { encodeFacts, encodeReplicaFacts, replicaHeader } from '../engine/replication/replica-facts.ts';
import {
  type AttributePart,
  type FailureReason,
  type PartThere,
  type Replica,
  type ReplicaTarget,
  ReplicationRefused,
} from '../engine/replication/types.ts';
import type { Checksum, Part, Version } from '../engine/types.ts';
import { newVersionId, nullVersionId } from '../engine/version-ids.ts';
import type { Clock } from '../lib/clock.ts';
import { writeHeaderText, writeMetadataText } from '../lib/header-text.ts';
import type { AnswerXml } from './answer-xml.ts';
import { type Call, lockHeaders, minioLockHeaders, setLock } from './lock-requests.ts';
import { differingAtMinio, lookAtMinio, minioIdOf, putMinioMarker } from './minio-requests.ts';
import { encode } from './places.ts';
import { type S3Call, type S3Client, S3Failure } from './s3-client.ts';

export interface S3TargetOptions {
  readonly client: S3Client;
  /** As it is called there. */
  readonly bucket: string;
  /** What the server is, as far as that matters to it. */
  readonly server: 'ninefold' | 'minio' | 'any';
  readonly clock: Clock;
}

/** Refusals that another attempt may not meet. */
const passing = new Set([
  ...['RequestTimeout', 'OperationAborted', 'ConditionalRequestConflict', 'InternalError'],
  ...['BadDigest', 'IncompleteBody', 'XAmzContentSHA256Mismatch', 'NoSuchUpload'],
]);
/** What is to be changed is not there. */
const absent = new Set(['NoSuchVersion', 'NoSuchKey']);
const passingStatuses = new Set([408, 409, 425]);
/** What servers say of a bucket without object lock. */
const lockMissing = /missing Object ?Lock ?Configuration/i;
const md5Form = /^[0-9a-f]{32}$/;
/** What every object has unless its client says otherwise, and not every server knows. MinIO must have it: it would make one itself with the first change of tags, and another ETag with it. */
const usualAlgorithm = 'CRC64NVME';
const usualClass = 'STANDARD';

export function s3Target(options: S3TargetOptions): ReplicaTarget {
  const { server, clock } = options;
  const call = (replica: Replica, more: Omit<S3Call, 'bucket' | 'key'>) => send(options, replica, more);
  return {
    ordersByArrival: server === 'any',
    async putWhole(replica, { start, end, read }) {
      const { version } = replica;
      const headers = {
        ...headersOf(options, replica),
        ...md5Header(version, version.etag),
        ...digestHeader(options, version, version.checksum),
      };
      const query = versionQuery(options, replica);
      await unlessThere(server, call(replica, { method: 'PUT', query, headers, body: { length: end - start, read } }));
    },
    async beginUpload(replica) {
      const checksum = shownChecksum(options, replica.version, replica.version.checksum);
      const headers = {
        ...headersOf(options, replica),
        ...(checksum !== undefined && {
          'x-amz-checksum-algorithm': checksum.algorithm,
          'x-amz-checksum-type': checksum.type,
        }),
      };
      const query = { uploads: '', ...versionQuery(options, replica) };
      const answer = await unlessThere(server, call(replica, { method: 'POST', query, headers }));
      if (answer === undefined) return undefined;
      const uploadId = answer.textOf('UploadId');
      if (uploadId === undefined) throw new Error('an upload was begun without an id');
      return uploadId;
    },
    partsOf: (replica, uploadId) => listParts(call, replica, uploadId),
    async putPart(replica, { uploadId, part, bytes: { start, end, read } }) {
      const headers = partHeaders(options, replica.version, part);
      const query = { partNumber: String(part.partNumber), uploadId };
      const answer = await call(replica, { method: 'PUT', query, headers, body: { length: end - start, read } });
      return answer.etag ?? part.etag;
    },
    async completeUpload(replica, { uploadId, parts }) {
      const checksum = shownChecksum(options, replica.version, replica.version.checksum);
      const body = completion(parts, checksum);
      const headers = { 'content-type': 'application/xml' };
      const completing = call(replica, { method: 'POST', query: { uploadId }, headers, body });
      return unlessNoUpload(unlessThere(server, completing));
    },
    async abortUpload({ key, versionId, atMs }, uploadId) {
      const told = versionId === nullVersionId ? newVersionId(atMs) : versionId;
      const facts = { versionId: told, ordinal: atMs * 1000, lastModifiedMs: atMs, changedMs: 0 };
      const headers: Record<string, string> = server === 'ninefold' ? { [replicaHeader]: encodeFacts(facts) } : {};
      const { client, bucket } = options;
      await unlessNoUpload(client.call({ method: 'DELETE', bucket, key, query: { uploadId }, headers }));
    },
    async putMarker(replica) {
      if (server === 'minio') return putMinioMarker((request) => call(replica, request), replica);
      await call(replica, { method: 'DELETE' });
    },
    setAttributes: (replica, differing) => setAttributes(options, call, { replica, differing }),
    ...(server === 'minio' && {
      look: (replica) => lookAtMinio((request) => call(replica, request), replica, clock.nowMs()),
    }),
  };
}

type CallAbout = (replica: Replica, more: Omit<S3Call, 'bucket' | 'key'>) => Promise<AnswerXml>;

async function setAttributes(
  options: S3TargetOptions,
  call: CallAbout,
  { replica, differing }: { replica: Replica; differing: ReadonlySet<AttributePart> | undefined },
): Promise<boolean> {
  const { server, clock } = options;
  const versionId = await idThere(options, replica);
  const setsTags = differing?.has('tags') ?? true;
  if (versionId === undefined || (setsTags && !(await setTags(call, replica, versionId)))) return false;
  const { lock } = replica.version.attributes;
  if (lock === undefined || server === 'ninefold') return true;
  const ask: Call = (request) => call(replica, request);
  const nowMs = clock.nowMs();
  const known = differing ?? (server === 'minio' ? await differingAtMinio(ask, replica, nowMs) : undefined);
  await setLock(ask, lock, { versionId, nowMs, differing: known });
  return true;
}

/** Throws ReplicationRefused for what another attempt would meet as well. */
async function send(
  { client, bucket, server }: S3TargetOptions,
  replica: Replica,
  call: Omit<S3Call, 'bucket' | 'key'>,
): Promise<AnswerXml> {
  const facts = factsFor(server, replica);
  try {
    return await client.call({ ...call, bucket, key: replica.version.key, headers: { ...call.headers, ...facts } });
  } catch (error) {
    if (!(error instanceof S3Failure) || isPassing(error)) throw error;
    const reason = reasonOf(error, call.method);
    throw new ReplicationRefused(error.message, { cause: error, ...(reason !== undefined && { reason }) });
  }
}

/** By AWS's name, if it has one. */
function reasonOf({ status, code, message }: S3Failure, method: string): FailureReason | undefined {
  if (code === 'NoSuchBucket') return 'DstBucketNotFound';
  if (code === 'InvalidRequest' && lockMissing.test(message)) return 'DstBucketObjectLockConfigMissing';
  if (status !== 403) return undefined;
  return method === 'DELETE' ? 'DstDelObjNotPermitted' : 'DstPutObjectNotPermitted';
}

/** What the other server is told of a replica beside what every object has. */
function factsFor(server: S3TargetOptions['server'], replica: Replica): Record<string, string> {
  if (server === 'ninefold') return { [replicaHeader]: encodeReplicaFacts(replica) };
  if (server === 'any') return {};
  const { version, ordinal } = replica;
  const { changedMs, tags } = version.attributes;
  return {
    [minioHeaders.isReplica]: 'true',
    // It would ask others for what it has not, and the source among them.
    [minioHeaders.asksOthers]: 'false',
    [minioHeaders.status]: 'REPLICA',
    [minioHeaders.madeAt]: writeMinioTime(ordinal),
    ...(!version.isDeleteMarker && { [minioHeaders.etag]: version.etag }),
    ...((tags.length > 0 || changedMs !== undefined) && {
      [minioHeaders.tagsChangedAt]: writeMinioTime(changedMs === undefined ? ordinal : changedMs * 1000),
    }),
  };
}

/** MinIO is told in the query what a version that is made is called. */
function versionQuery({ server }: S3TargetOptions, replica: Replica): Record<string, string> {
  return server === 'minio' ? { versionId: minioIdOf(replica.versionId) } : {};
}

function isPassing({ status, code }: S3Failure): boolean {
  return status < 400 || passingStatuses.has(status) || passing.has(code) || absent.has(code);
}

function headersOf({ server, clock }: S3TargetOptions, replica: Replica): Record<string, string> {
  const { headers, metadata, tags, storageClass, lock } = replica.version.attributes;
  const system = {
    'content-type': headers.contentType,
    'cache-control': headers.cacheControl,
    'content-disposition': headers.contentDisposition,
    'content-encoding': headers.contentEncoding,
    'content-language': headers.contentLanguage,
    expires: headers.expires,
    'x-amz-website-redirect-location': headers.websiteRedirectLocation,
    ...encryptionHeaders(server, replica),
    'x-amz-storage-class': storageClass === usualClass ? undefined : storageClass,
    'x-amz-tagging':
      tags.length === 0 ? undefined : tags.map(({ key, value }) => `${encode(key)}=${encode(value)}`).join('&'),
  };
  return {
    ...Object.fromEntries(
      Object.entries(system).flatMap(([name, value]) => (value === undefined ? [] : [[name, writeHeaderText(value)]])),
    ),
    ...Object.fromEntries(
      Object.entries(metadata).map(([name, value]) => [`x-amz-meta-${name}`, writeMetadataText(value)]),
    ),
    ...(server === 'any' && lockHeaders(lock, clock.nowMs())),
    ...(server === 'minio' && minioLockHeaders(lock)),
  };
}

/** A server that cannot encrypt so refuses it: a replica is never less guarded than its source. Throws ReplicationRefused. */
function encryptionHeaders(
  server: S3TargetOptions['server'],
  { version, rule }: Replica,
): Record<string, string | undefined> {
  const { encryption } = version.attributes;
  if (encryption === undefined) return {};
  if (encryption.kind === 'SSE-S3') return { 'x-amz-server-side-encryption': 'AES256' };
  if (encryption.kind === 'SSE-C') {
    throw new ReplicationRefused(
      `${version.key} is under a key of its client, so another server cannot be sent its text`,
    );
  }
  const { kind, context, bucketKey } = encryption;
  const { replicaKey } = rule.destination;
  const keyThere = server === 'minio' && replicaKey !== undefined ? minioKey(replicaKey) : replicaKey;
  return {
    'x-amz-server-side-encryption': kind === 'SSE-KMS' ? 'aws:kms' : 'aws:kms:dsse',
    'x-amz-server-side-encryption-aws-kms-key-id': keyThere,
    'x-amz-server-side-encryption-bucket-key-enabled': bucketKey ? 'true' : undefined,
    'x-amz-server-side-encryption-context': shownContext(context),
  };
}

function md5Header({ attributes }: Version, etag: string): Record<string, string> {
  return md5Form.test(etag) && !hasOpaqueEtag(attributes.encryption)
    ? { 'content-md5': Buffer.from(etag, 'hex').toString('base64') }
    : {};
}

/** A checksum that the other server is told of: always, where no ETag is an MD5 that it could check the bytes by. */
function shownChecksum(
  { server }: S3TargetOptions,
  { attributes }: Version,
  checksum: Checksum | undefined,
): Checksum | undefined {
  const isKnownAnyhow = server === 'any' && !hasOpaqueEtag(attributes.encryption);
  return isKnownAnyhow && checksum?.algorithm === usualAlgorithm ? undefined : checksum;
}

function digestHeader(
  options: S3TargetOptions,
  version: Version,
  checksum: Checksum | undefined,
): Record<string, string> {
  const shown = shownChecksum(options, version, checksum);
  return shown === undefined ? {} : { [`x-amz-checksum-${shown.algorithm.toLowerCase()}`]: shown.value };
}

function partHeaders(options: S3TargetOptions, version: Version, { etag, checksum }: Part): Record<string, string> {
  const isShown = shownChecksum(options, version, version.checksum) !== undefined;
  return { ...md5Header(version, etag), ...(isShown && digestHeader(options, version, checksum)) };
}

function completion(parts: readonly Part[], whole: Checksum | undefined): string {
  const elements = parts.map(({ partNumber, etag, checksum }) => {
    const name = `Checksum${checksum?.algorithm}`;
    const digest = whole === undefined || checksum === undefined ? '' : `<${name}>${checksum.value}</${name}>`;
    return `<Part><PartNumber>${partNumber}</PartNumber><ETag>"${etag}"</ETag>${digest}</Part>`;
  });
  const namespace = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"';
  return `<CompleteMultipartUpload ${namespace}>${elements.join('')}</CompleteMultipartUpload>`;
}

/** MinIO refuses a version that it has already, with these bytes: then nothing is left to be done. */
async function unlessThere(
  server: S3TargetOptions['server'],
  work: Promise<AnswerXml>,
): Promise<AnswerXml | undefined> {
  try {
    return await work;
  } catch (error) {
    const cause = error instanceof ReplicationRefused ? error.cause : undefined;
    if (server === 'minio' && cause instanceof S3Failure && cause.code === 'PreconditionFailed') return undefined;
    throw error;
  }
}

async function unlessNoUpload(work: Promise<unknown>): Promise<boolean> {
  try {
    await work;
    return true;
  } catch (error) {
    if (error instanceof S3Failure && error.code === 'NoSuchUpload') return false;
    throw error;
  }
}

async function listParts(
  call: CallAbout,
  replica: Replica,
  uploadId: string,
): Promise<ReadonlyMap<number, PartThere> | undefined> {
  const parts = new Map<number, PartThere>();
  for (let marker: string | undefined = '0'; marker !== undefined; ) {
    let page: AnswerXml;
    try {
      page = await call(replica, { method: 'GET', query: { uploadId, 'part-number-marker': marker } });
    } catch (error) {
      if (error instanceof S3Failure && error.code === 'NoSuchUpload') return undefined;
      throw error;
    }
    for (const part of page.elements('Part')) {
      const etag = part.textOf('ETag')?.replaceAll('"', '') ?? '';
      parts.set(Number(part.textOf('PartNumber')), { etag, size: Number(part.textOf('Size')) });
    }
    marker = page.textOf('IsTruncated') === 'true' ? page.textOf('NextPartNumberMarker') : undefined;
  }
  return parts;
}

/**
 * What the replica is called there. A MinIO is told of changed tags and locks by S3's own operations: the copy of a version onto itself,
 * by which one MinIO tells another, gives objects of parts and encrypted ones another ETag, and makes a replica of what is its own.
 */
async function idThere(options: S3TargetOptions, replica: Replica): Promise<string | undefined> {
  if (options.server === 'any') return findVersion(options, replica);
  return options.server === 'minio' ? minioIdOf(replica.versionId) : replica.versionId;
}

/** On a server that gives versions ids of its own: the newest version with these bytes. */
async function findVersion({ client, bucket }: S3TargetOptions, { version }: Replica): Promise<string | undefined> {
  const { key, etag, size } = version;
  const page = await client.call({ method: 'GET', bucket, query: { versions: '', prefix: key } });
  const ofKey = page.elements('Version').filter((one) => one.textOf('Key') === key);
  if (!hasOpaqueEtag(version.attributes.encryption)) {
    return ofKey.find((one) => one.textOf('ETag') === `"${etag}"`)?.textOf('VersionId');
  }
  for (const one of ofKey) {
    const versionId = one.textOf('VersionId') ?? '';
    if (Number(one.textOf('Size')) === size && (await hasChecksum({ client, bucket }, version, versionId)))
      return versionId;
  }
  return undefined;
}

/** By which bytes are known again whose ETag says nothing of them. */
async function hasChecksum(
  { client, bucket }: Pick<S3TargetOptions, 'client' | 'bucket'>,
  { key, checksum }: Version,
  versionId: string,
): Promise<boolean> {
  if (checksum === undefined) return false;
  const headers = { 'x-amz-object-attributes': 'Checksum' };
  const answer = await client.call({ method: 'GET', bucket, key, query: { attributes: '', versionId }, headers });
  // Of one of parts S3 tells their number in other places only.
  return answer.textOf(`Checksum${checksum.algorithm}`)?.split('-')[0] === checksum.value.split('-')[0];
}

async function setTags(call: CallAbout, replica: Replica, versionId: string): Promise<boolean> {
  const tags = replica.version.attributes.tags.map(
    ({ key, value }) => `<Tag><Key>${escaped(key)}</Key><Value>${escaped(value)}</Value></Tag>`,
  );
  const namespace = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"';
  const body = `<Tagging ${namespace}><TagSet>${tags.join('')}</TagSet></Tagging>`;
  const headers = { 'content-type': 'application/xml', 'content-md5': hash('md5', body, 'base64') };
  return unlessAbsent(call(replica, { method: 'PUT', query: { tagging: '', versionId }, headers, body }));
}

/** False if what is to be changed is not there. */
async function unlessAbsent(work: Promise<unknown>): Promise<boolean> {
  try {
    await work;
    return true;
  } catch (error) {
    if (error instanceof S3Failure && absent.has(error.code)) return false;
    throw error;
  }
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
