import type { DeleteConditions, SeenVersion } from '../meta/commands.ts';
import type { Bucket, EventCause } from '../meta/records.ts';
import type { EngineContext } from './context.ts';
import { noticing } from './events/notices.ts';
import { withManifest } from './manifests.ts';
import { onCurrentBucket } from './refusals.ts';
import { routingBack } from './replication/agreement.ts';
import { routing } from './replication/routing.ts';
import type { Tellers } from './replication/types.ts';
import type { DeleteResult } from './types.ts';
import type { ReplicaIdentity } from './version-ids.ts';

export interface DeleteRequest {
  readonly bucket: Bucket;
  readonly key: string;
  readonly versionId?: string;
  readonly owner: string;
  readonly conditions?: DeleteConditions;
  readonly seen?: SeenVersion;
  /** Whether a version goes that is retained in governance mode. */
  readonly bypassesGovernance?: boolean;
  readonly cause?: EventCause | undefined;
  /** Of the marker that is made. */
  readonly replica?: ReplicaIdentity;
  /** Who may have told of it. */
  readonly tellers?: Tellers;
}

/** What a removal is called in events: one that a rule asked for, by `seen`, has a name of its own. */
function nameOf(what: 'Delete' | 'DeleteMarkerCreated', { seen }: DeleteRequest): string {
  return `${seen === undefined ? 'ObjectRemoved' : 'LifecycleExpiration'}:${what}`;
}

/** Removes the version named, or without a name does what the bucket's versioning state asks for. */
export async function deleteObject(context: EngineContext, request: DeleteRequest): Promise<DeleteResult> {
  const { versionId } = request;
  return versionId === undefined ? deleteCurrent(context, request) : deleteVersion(context, request, versionId);
}

async function deleteCurrent(context: EngineContext, request: DeleteRequest): Promise<DeleteResult> {
  const { bucket, key, owner, conditions, seen, replica, tellers } = request;
  const noticeOf = await noticing(context, bucket, request.cause);
  // Markers that a rule makes here are made by the rules of the destination there.
  const routeOf = await routing(
    context,
    bucket,
    seen === undefined && replica === undefined ? request.cause : undefined,
  );
  const lookOf = await routingBack(context, bucket, tellers);
  return onCurrentBucket(context, bucket, async (current) => {
    const { versionId, ordinal } = replica ?? context.ids.issue(current);
    const lastModifiedMs = replica?.lastModifiedMs ?? context.clock.nowMs();
    const event = nameOf(current.versioning === 'Unversioned' ? 'Delete' : 'DeleteMarkerCreated', request);
    const command = {
      ...({ type: 'delete-current', bucketId: current.id, key, markerId: versionId, ordinal } as const),
      ...{ owner, lastModifiedMs },
      ...(conditions !== undefined && { conditions }),
      ...(seen !== undefined && { seen }),
      ...noticeOf(event, key),
      ...routeOf({ key, tags: [], kind: 'marker' }),
      ...(replica !== undefined && { isReplica: true as const, ...lookOf(key) }),
    };
    const marker = {
      v: 1,
      kind: 'marker',
      bucket: current.name,
      key,
      versionId,
      ordinal,
      owner,
      lastModifiedMs,
    } as const;
    const { markerId, size } =
      current.versioning === 'Unversioned'
        ? await context.index.submit(command)
        : await withManifest(context, marker, (held) => context.index.submit({ ...command, ...held }));
    const removed = size === undefined ? {} : { size };
    if (markerId === undefined) return { deleteMarker: false, ...removed };
    return { deleteMarker: true, versionId: markerId, ...removed };
  });
}

async function deleteVersion(context: EngineContext, request: DeleteRequest, versionId: string): Promise<DeleteResult> {
  const { bucket, key, conditions, seen, bypassesGovernance } = request;
  const noticeOf = await noticing(context, bucket, request.cause);
  const { wasDeleteMarker, size } = await context.index.submit({
    type: 'delete-version',
    bucketId: bucket.id,
    key,
    versionId,
    atMs: context.clock.nowMs(),
    ...(bypassesGovernance && { bypassesGovernance: true as const }),
    ...(conditions !== undefined && { conditions }),
    ...(seen !== undefined && { seen }),
    ...noticeOf(nameOf('Delete', request), key),
  });
  return { deleteMarker: wasDeleteMarker, versionId, ...(size !== undefined && { size }) };
}
