/**
 * Requests by which MinIO replicates into a bucket. It names the version in the query, where S3 has no such parameter, when it
 * begins to write it; of an upload that is only when it is begun, so the id of the upload says it from then on.
 */
import { minioHeaders, readMinioTime } from '../../engine/replication/minio-facts.ts';
import type { ReplicaFacts } from '../../engine/replication/replica-facts.ts';
import { isUuid } from '../../engine/version-ids.ts';
import { invalidArgument, invalidRequest } from '../lifecycle/refusals.ts';
import type { OperationRequest } from '../operation.ts';

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
  return { versionId, ordinal: madeUs, lastModifiedMs: Math.floor(madeUs / 1000), changedMs };
}

function readTime(request: Asking, header: string): number | undefined {
  const text = request.header(header);
  if (text === undefined) return undefined;
  const us = readMinioTime(text);
  if (us === undefined || us <= 0)
    throw invalidArgument('The time of the replica is not well formed', { [header]: text });
  return us;
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
