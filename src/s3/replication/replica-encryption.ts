/**
 * How replicas on this server are encrypted: those of objects under keys of KMS under the key that the rule names, those of what is
 * not encrypted as new objects of the destination are, all others as their source. KMS is asked as the role that replicates.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-config-for-kms-objects.html
 */
import { readBucketEncryption } from '../../engine/bucket-encryption.ts';
import { contextOfObject, givenContext } from '../../engine/encryption/contexts.ts';
import { type FailureReason, type Replica, ReplicationRefused } from '../../engine/replication/types.ts';
import type { Bucket, Buckets, NewEncryption, ObjectEncryption } from '../../engine/types.ts';
import type { Identity } from '../../iam/identity.ts';
import { KmsError, type KmsErrorCode } from '../../kms/errors.ts';
import type { ObjectKeyCaller, ObjectKeys } from '../../kms/object-keys.ts';
import type { Clock } from '../../lib/clock.ts';

export interface ReplicaEncryptionParts {
  readonly buckets: Pick<Buckets, 'getConfig'>;
  readonly objectKeys: ObjectKeys;
  /** Whether objects of a bucket that says nothing are encrypted. */
  readonly encryptsByDefault: boolean;
  readonly clock: Clock;
}

export interface ReplicaAsked {
  /** The role, as it replicates. */
  readonly identity: Identity;
  readonly replica: Replica;
  /** The destination, if it is on this server. */
  readonly bucket: Bucket | undefined;
}

type KmsEncryption = Extract<ObjectEncryption, { keyArn: string }>;

/**
 * Undefined where nothing is encrypted anew: the bytes are under a key of their client, or it is for another server to do. Throws
 * ReplicationRefused where the role may not use a key, nobody can, or the destination takes none under keys of clients.
 */
export async function encryptionOfReplica(
  parts: ReplicaEncryptionParts,
  asked: ReplicaAsked,
): Promise<NewEncryption | undefined> {
  const { encryption } = asked.replica.version.attributes;
  if (encryption === undefined) return byDefault(parts, asked);
  if (encryption.kind === 'SSE-S3') return { kind: 'SSE-S3' };
  if (encryption.kind !== 'SSE-C') return underReplicaKey(parts, asked, encryption);
  await refuseBlocked(parts, asked.bucket);
  return undefined;
}

async function refuseBlocked({ buckets }: ReplicaEncryptionParts, bucket: Bucket | undefined): Promise<void> {
  if (bucket === undefined) return;
  const { blocked } = await readBucketEncryption(buckets, bucket);
  if (blocked?.includes('SSE-C') !== true) return;
  throw new ReplicationRefused(`Bucket ${bucket.name} blocks objects under keys of clients (SSE-C)`, {
    reason: 'DstPutObjectNotPermitted',
  });
}

async function underReplicaKey(
  { objectKeys, clock }: ReplicaEncryptionParts,
  { identity, replica, bucket }: ReplicaAsked,
  { kind, keyArn: sourceKey, context: sourceContext, bucketKey }: KmsEncryption,
): Promise<NewEncryption | undefined> {
  const reading = callerOfKeys(identity, { context: sourceContext, nowMs: clock.nowMs() });
  await refusing(sourceReasons, async () => objectKeys.requireReading(reading, sourceKey));
  if (bucket === undefined) return undefined;
  const { version, rule } = replica;
  const { replicaKey } = rule.destination;
  if (replicaKey === undefined) throw new Error('a rule that selects objects under keys of KMS names one for replicas');
  const given = givenContext(sourceContext);
  const context = contextOfObject({ bucket: bucket.name, key: version.key }, { given, sharesKey: bucketKey === true });
  const caller = callerOfKeys(identity, { context, nowMs: clock.nowMs() });
  const keyArn = await refusing(replicaReasons, () => objectKeys.forReplica(caller, replicaKey));
  return { kind, keyArn, context, ...(bucketKey && { bucketKey }) };
}

async function byDefault(
  { buckets, objectKeys, encryptsByDefault, clock }: ReplicaEncryptionParts,
  { identity, replica: { version }, bucket }: ReplicaAsked,
): Promise<NewEncryption | undefined> {
  if (bucket === undefined || version.isDeleteMarker) return undefined;
  const { algorithm = encryptsByDefault ? 'AES256' : undefined, ...said } = await readBucketEncryption(buckets, bucket);
  if (algorithm === undefined) return undefined;
  if (algorithm === 'AES256') return { kind: 'SSE-S3' };
  const isShared = algorithm === 'aws:kms' && said.bucketKey === true;
  const context = contextOfObject({ bucket: bucket.name, key: version.key }, { given: {}, sharesKey: isShared });
  const caller = callerOfKeys(identity, { context, nowMs: clock.nowMs() });
  const keyArn = await refusing(replicaReasons, () => objectKeys.forNewObject(caller, said.kmsKey));
  return {
    kind: algorithm === 'aws:kms' ? 'SSE-KMS' : 'DSSE-KMS',
    ...{ keyArn, context },
    ...(isShared && { bucketKey: true }),
  };
}

/** No request asks: it is as if the server asked itself. */
function callerOfKeys(
  identity: Identity,
  { context, nowMs }: Pick<ObjectKeyCaller, 'context'> & { nowMs: number },
): ObjectKeyCaller {
  return { identity, context, source: { ip: undefined, userAgent: undefined, isSecure: true, nowMs } };
}

type Reasons = Partial<Record<KmsErrorCode, FailureReason>> & { readonly AccessDeniedException: FailureReason };

const sourceReasons: Reasons = {
  AccessDeniedException: 'SrcGetObjectNotPermitted',
  DisabledException: 'SrcKmsKeyInvalidState',
  KMSInvalidStateException: 'SrcKmsKeyInvalidState',
  NotFoundException: 'SrcKmsKeyInvalidState',
};
const replicaReasons: Reasons = {
  AccessDeniedException: 'DstPutObjectNotPermitted',
  DisabledException: 'DstKmsKeyInvalidState',
  KMSInvalidStateException: 'DstKmsKeyInvalidState',
  NotFoundException: 'DstKmsKeyNotFound',
};

/** What KMS refuses it will refuse again. */
async function refusing<T>(reasons: Reasons, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof KmsError)) throw error;
    const reason = reasons[error.code];
    throw new ReplicationRefused(error.message, { cause: error, ...(reason !== undefined && { reason }) });
  }
}
