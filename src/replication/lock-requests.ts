/** Locks of replicas on servers that have nothing but S3's own operations for them. */
import { hash } from 'node:crypto';
import type { ObjectLock } from '../engine/types.ts';
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

/** Makes the lock of a replica that is there its source's. `call` sends a request about it. */
export async function setLock(
  call: (request: Pick<S3Call, 'method' | 'query' | 'headers' | 'body'>) => Promise<unknown>,
  lock: ObjectLock,
  { versionId, nowMs }: { versionId: string; nowMs: number },
): Promise<void> {
  const { retention, retentionSetMs, legalHold } = lock;
  if (legalHold !== undefined) {
    const body = `<LegalHold ${namespace}><Status>${legalHold}</Status></LegalHold>`;
    await call(documentOf({ body, query: { 'legal-hold': '', versionId } }));
  }
  const isOver = retention !== undefined && retention.untilMs <= nowMs;
  if (retentionSetMs === undefined || isOver) return;
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

function documentOf({ body, query }: { body: string; query: Record<string, string> }) {
  const headers = { 'content-type': 'application/xml', 'content-md5': hash('md5', body, 'base64') };
  return { method: 'PUT', query, headers, body };
}

function isForbidden(error: unknown): boolean {
  const cause = error instanceof Error && error.cause instanceof S3Failure ? error.cause : error;
  return cause instanceof S3Failure && cause.code === 'AccessDenied';
}
