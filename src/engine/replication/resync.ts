/** Versions that were there before a rule, or that were not replicated, queued in a walk over their bucket. */
import type { EngineContext } from '../context.ts';
import type { BucketWalk, WalkPlace } from '../lifecycle/types.ts';
import { refusing } from '../refusals.ts';
import type { Buckets } from '../types.ts';
import { type ReplicationConfiguration, routesOf } from './configuration.ts';
import { readReplication } from './rules.ts';
import type { ResyncFigures, ResyncRequest } from './types.ts';

interface Asked {
  readonly bucketName: string;
  readonly request: ResyncRequest;
  readonly place: WalkPlace;
}

interface Walked extends Omit<Asked, 'bucketName'> {
  readonly bucketId: number;
  readonly configuration: ReplicationConfiguration;
}

export async function resync(
  context: EngineContext,
  buckets: Buckets,
  { bucketName, request, place }: Asked,
): Promise<BucketWalk<ResyncFigures> | undefined> {
  const bucket = await refusing({ bucket: bucketName }, () => context.index.getBucket(bucketName));
  const configuration = bucket && (await readReplication(buckets, bucket));
  if (bucket === undefined || configuration === undefined) return undefined;
  return new Resync(context, { bucketId: bucket.id, configuration, request, place });
}

class Resync implements BucketWalk<ResyncFigures> {
  readonly #context: EngineContext;
  readonly #asked: Walked;
  #from: { readonly key: string; readonly below?: number } | undefined;

  constructor(context: EngineContext, asked: Walked) {
    this.#context = context;
    this.#asked = asked;
    if (asked.place.key !== undefined) this.#from = { key: asked.place.key };
  }

  get place(): WalkPlace {
    return { key: this.#from?.key };
  }

  async step({ nowMs, limit }: { nowMs: number; limit: number }, figures: ResyncFigures): Promise<boolean> {
    const { index } = this.#context;
    const { bucketId } = this.#asked;
    const glances = await index.glanceAtVersions({ bucketId, prefix: '', from: this.#from, limit });
    figures.lookedAt += glances.length;
    const last = glances.at(-1);
    if (last === undefined) return true;
    const versions = [];
    for (const { key, versionId } of glances) {
      const to = await this.#routes(key, versionId);
      if (to !== undefined && to.routes.length > 0) versions.push({ key, versionId, kind: to.kind, to: to.routes });
    }
    // The oldest first, as they were made.
    versions.reverse();
    if (versions.length > 0) {
      const command = { type: 'queue-replication', bucketId, atMs: nowMs, versions } as const;
      figures.queued += (await refusing({}, () => index.submit(command))).entries;
    }
    this.#from = { key: last.key, below: last.ordinal };
    return false;
  }

  async #routes(key: string, versionId: string) {
    const { bucketId, configuration, request } = this.#asked;
    const version = await this.#context.index.getVersion(bucketId, key, versionId);
    if (version === undefined) return undefined;
    const { replication, tags } = version.attributes;
    if (replication === 'REPLICA' || (replication === 'COMPLETED' && !request.all)) return undefined;
    const kind = version.isDeleteMarker ? ('marker' as const) : ('version' as const);
    const routes = routesOf(configuration.rules, { key, tags, kind });
    return { kind, routes: routes.filter(({ destination }) => (request.destination ?? destination) === destination) };
  }
}
