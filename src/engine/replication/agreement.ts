/**
 * Tags and locks of a version on a server that has what comes last, whenever it was changed, as MinIO has. What is changed here and
 * there in the same moment crosses on its way and ends swapped; and a MinIO that sends a version while its tags are changed may send the
 * old ones, and keep the new ones. So after a change on either side the server is looked at once it has come to rest: it gets what
 * counts here, but tags that it told last itself are taken from it. A look ends when nothing differs, or after a while: where two
 * servers that do not hear of each other want it to have what each of them has, neither goes on for ever. Nothing waits for a look.
 */
import type { Version } from '../../meta/records.ts';
import type { Replicate } from '../../meta/replication-commands.ts';
import type { EngineContext } from '../context.ts';
import { serviceCause } from '../events/service-cause.ts';
import { routeOfAttributes } from '../objects.ts';
import type { Bucket } from '../types.ts';
import { routing } from './routing.ts';
import { LookAgain, type Replica, type ReplicaTarget, type ReplicationEntry } from './types.ts';

/** By then a server has mostly written what it was about to when it told of a change: it waits for all whom it tells. */
const restMs = 10_000;
const watchedMs = 60_000;
const pauseMs = 1000;

/** Where servers that told of a version are to be looked at. */
export async function routesBack(
  context: EngineContext,
  { bucket, key, versionId }: { bucket: Bucket; key: string; versionId: string },
  tellers: ReadonlySet<string>,
): Promise<{ readonly looked?: Replicate }> {
  if (tellers.size === 0) return {};
  const version = await context.index.getVersion(bucket.id, key, versionId);
  if (version === undefined) return {};
  const routeOf = await routing(context, bucket, serviceCause());
  const { atMs, to = [] } = routeOfAttributes(routeOf, version).replicate ?? {};
  const back = to.filter(({ destination }) => tellers.has(destination));
  return atMs === undefined || back.length === 0 ? {} : { looked: { atMs, to: back } };
}

/** Has the server and this one agree. Throws LookAgain while they may not. */
export async function lookAt(
  context: EngineContext,
  replica: Replica,
  { entry, target }: { entry: ReplicationEntry; target: ReplicaTarget },
): Promise<void> {
  const { look: { toldMs } = {}, queuedMs } = entry;
  const ageMs = context.clock.nowMs() - queuedMs;
  if (ageMs < restMs) throw new LookAgain(restMs - ageMs);
  // It is told only if it is not there, as it asks before.
  if (replica.version.isDeleteMarker) return target.putMarker(replica);
  const there = await target.look?.(replica);
  if (there === undefined) return;
  const isWatched = ageMs < watchedMs;
  if (there.isOnItsWay && isWatched) throw new LookAgain(pauseMs);
  const differing = new Set(there.differing);
  // What has come since then is looked at by itself.
  if (toldMs !== undefined && differing.delete('tags') && toldMs === (replica.version.attributes.changedMs ?? 0)) {
    await takeTags(context, replica, { tags: there.tags, changedMs: toldMs + 1 });
  }
  if (differing.size === 0) return;
  await target.setAttributes(replica, differing);
  if (isWatched) throw new LookAgain(restMs);
}

/** Unless something has come in between. Others hear of it as of any change. */
async function takeTags(
  context: EngineContext,
  { source, version }: Replica,
  { tags, changedMs }: Pick<Version['attributes'], 'tags'> & { changedMs: number },
): Promise<void> {
  const { bucketId, key, versionId, attributes } = version;
  const routeOf = await routing(context, source, serviceCause());
  await context.index.submit({
    ...{ type: 'set-replica-attributes', bucketId, key, versionId, tags, changedMs },
    ...routeOfAttributes(routeOf, { ...version, attributes: { ...attributes, tags } }),
  });
}
