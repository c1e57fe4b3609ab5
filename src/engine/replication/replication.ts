/** The queue of replication, for the job that works through it. */
import { createHash } from 'node:crypto';
import type { Version } from '../../meta/records.ts';
import type { EngineContext } from '../context.ts';
import { noticing } from '../events/notices.ts';
import { serviceCause } from '../events/service-cause.ts';
import { keyDetails, refusing } from '../refusals.ts';
import type { Bucket } from '../types.ts';
import { nullVersionId } from '../version-ids.ts';
import { routesBack } from './agreement.ts';
import { isTracked, type ReplicationRule, routesOf, selects } from './configuration.ts';
import { type LocalParts, localTarget } from './local-target.ts';
import { Resyncs } from './resync.ts';
import { readReplication } from './rules.ts';
import { sendReplica } from './send.ts';
import {
  type Prepared,
  type Replication,
  type ReplicationEntry,
  ReplicationRefused,
  type ReplicationTold,
} from './types.ts';

const arnPrefix = 'arn:aws:s3:::';
/** Entries that one command changes, so that no batch takes long. */
const atOnce = 1000;

export function createReplication(context: EngineContext, parts: LocalParts): Replication {
  const { index, clock } = context;
  const resyncs = new Resyncs(context, parts.buckets);
  return {
    list: (query) => refusing({}, () => index.listReplication({ ...query, isFailed: false })),
    listOn: (query) => refusing({}, () => index.listReplicationOn(query)),
    failed: (query) => refusing({}, () => index.listReplication({ ...query, isFailed: true })),
    destinations: () =>
      refusing({}, async () => {
        const found: string[] = [];
        for (let next: string | undefined = ''; ; ) {
          next = await index.nextReplicationDestination(next);
          if (next === undefined) return found;
          found.push(next);
        }
      }),
    sizes: () => refusing({}, () => index.countReplication()),
    prepare: (entry) => refusing({ key: entry.key }, () => prepare(context, parts, entry)),
    here: async (destination) => {
      const bucket = await findDestination(context, destination);
      return { bucket, target: localTarget(context, parts, bucket) };
    },
    send: (prepared, entry, options) =>
      refusing({ key: entry.key }, () => sendReplica(context, prepared, { entry, options })),
    async settle(settled) {
      const entries = await Promise.all(
        settled.map(async ({ entry, failure, lookedMs, told }) => ({
          ...nameOf(entry),
          ...(lookedMs !== undefined && { lookedMs }),
          ...(failure !== undefined && { failure }),
          ...(await noticeOf(context, entry, told)),
        })),
      );
      await refusing({}, () => index.submit({ type: 'settle-replication', settled: entries }));
    },
    async note(notes) {
      const noted = await Promise.all(
        notes.map(async ({ entry, told, ...note }) => ({
          ...{ sequence: entry.sequence, ...note },
          ...(await noticeOf(context, entry, told)),
        })),
      );
      await refusing({}, () => index.submit({ type: 'note-replication', notes: noted }));
    },
    async retry(destination) {
      for (let total = 0; ; ) {
        const command = { type: 'retry-replication', destination, limit: atOnce, atMs: clock.nowMs() } as const;
        const { entries } = await refusing({}, () => index.submit(command));
        total += entries;
        if (entries < atOnce) return total;
      }
    },
    setRules: (bucket, configuration) => resyncs.setRules(bucket, configuration),
    resync: (request) => resyncs.ask(request),
    resyncStep: () => resyncs.step(),
    resyncs: () => resyncs.underWay(),
    setReplicaAttributes: ({ bucket, tellers, ...command }) =>
      refusing({ ...keyDetails(bucket, command.key), versionId: command.versionId }, async () => {
        const again = await routesBack(context, { bucket, ...command }, tellers);
        await index.submit({ type: 'set-replica-attributes', bucketId: bucket.id, ...command, ...again });
      }),
  };
}

function nameOf({ sequence, bucketId, key }: ReplicationEntry) {
  return { sequence, bucketId, key };
}

