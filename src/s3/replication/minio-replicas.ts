/**
 * Requests by which MinIO replicates into a bucket. It names the version in the query, where S3 has no such parameter, when it
 * begins to write it; of an upload that is only when it is begun, so the id of the upload says it from then on.
 */
import { minioHeaders, readMinioTime } from '../../engine/replication/minio-facts.ts';
import type { ReplicaFacts } from '../../engine/replication/replica-facts.ts';
import type { ObjectLock } from '../../engine/types.ts';
import { isUuid } from '../../engine/version-ids.ts';
import { invalidArgument, invalidRequest } from '../lifecycle/refusals.ts';
import { readIsoDate } from '../model/decode-scalars.ts';
import type { OperationRequest } from '../operation.ts';

const modeHeader = 'x-amz-object-lock-mode';
const dateHeader = 'x-amz-object-lock-retain-until-date';
const holdHeader = 'x-amz-object-lock-legal-hold';

type Asking = Pick<OperationRequest, 'header' | 'query' | 'nowMs'>;

/** Undefined for a request of anybody else. Throws InvalidArgument or InvalidRequest for what is no replica. */
export function readMinioReplica(request: Asking): ReplicaFacts | undefined {
  if (request.header(minioHeaders.isReplica) === undefined) return undefined;
  const versionId = request.query('versionId') ?? namedUpload(request.query('uploadId') ?? '').versionId;
  if (versionId === undefined || !isUuid(versionId)) {
    throw invalidRequest(
      'A replica needs a version id: versions that were made before versioning was enabled have none',
    );
  }
  const madeUs = readTime(request, minioHeaders.madeAt) ?? request.nowMs * 1000;
  const changedUs = readTime(request, minioHeaders.tagsChangedAt);
  // Tags that came with the version are as it was made.
  const changedMs = changedUs === undefined || changedUs === madeUs ? 0 : Math.floor(changedUs / 1000);
  const lastModifiedMs = Math.floor(madeUs / 1000);
  return { versionId, ordinal: madeUs, lastModifiedMs, changedMs, ...readLock(request, lastModifiedMs) };
}

/** What is said of the lock, of which each half was set when the version was made unless it says when. Of retention that was removed both headers are empty. */
function readLock(request: Asking, madeMs: number): Pick<ReplicaFacts, 'lock'> {
  const [mode, date, legalHold] = [modeHeader, dateHeader, holdHeader].map((name) => request.header(name));
  const setMs = (header: string) => {
    const us = readTime(request, header);
    return us === undefined ? madeMs : Math.floor(us / 1000);
  };
  const lock: ReplicaFacts['lock'] = {
    ...(mode !== undefined && { ...readRetention({ mode, date }), retentionSetMs: setMs(minioHeaders.retentionSetAt) }),
    ...(legalHold !== undefined && {
      legalHold: readLegalHold(legalHold),
      legalHoldSetMs: setMs(minioHeaders.legalHoldSetAt),
    }),
  };
  return mode === undefined && legalHold === undefined ? {} : { lock };
}

function readRetention({
  mode,
  date = '',
}: {
  mode: string;
  date?: string | undefined;
}): Pick<ObjectLock, 'retention'> {
  if (mode === '' && date === '') return {};
  const until = readIsoDate(date);
  if (mode !== 'GOVERNANCE' && mode !== 'COMPLIANCE') throw notWellFormed({ [modeHeader]: mode });
  if (until === undefined) throw notWellFormed({ [dateHeader]: date });
  return { retention: { mode, untilMs: until.getTime() } };
}

function readLegalHold(text: string): 'ON' | 'OFF' {
  if (text === 'ON' || text === 'OFF') return text;
  throw notWellFormed({ [holdHeader]: text });
}

function readTime(request: Asking, header: string): number | undefined {
  const text = request.header(header);
  if (text === undefined) return undefined;
  const us = readMinioTime(text);
  if (us === undefined || us <= 0) throw notWellFormed({ [header]: text });
  return us;
}

function notWellFormed(argument: Readonly<Record<string, string>>) {
  return invalidArgument('The replica is not well formed', argument);
}

/** Whether a request makes a delete marker of that id, which S3 never does. */
export function makesMarker(request: Asking): boolean {
  return request.header(minioHeaders.isDeleteMarker) === 'true';
}

/** What an upload is called by who began it for a replica of MinIO. */
export function nameUpload(request: Asking, uploadId: string): string {
  const replica = readMinioReplica(request);
  return replica === undefined ? uploadId : `${uploadId}.${replica.versionId}`;
}

/** The upload of a name, and the version that it becomes if it is for a replica of MinIO. */
export function namedUpload(name: string): { readonly uploadId: string; readonly versionId?: string } {
  const at = name.indexOf('.');
  return at < 0 ? { uploadId: name } : { uploadId: name.slice(0, at), versionId: name.slice(at + 1) };
}
