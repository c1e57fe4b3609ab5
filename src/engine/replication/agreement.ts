/**
 * Tags and locks of a version on a server that has what comes last, whenever it was changed, as MinIO has. What is changed here and
 * there in the same moment crosses on its way and ends swapped; and a MinIO that sends a version while its tags are changed may send the
 * old ones, and keep the new ones. So after a change on either side the server is looked at once it has come to rest: it gets what
 * counts here, but tags that it told last itself are taken from it. A look ends when nothing differs, or after a while: where two
 * servers that do not hear of each other want it to have what each of them has, neither goes on for ever. Nothing waits for a look.
 * Such a server may also lose a marker, its own or another's, when two of its clients delete an object in the same moment: after a
 * marker on either side it is looked at too, and what it has lost is told to it and to all others.
 */
import type { Version } from '../../meta/records.ts';
import type { Looked } from '../../meta/replication-commands.ts';
import type { EngineContext } from '../context.ts';
import { serviceCause } from '../events/service-cause.ts';
import type { Bucket } from '../types.ts';
import { type Routing, routeOfAttributes, routing } from './routing.ts';
import { LookAgain, type Replica, type ReplicaTarget, type ReplicationEntry, type Tellers } from './types.ts';

/** By then a server has mostly written what it was about to when it told of a change: it waits for all whom it tells. */
const restMs = 10_000;
const watchedMs = 60_000;
const pauseMs = 1000;

/** Where servers that told of a version are to be looked at. */
export async function routesBack(
  context: EngineContext,
  { bucket, key, versionId }: { bucket: Bucket; key: string; versionId: string },
  tellers: Tellers,
): Promise<Looked> {
  if (!tellers?.size) return {};
  const version = await context.index.getVersion(bucket.id, key, versionId);
  if (version === undefined) return {};
  const routeOf = await routing(context, bucket, serviceCause());
  return among(tellers, routeOfAttributes(routeOf, version));
}

/** The same of a marker. To be asked in the tick of the command's `submit`. */
export async function routingBack(
  context: EngineContext,
  bucket: Bucket,
  tellers: Tellers,
): Promise<(key: string) => Looked> {
  const routeOf = await routing(context, bucket, tellers?.size ? serviceCause() : undefined);
  return (key) => among(tellers, routeOf({ key, tags: [], kind: 'marker' }));
}

function among(tellers: Tellers, { replicate }: ReturnType<Routing>): Looked {
  const to = replicate?.to.filter(({ destination }) => tellers?.has(destination)) ?? [];
  return replicate === undefined || to.length === 0 ? {} : { looked: { atMs: replicate.atMs, to } };
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
  const there = await target.look?.(replica);
  if (there === 'absent' && replica.version.isDeleteMarker) {
    await tellOthers(context, replica, entry);
    return target.putMarker(replica);
  }
  if (there === undefined || there === 'absent' || there === 'marker') return;
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

/** A server that lost a marker which it made may have told nobody else of it, and tells nobody once it is told itself. */
async function tellOthers(
  context: EngineContext,
  { source, version }: Replica,
  { destination }: ReplicationEntry,
): Promise<void> {
  const { bucketId, key, versionId } = version;
  const routeOf = await routing(context, source, serviceCause());
  const { atMs, to = [] } = routeOf({ key, tags: [], kind: 'marker' }).replicate ?? {};
  const others = to.filter((route) => route.destination !== destination);
  if (atMs === undefined || others.length === 0) return;
  const versions = [{ key, versionId, kind: 'marker' as const, to: others }];
  await context.index.submit({ type: 'queue-replication', bucketId, atMs, versions });
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
