/** What a MinIO is asked of a replica that no other server is. */
import { hash } from 'node:crypto';
import { minioHeaders } from '../engine/replication/minio-facts.ts';
import { type Replica, ReplicationRefused } from '../engine/replication/types.ts';
import { isUuid } from '../engine/version-ids.ts';
import type { Call } from './lock-requests.ts';
import { S3Failure } from './s3-client.ts';

/** MinIO's ids are UUIDs. Those of versions that have others follow from what they are. */
export function minioIdOf(versionId: string): string {
  if (isUuid(versionId)) return versionId;
  const hex = hash('sha256', versionId, 'hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-');
}

export async function putMinioMarker(call: Call, { version, versionId }: Replica): Promise<void> {
  const query = { versionId: minioIdOf(versionId) };
  if (await hasMarker(call, query)) return;
  await call({ method: 'DELETE', query, headers: { [minioHeaders.isDeleteMarker]: 'true' } });
  // One that was given up, by its time or by a kill, may have come after all, and the two have undone each other.
  if (!(await hasMarker(call, query))) throw new Error(`The marker of ${version.key} is not there`);
}

/** A MinIO that is told of a marker which it has takes that for its removal, so it is asked first. */
async function hasMarker(call: Call, query: Record<string, string>): Promise<boolean> {
  try {
    await call({ method: 'HEAD', query });
    return true;
  } catch (error) {
    const cause = error instanceof ReplicationRefused ? error.cause : error;
    if (!(cause instanceof S3Failure)) throw error;
    if (cause.status === 404) return false;
    // So S3 answers of a marker.
    if (cause.status === 405) return true;
    throw error;
  }
}
