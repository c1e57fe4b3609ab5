/** Locks of replicas on servers that are not ours: by S3's own operations for them, and on a MinIO with the replica itself. */
import { hash } from 'node:crypto';
import { minioHeaders, writeMinioTime } from '../engine/replication/minio-facts.ts';
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
  /** Whether what is there already is not set again, where that would make it newer than it is. */
  readonly keepsEqual: boolean;
}

/** Makes the lock of a replica that is there its source's. `call` sends a request about it. */
export async function setLock(
  call: Call,
  lock: ObjectLock,
  { versionId, nowMs, keepsEqual }: LockAsked,
): Promise<void> {
  const { retention, retentionSetMs, legalHold } = lock;
  if (legalHold !== undefined && !(keepsEqual && (await holdOf(call, versionId)) === legalHold)) {
    const body = `<LegalHold ${namespace}><Status>${legalHold}</Status></LegalHold>`;
    await call(documentOf({ body, query: { 'legal-hold': '', versionId } }));
  }
  const isOver = retention !== undefined && retention.untilMs <= nowMs;
  if (retentionSetMs === undefined || isOver) return;
  if (keepsEqual && isSame(await retentionOf(call, versionId), retention)) return;
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

async function holdOf(call: Call, versionId: string): Promise<string | undefined> {
  const answer = await unlessUnlocked(call({ method: 'GET', query: { 'legal-hold': '', versionId } }));
  return answer?.textOf('Status');
}

async function retentionOf(call: Call, versionId: string): Promise<{ mode: string; untilMs: number } | undefined> {
  const answer = await unlessUnlocked(call({ method: 'GET', query: { retention: '', versionId } }));
  const [mode, date] = [answer?.textOf('Mode'), answer?.textOf('RetainUntilDate')];
  return mode === undefined || date === undefined ? undefined : { mode, untilMs: Date.parse(date) };
}

function isSame(one: { mode: string; untilMs: number } | undefined, other: typeof one): boolean {
  return one?.mode === other?.mode && one?.untilMs === other?.untilMs;
}

/** Undefined where there is no such lock. */
async function unlessUnlocked(work: Promise<AnswerXml>): Promise<AnswerXml | undefined> {
  try {
    return await work;
  } catch (error) {
    if (codeOf(error) === 'NoSuchObjectLockConfiguration') return undefined;
    throw error;
  }
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
