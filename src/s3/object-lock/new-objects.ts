/** Locks that a request gives to the object it makes, and what it must carry to do so. */
import { knownObjectLock, readObjectLock } from '../../engine/locks/configuration.ts';
import { newLock } from '../../engine/locks/new-lock.ts';
import { minioHeaders } from '../../engine/replication/minio-facts.ts';
import { replicaHeader } from '../../engine/replication/replica-facts.ts';
import type { LegalHold, ObjectAttributes, Retention, RetentionMode, Upload } from '../../engine/types.ts';
import { checksumAlgorithms } from '../../lib/digests/algorithms.ts';
import { announcedAlgorithm } from '../checksum-members.ts';
import { S3Error } from '../errors.ts';
import { invalidArgument, invalidRequest } from '../lifecycle/refusals.ts';
import type { OperationRequest } from '../operation.ts';
import { isSignedByVersion4 } from '../signature-version.ts';

/** Members of object lock, for an operation's `supports`. */
export const objectLockInputs = ['ObjectLockMode', 'ObjectLockRetainUntilDate', 'ObjectLockLegalHoldStatus'] as const;

export interface ObjectLockInput {
  readonly ObjectLockMode?: RetentionMode | undefined;
  readonly ObjectLockRetainUntilDate?: Date | undefined;
  readonly ObjectLockLegalHoldStatus?: LegalHold | undefined;
}

const noLock = {};
const modeHeader = 'x-amz-object-lock-mode';
const dateHeader = 'x-amz-object-lock-retain-until-date';
const digestHeaders = ['content-md5', ...checksumAlgorithms.map((name) => `x-amz-checksum-${name.toLowerCase()}`)];

/**
 * What a request locks its object by; without a lock of its own the object may still get the retention that is its bucket's
 * default. Throws InvalidArgument and, for a bucket without object lock, InvalidRequest.
 */
export async function lockOfNewObject(
  request: OperationRequest,
  input: ObjectLockInput,
): Promise<Pick<ObjectAttributes, 'lock'>> {
  // A MinIO says of its replicas' locks when they were set, too (`replication/minio-replicas.ts`).
  if (request.header(minioHeaders.isReplica) !== undefined) return noLock;
  const lock = newLock(
    { retention: retentionOf(request, input), legalHold: input.ObjectLockLegalHoldStatus },
    request.nowMs,
  );
  if (lock === undefined) return {};
  if ((await readObjectLock(request.engine.buckets, request.bucket())) === undefined) {
    throw invalidRequest('Bucket is missing Object Lock Configuration');
  }
  return { lock };
}

/** The same for a request whose body is the object's: one that is to be locked comes with a digest. */
export async function lockOfWrittenObject(
  request: OperationRequest,
  input: ObjectLockInput,
): Promise<Pick<ObjectAttributes, 'lock'>> {
  const asksForLock = objectLockInputs.some((member) => input[member] !== undefined);
  if (!asksForLock && knownObjectLock(request.bucket()) === 'none') return noLock;
  const lock = await lockOfNewObject(request, input);
  await requireDigest(request, 'Put Object', lock);
  return lock;
}

function retentionOf(request: OperationRequest, input: ObjectLockInput): Retention | undefined {
  const { ObjectLockMode: mode, ObjectLockRetainUntilDate: date } = input;
  if (mode === undefined && date === undefined) return undefined;
  if (mode === undefined || date === undefined) {
    throw invalidArgument(`${dateHeader} and ${modeHeader} must both be supplied`, {
      [mode === undefined ? modeHeader : dateHeader]: '',
    });
  }
  if (date.getTime() <= request.nowMs) {
    throw notInFuture({ [dateHeader]: request.header(dateHeader) ?? date.toISOString() });
  }
  return { mode, untilMs: date.getTime() };
}

/** `argument` is what gave the date. */
export function notInFuture(argument: Readonly<Record<string, string>>): S3Error {
  return invalidArgument('The retain until date must be in the future!', argument);
}

/**
 * The bytes of what will be retained or held come with a digest, and with a signature of Version 4. `lock` is what the object, or the
 * upload that a part is of, is locked by. Throws InvalidRequest and InvalidArgument.
 */
export async function requireDigest(
  request: OperationRequest,
  what: 'Put Object' | 'Put Part',
  { lock }: Pick<Upload['attributes'], 'lock'>,
): Promise<void> {
  // What another server sends is what it has.
  if (request.header(replicaHeader) !== undefined || request.header(minioHeaders.isReplica) !== undefined) return;
  const isLocked =
    lock !== undefined ||
    (await readObjectLock(request.engine.buckets, request.bucket()))?.defaultRetention !== undefined;
  if (!isLocked) return;
  const hasDigest =
    digestHeaders.some((name) => request.header(name) !== undefined) ||
    announcedAlgorithm(request.header('x-amz-trailer')) !== undefined;
  if (!hasDigest) {
    throw invalidRequest(
      `Content-MD5 OR x-amz-checksum- HTTP header is required for ${what} requests with Object Lock parameters`,
    );
  }
  if (!isSignedByVersion4(request)) {
    throw new S3Error('InvalidArgument', {
      message: `${what} requests with Object Lock parameters require AWS Signature Version 4`,
      fields: { ArgumentName: 'Authorization' },
    });
  }
}