async function noticeOf(context: EngineContext, entry: ReplicationEntry, told: ReplicationTold | undefined) {
  const found =
    told === undefined || entry.bucket === undefined ? undefined : await context.index.getBucket(entry.bucket);
  if (found === undefined || told === undefined) return {};
  const { event, ...facts } = told;
  const { rule, destination, kind, atMs: requestedMs } = entry;
  const noticeAbout = await noticing(context, found, serviceCause());
  return noticeAbout(event, entry.key, { replication: { rule, destination, kind, requestedMs, ...facts } });
}

async function findDestination({ index }: EngineContext, arn: string): Promise<Bucket> {
  const bucket = await index.getBucket(arn.slice(arnPrefix.length));
  if (bucket === undefined) {
    throw new ReplicationRefused(`There is no bucket ${arn}`, { reason: 'DstBucketNotFound' });
  }
  if (bucket.versioning !== 'Enabled') {
    throw new ReplicationRefused(`Bucket ${arn} keeps no versions`, { reason: 'DstBucketUnversioned' });
  }
  return bucket;
}

async function prepare(context: EngineContext, { buckets }: LocalParts, entry: ReplicationEntry): Promise<Prepared> {
  const source = entry.bucket === undefined ? undefined : await context.index.getBucket(entry.bucket);
  if (source === undefined) return { kind: 'over', isTracked: false };
  const known = await context.index.getVersion(source.id, entry.key, entry.versionId);
  const configuration = await readReplication(buckets, source);
  const rule = ruleOf(configuration?.rules ?? [], known, entry);
  if (entry.look !== undefined && (known === undefined || rule?.isEnabled !== true))
    return { kind: 'over', isTracked: false };
  if (known === undefined) return { kind: 'over', isTracked: entry.isTimed || isTracked(rule) };
  if (configuration === undefined || rule === undefined) {
    const message = `Bucket ${source.name} has no rule ${entry.rule} for ${entry.destination} any more`;
    throw new ReplicationRefused(message, { reason: 'SrcBucketReplicationConfigMissing' });
  }
  if (!rule.isEnabled) {
    throw new ReplicationRefused(`Rule ${rule.id} of bucket ${source.name} is disabled`, {
      reason: 'SrcObjectNotEligible',
    });
  }
  if (!selects(rule, known.attributes.encryption)) {
    const message = `Rule ${rule.id} of bucket ${source.name} does not select objects under keys of KMS any more`;
    throw new ReplicationRefused(message, { reason: 'SrcObjectNotEligible' });
  }
  const { storageClass = known.attributes.storageClass } = rule.destination;
  // As a value of its own: what others remember of where its bytes lie may be old by the time they are read here.
  const version = { ...known, attributes: { ...known.attributes, storageClass } };
  const { ordinal, lastModifiedMs } = version;
  const replica = { versionId: replicaIdOf(known), ordinal, lastModifiedMs, version, source, rule };
  return { kind: 'ready', replica, role: configuration.role, isAgain: entry.queuedMs !== entry.atMs };
}

/**
 * The rule that has a change replicated now: the one that had it queued, or if that is gone or disabled whichever has the
 * version go there. Rules are put anew under other names while changes wait.
 */
function ruleOf(
  rules: readonly ReplicationRule[],
  version: Version | undefined,
  { rule: id, destination, key, kind }: ReplicationEntry,
): ReplicationRule | undefined {
  const own = rules.find((rule) => rule.id === id && rule.destination.bucket === destination);
  if (own?.isEnabled || version === undefined) return own;
  const { tags, encryption, replication } = version.attributes;
  const routes = routesOf(rules, { key, kind, tags, encryption, isReplica: replication === 'REPLICA' });
  const other = routes.find((route) => route.destination === destination);
  return rules.find((rule) => rule.id === other?.rule) ?? own;
}

/** A null version is replaced where it is and not elsewhere, so its replicas have ids that follow from what it is. */
function replicaIdOf({ versionId, bucketId, key, ordinal }: Version): string {
  if (versionId !== nullVersionId) return versionId;
  const hash = createHash('sha256').update(`${bucketId}/${ordinal}/${key}`).digest();
  // As all ids begin with a letter.
  hash[0] = hash.readUInt8(0) & 0x7f;
  return hash.subarray(0, 24).toString('base64url');
}
