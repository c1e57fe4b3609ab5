/** Locks of replicas on servers that are not ours: by S3's own operations for them, and on a MinIO with the replica itself. */
import { hash } from 'node:crypto';
import { minioHeaders, writeMinioTime } from '../engine/replication/minio-facts.ts';
import type { AttributePart } from '../engine/replication/types.ts';
import type { ObjectLock } from '../engine/types.ts';
import type { AnswerXml } from './answer-xml.ts';
import type { S3Call } from './s3-client.ts';
import { S3Failure } from './s3-client.ts';

const namespace = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"';

/** Headers of a replica that is made. No server takes a retention that is over. */
export function lockHeaders(lock: ObjectLock | undefined, nowMs: number): Record<string, string> {
  const { retention, legalHold } = lock ?? {};
  return {
    ...(retention !== undefined &&
      retention.untilMs > nowMs && {
        'x-amz-object-lock-mode': retention.mode,
        'x-amz-object-lock-retain-until-date': new Date(retention.untilMs).toISOString(),
      }),
    ...(legalHold !== undefined && { 'x-amz-object-lock-legal-hold': legalHold }),
  };
}

/** The same of a replica on a MinIO, which takes a retention that is over, and is told when what it gets was set. */
export function minioLockHeaders(lock: ObjectLock | undefined): Record<string, string> {
  const { retentionSetMs, legalHoldSetMs } = lock ?? {};
  return {
    ...lockHeaders(lock, 0),
    ...(lock?.retention !== undefined && timeHeader(minioHeaders.retentionSetAt, retentionSetMs)),
    ...(lock?.legalHold !== undefined && timeHeader(minioHeaders.legalHoldSetAt, legalHoldSetMs)),
  };
}

/** Without a time, as what came of the bucket's default, it was set when the version was made. */
function timeHeader(name: string, ms: number | undefined): Record<string, string> {
  return ms === undefined || ms === 0 ? {} : { [name]: writeMinioTime(ms * 1000) };
}

/** Sends a request about a replica. */
export type Call = (request: Pick<S3Call, 'method' | 'query' | 'headers' | 'body'>) => Promise<AnswerXml>;

interface LockAsked {
  readonly versionId: string;
  readonly nowMs: number;
  /** What is set; without it all of the lock. */
  readonly differing?: ReadonlySet<AttributePart> | undefined;
}

/** Makes the lock of a replica that is there its source's. `call` sends a request about it. */
export async function setLock(call: Call, lock: ObjectLock, { versionId, nowMs, differing }: LockAsked): Promise<void> {
  const { retention, legalHold } = lock;
  if (legalHold !== undefined && (differing?.has('legalHold') ?? true)) {
    const body = `<LegalHold ${namespace}><Status>${legalHold}</Status></LegalHold>`;
    await call(documentOf({ body, query: { 'legal-hold': '', versionId } }));
  }
  if (!setsRetention(lock, nowMs) || !(differing?.has('retention') ?? true)) return;
  const elements =
    retention === undefined
      ? ''
      : `<Mode>${retention.mode}</Mode><RetainUntilDate>${new Date(retention.untilMs).toISOString()}</RetainUntilDate>`;
  const request = documentOf({
    body: `<Retention ${namespace}>${elements}</Retention>`,
    query: { retention: '', versionId },
  });
  try {
    await call(request);
  } catch (error) {
    // Mostly it is made longer, which everybody may do. Who shortened it at the source was allowed to.
    if (!isForbidden(error)) throw error;
    await call({ ...request, headers: { ...request.headers, 'x-amz-bypass-governance-retention': 'true' } });
  }
}

/** What came of the bucket's default there is as it is, and no server takes a retention that is over. */
function setsRetention({ retention, retentionSetMs }: ObjectLock, nowMs: number): boolean {
  return retentionSetMs !== undefined && (retention === undefined || retention.untilMs > nowMs);
}

/** What of a lock is to be set on a version, by the head of that. What is there already is not set again, which would make it newer than it is. */
export function differingLock(
  head: Pick<AnswerXml, 'header'>,
  lock: ObjectLock | undefined,
  nowMs: number,
): readonly ('retention' | 'legalHold')[] {
  if (lock === undefined) return [];
  const { retention, legalHold } = lock;
  const until = head.header('x-amz-object-lock-retain-until-date');
  const isRetained =
    head.header('x-amz-object-lock-mode') === retention?.mode &&
    (until === undefined ? undefined : Date.parse(until)) === retention?.untilMs;
  const isHeld = legalHold === undefined || head.header('x-amz-object-lock-legal-hold') === legalHold;
  return [
    ...(setsRetention(lock, nowMs) && !isRetained ? (['retention'] as const) : []),
    ...(isHeld ? [] : (['legalHold'] as const)),
  ];
}

function documentOf({ body, query }: { body: string; query: Record<string, string> }) {
  const headers = { 'content-type': 'application/xml', 'content-md5': hash('md5', body, 'base64') };
  return { method: 'PUT', query, headers, body };
}

function isForbidden(error: unknown): boolean {
  const code = codeOf(error);
  // MinIO calls it so.
  return code === 'AccessDenied' || code === 'InvalidRequest';
}

function codeOf(error: unknown): string | undefined {
  const cause = error instanceof Error && error.cause instanceof S3Failure ? error.cause : error;
  return cause instanceof S3Failure ? cause.code : undefined;
}
