/**
 * Versions that were there before a rule, or that were not replicated, queued in walks over their buckets, one after the other as
 * they were asked for. What is asked for and how far it has come is kept, so that a walk goes on after a restart.
 */
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { Turns } from '../../lib/turns.ts';
import type { QueueReplication } from '../../meta/replication-commands.ts';
import type { VersionGlance } from '../../meta/types.ts';
import type { EngineContext } from '../context.ts';
import { refusing } from '../refusals.ts';
import type { Bucket, Buckets } from '../types.ts';
import { type ReplicationConfiguration, type ReplicationRule, routesOf } from './configuration.ts';
import { readReplication, writeReplication } from './rules.ts';
import type { ResyncRequest } from './types.ts';

const jobName = 'replication-resync';
const pageSize = 500;
/** Versions of one key that are looked at together, at most. */
const keyVersionsMax = 32_000;

const walkSchema = z.strictObject({
  bucket: z.string(),
  destination: z.string().optional(),
  /** Ids of those by which it goes; without them by all. */
  rules: z.array(z.string()).optional(),
  all: z.boolean(),
  /** How far it has come. */
  from: z.strictObject({ key: z.string(), below: z.int() }).optional(),
  queued: z.int(),
});
const stateSchema = z.strictObject({ v: z.literal(1), walks: z.array(walkSchema) });
type Walk = z.infer<typeof walkSchema>;

export class Resyncs {
  readonly #context: EngineContext;
  readonly #buckets: Buckets;
  readonly #turns = new Turns<string>();
  #walks: readonly Walk[] | undefined;

  constructor(context: EngineContext, buckets: Buckets) {
    this.#context = context;
    this.#buckets = buckets;
  }

  /** False if there is no such bucket, or it has no rules. */
  ask(request: ResyncRequest): Promise<boolean> {
    return this.#turns.take(jobName, async () => {
      if ((await this.#rulesOf(request.bucket)) === undefined) return false;
      await this.#save([...(await this.#load()), { ...request, queued: 0 }]);
      return true;
    });
  }

  /** As `Replication.setRules`. A walk that finds none of its rules, as they were not written after all, queues nothing. */
  setRules(bucket: Bucket, configuration: ReplicationConfiguration): Promise<void> {
    return this.#turns.take(jobName, async () => {
      const before = await this.#rulesOf(bucket.name);
      const rules = newForExisting(configuration.rules, before?.rules ?? []);
      if (rules.length > 0) {
        const walk = { bucket: bucket.name, rules: rules.map(({ id }) => id), all: true, queued: 0 };
        await this.#save([...(await this.#load()), walk]);
      }
      await writeReplication(this.#buckets, bucket, configuration);
    });
  }

  /** Queues a page of the first walk; false if there is none. */
  step(): Promise<boolean> {
    return this.#turns.take(jobName, async () => {
      const [walk, ...others] = await this.#load();
      if (walk === undefined) return false;
      const next = await this.#walk(walk);
      await this.#save(next === undefined ? others : [next, ...others]);
      return true;
    });
  }

  async underWay(): Promise<readonly Walk[]> {
    return this.#load();
  }

  async #load(): Promise<readonly Walk[]> {
    if (this.#walks !== undefined) return this.#walks;
    const text = await refusing({}, () => this.#context.index.getJobState(jobName));
    this.#walks = text === undefined ? [] : (stateSchema.safeParse(JSON.parse(text)).data?.walks ?? []);
    return this.#walks;
  }

  async #save(walks: readonly Walk[]): Promise<void> {
    const state = JSON.stringify({ v: 1, walks });
    await refusing({}, () => this.#context.index.submit({ type: 'save-job-state', job: jobName, state }));
    this.#walks = walks;
  }

  async #rulesOf(
    bucketName: string,
  ): Promise<{ bucket: Bucket; rules: ReplicationConfiguration['rules'] } | undefined> {
    const bucket = await refusing({ bucket: bucketName }, () => this.#context.index.getBucket(bucketName));
    const configuration = bucket && (await readReplication(this.#buckets, bucket));
    return bucket && configuration && { bucket, rules: configuration.rules };
  }

  /** The walk as it goes on; undefined at its end. */
  async #walk(walk: Walk): Promise<Walk | undefined> {
    const { index, clock } = this.#context;
    const found = await this.#rulesOf(walk.bucket);
    if (found === undefined) return undefined;
    const { bucket, rules } = found;
    const glances = await this.#wholeKeys(bucket, walk);
    const last = glances.at(-1);
    if (last === undefined) return undefined;
    const versions: QueueReplication['versions'][number][] = [];
    for (const { key, versionId } of glances) {
      const routed = await this.#routed({ bucketId: bucket.id, key, versionId }, { walk, rules });
      if (routed !== undefined) versions.push(routed);
    }
    // The oldest first, as they were made.
    versions.reverse();
    const command = { type: 'queue-replication', bucketId: bucket.id, atMs: clock.nowMs(), versions } as const;
    const { entries } = versions.length === 0 ? { entries: 0 } : await refusing({}, () => index.submit(command));
    return { ...walk, from: { key: last.key, below: last.ordinal }, queued: walk.queued + entries };
  }

  /** The next versions, without a key of which there are more: a server that orders versions as they come has the oldest first. */
  async #wholeKeys(bucket: Bucket, { from }: Walk): Promise<readonly VersionGlance[]> {
    for (let limit = pageSize; ; limit *= 4) {
      const query = { bucketId: bucket.id, prefix: '', from, limit };
      const glances = await refusing({}, () => this.#context.index.glanceAtVersions(query));
      const lastKey = glances.at(-1)?.key;
      const whole = glances.length < limit ? glances : glances.filter(({ key }) => key !== lastKey);
      if (whole.length > 0 || glances.length === 0) return whole;
      if (limit >= keyVersionsMax) return glances;
    }
  }

  async #routed(
    { bucketId, key, versionId }: { bucketId: number; key: string; versionId: string },
    { walk, rules }: { walk: Walk; rules: ReplicationConfiguration['rules'] },
  ): Promise<QueueReplication['versions'][number] | undefined> {
    const version = await refusing({}, () => this.#context.index.getVersion(bucketId, key, versionId));
    if (version === undefined) return undefined;
    const { replication, tags, encryption } = version.attributes;
    if (replication === 'REPLICA' || (replication === 'COMPLETED' && !walk.all)) return undefined;
    const kind = version.isDeleteMarker ? 'marker' : 'version';
    const to = routesOf(rules, { key, tags, kind, encryption }).filter(
      ({ destination, rule }) =>
        (walk.destination ?? destination) === destination && (walk.rules?.includes(rule) ?? true),
    );
    return to.length === 0 ? undefined : { key, versionId, kind, to };
  }
}

/** Rules by which what is there is to be replicated, and that were not there before under whatever name. */
function newForExisting(
  rules: readonly ReplicationRule[],
  before: readonly ReplicationRule[],
): readonly ReplicationRule[] {
  return rules.filter(
    (rule) =>
      rule.isEnabled &&
      rule.existing === true &&
      !before.some((known) => isDeepStrictEqual({ ...known, id: rule.id }, rule)),
  );
}
