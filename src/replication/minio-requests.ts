/** What a MinIO is asked of a replica that no other server is. */
import { hash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { minioHeaders } from '../engine/replication/minio-facts.ts';
import {
  type AttributePart,
  type AttributesThere,
  type Replica,
  ReplicationRefused,
} from '../engine/replication/types.ts';
import type { Tag } from '../engine/types.ts';
import { isUuid } from '../engine/version-ids.ts';
import type { AnswerXml } from './answer-xml.ts';
import { type Call, differingLock } from './lock-requests.ts';
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
  return (await headOf(call, query)) !== 'absent';
}

async function headOf(call: Call, query: Record<string, string>): Promise<AnswerXml | 'marker' | 'absent'> {
  try {
    return await call({ method: 'HEAD', query });
  } catch (error) {
    const cause = error instanceof ReplicationRefused ? error.cause : error;
    if (!(cause instanceof S3Failure)) throw error;
    if (cause.status === 404) return 'absent';
    // So S3 answers of a marker.
    if (cause.status === 405) return 'marker';
    throw error;
  }
}

/** How tags and lock of a version stand there. */
export async function lookAtMinio(
  call: Call,
  { version, versionId }: Replica,
  nowMs: number,
): Promise<AttributesThere | 'marker' | 'absent'> {
  const query = { versionId: minioIdOf(versionId) };
  const head = await headOf(call, query);
  if (head === 'absent' || head === 'marker') return head;
  const { lock, tags: own } = version.attributes;
  const hasTags = head.header('x-amz-tagging-count') !== undefined;
  const tags = hasTags ? tagsOf(await call({ method: 'GET', query: { tagging: '', ...query } })) : [];
  const differing = new Set<AttributePart>(differingLock(head, lock, nowMs));
  if (!isDeepStrictEqual(tags.toSorted(byKey), own.toSorted(byKey))) differing.add('tags');
  return { isOnItsWay: head.header(minioHeaders.status) === 'PENDING', tags, differing };
}

/** Undefined if the version is not there. */
export async function differingAtMinio(
  call: Call,
  replica: Replica,
  nowMs: number,
): Promise<AttributesThere['differing'] | undefined> {
  const there = await lookAtMinio(call, replica, nowMs);
  return typeof there === 'string' ? undefined : there.differing;
}

function tagsOf(answer: AnswerXml): readonly Tag[] {
  return answer.elements('Tag').map((tag) => ({ key: tag.textOf('Key') ?? '', value: tag.textOf('Value') ?? '' }));
}

function byKey(one: Tag, other: Tag): number {
  return one.key < other.key ? -1 : 1;
}
