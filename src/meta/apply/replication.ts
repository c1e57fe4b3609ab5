/**
 * Replication: changes enter the queue in the transaction of the change, and leave it by commands of their own. A version
 * says itself how it stands: PENDING while any destination waits for it, then FAILED if one failed, else COMPLETED. A
 * replica stays one, whatever of it is replicated.
 */
import { CommandRejected } from '../commands.ts';
import { encodeKey } from '../keys.ts';
import type { ObjectAttributes, ReplicationKind, ReplicationLook, ReplicationStatus } from '../records.ts';
import type {
  NoteReplication,
  QueueReplication,
  Replicate,
  ReplicationRoute,
  RetryReplication,
  SetReplicaAttributes,
  SettleReplication,
} from '../replication-commands.ts';
import type { ReplicationRow } from '../tables/arrivals.ts';
import { packAttributes, unpackAttributes } from '../tables/packing.ts';
import type { ReplicationTask } from '../tables/replication.ts';
import type { VersionRow } from '../tables/versions.ts';
import { requireBucket } from './conditions.ts';
import { announce } from './outbox.ts';
import type { Transaction } from './transaction.ts';

/** What is queued of a version. */
interface Queued {
  readonly bucketId: number;
  readonly key: Buffer;
  readonly versionId: string;
  readonly size: number;
  readonly kind: ReplicationKind;
  readonly look?: ReplicationLook;
}

/** Queues a change for those whom the command names. Without a name nobody asked. */
export function queueChange(transaction: Transaction, replicate: Replicate | undefined, change: Queued): void {
  if (replicate === undefined) return;
  const { atMs, to } = replicate;
  for (const route of to) insertEntry(transaction, change, { ...route, atMs, queuedMs: atMs });
}

function insertEntry(
  transaction: Transaction,
  { kind, size, look, ...named }: Queued,
  { destination, rule, isTimed, atMs, queuedMs }: ReplicationRoute & { atMs: number; queuedMs: number },
): void {
  const how = look === undefined ? { ...(isTimed && { isTimed }) } : { look };
  const task: ReplicationTask = { kind, rule, atMs, ...how };
  transaction.replication.insert({
    ...{ sequence: transaction.nextOutboxSequence(), destination, ...named },
    ...{ size: kind === 'version' ? size : 0, queuedMs, task: JSON.stringify(task) },
  });
}

/** Attributes of a version that is replicated from now on; a replica stays one. */
export function pending(attributes: ObjectAttributes): ObjectAttributes {
  return attributes.replication === 'REPLICA' ? attributes : { ...attributes, replication: 'PENDING' };
}

/** What a change of attributes that is replicated adds to them: of two changes of a version the later one has the later time. */
export function markChanged(attributes: ObjectAttributes, replicate: Replicate | undefined): ObjectAttributes {
  if (replicate === undefined) return attributes;
  return pending({ ...attributes, changedMs: Math.max(replicate.atMs, (attributes.changedMs ?? 0) + 1) });
}

/**
 * Where a replica stands among the versions of its key. Beside another one of the same ordinal their ids decide, here and
 * wherever else the two meet, and it takes the next free place on that side. Undefined if it is there already.
 */
export function placeReplica(
  transaction: Transaction,
  { bucketId, key, versionId, ordinal }: Pick<VersionRow, 'bucketId' | 'key' | 'versionId' | 'ordinal'>,
): number | undefined {
  const { versions } = transaction;
  if (versions.byId(bucketId, key, versionId) !== undefined) return undefined;
  const rival = versions.byOrdinal(bucketId, key, ordinal);
  if (rival === undefined) return ordinal;
  const step = versionId > rival.versionId ? 1 : -1;
  let place = ordinal + step;
  while (versions.byOrdinal(bucketId, key, place) !== undefined) place += step;
  return place;
}

export function setReplicaAttributes(transaction: Transaction, command: SetReplicaAttributes): void {
  const bucket = requireBucket(transaction, command.bucketId);
  const row = transaction.versions.byId(bucket.id, encodeKey(command.key), command.versionId);
  if (row === undefined || row.isDeleteMarker === 1) {
    throw new CommandRejected('NoSuchVersion', `Version ${command.versionId} does not exist.`);
  }
  const attributes = unpackAttributes(row);
  const { tags, changedMs, replicate, looked } = command;
  // What a source says that was never changed there is older than any change here.
  const { acl: own, changedMs: _own, ...kept } = attributes;
  const acl = command.acl === undefined ? own : (command.acl ?? undefined);
  const given = { ...kept, tags, ...(acl !== undefined && { acl }), ...(changedMs > 0 && { changedMs }) };
  const isTaken = isLater(given, attributes);
  const { key, versionId, size, etag } = row;
  const change = { bucketId: bucket.id, key, versionId, size, kind: 'attributes' } as const;
  const isOfThen = isTaken || (attributes.changedMs ?? 0) === changedMs;
  queueChange(transaction, looked, { ...change, look: isOfThen ? { toldMs: changedMs } : {} });
  if (!isTaken) return;
  transaction.versions.setDetails(row, packAttributes(replicate === undefined ? given : pending(given)).details);
  announce(transaction, bucket, command.notice, { key, versionId, size, etag });
  queueChange(transaction, replicate, change);
}

type Changing = Pick<ObjectAttributes, 'tags' | 'acl' | 'changedMs'>;

/** Of two changes in the same moment one is the later everywhere: by what they say. Where neither was changed, the source is right. */
function isLater(source: Changing, own: Changing): boolean {
  const [sourceMs, ownMs] = [source.changedMs ?? 0, own.changedMs ?? 0];
  if (sourceMs !== ownMs) return sourceMs > ownMs;
  return sourceMs === 0 ? textOf(source) !== textOf(own) : textOf(source) > textOf(own);
}

function textOf({ tags, acl }: Changing): string {
  return JSON.stringify([tags, acl ?? null]);
}

/** What is not there any more was settled before. */
export function settleReplication(transaction: Transaction, { settled }: SettleReplication): void {
  for (const { sequence, failure, lookedMs, notice } of settled) {
    const row = transaction.replication.get(sequence);
    if (row === undefined) continue;
    if (failure === undefined) transaction.replication.remove(row);
    else transaction.replication.setTask(row, { task: { ...taskOf(row), failure }, isFailed: true });
    if (lookedMs !== undefined) insertLook(transaction, row, lookedMs);
    const version = transaction.versions.byId(row.bucketId, row.key, row.versionId);
    if (version !== undefined) setStatus(transaction, version, statusOf(transaction, row));
    announceOf(transaction, version ?? row, notice);
  }
}

function insertLook(transaction: Transaction, row: ReplicationRow, atMs: number): void {
  const { bucketId, key, versionId, size, destination } = row;
  const { kind, rule } = taskOf(row);
  const about = { bucketId, key, versionId, size, kind, look: {} };
  insertEntry(transaction, about, { destination, rule, atMs, queuedMs: atMs });
}

/** What is queued of a version, but for looks. */
function changesOf(
  transaction: Transaction,
  { bucketId, key, versionId }: Pick<ReplicationRow, 'bucketId' | 'key' | 'versionId'>,
): readonly ReplicationRow[] {
  const rows = transaction.replication.ofVersion(bucketId, key, versionId);
  return rows.filter((row) => taskOf(row).look === undefined);
}

function statusOf(
  transaction: Transaction,
  { bucketId, key, versionId }: Pick<ReplicationRow, 'bucketId' | 'key' | 'versionId'>,
): ReplicationStatus {
  const left = changesOf(transaction, { bucketId, key, versionId });
  if (left.some(({ isFailed }) => isFailed === 0)) return 'PENDING';
  return left.length > 0 ? 'FAILED' : 'COMPLETED';
}

function setStatus(transaction: Transaction, version: VersionRow, replication: ReplicationStatus): void {
  const attributes = unpackAttributes(version);
  if (attributes.replication === 'REPLICA' || attributes.replication === replication) return;
  transaction.versions.setDetails(version, packAttributes({ ...attributes, replication }).details);
}

/** Of a version that is gone there is nothing more to say than what it was called. */
function announceOf(
  transaction: Transaction,
  version: Pick<VersionRow, 'bucketId' | 'key' | 'versionId'> & Partial<Pick<VersionRow, 'size' | 'etag'>>,
  notice: SettleReplication['settled'][number]['notice'],
) {
  const bucket = notice && transaction.buckets.byId(version.bucketId);
  if (bucket === undefined) return;
  const { key, versionId, size, etag } = version;
  const known = etag === undefined || size === undefined ? {} : { size, etag };
  announce(transaction, bucket, notice, { key, versionId, ...known });
}

export function noteReplication(transaction: Transaction, { notes }: NoteReplication): void {
  for (const { sequence, uploadId, isLate, notice } of notes) {
    const row = transaction.replication.get(sequence);
    if (row === undefined) continue;
    const task = { ...taskOf(row), ...(uploadId !== undefined && { uploadId }), ...(isLate && { isLate }) };
    transaction.replication.setTask(row, { task, isFailed: row.isFailed === 1 });
    const version = transaction.versions.byId(row.bucketId, row.key, row.versionId);
    if (version !== undefined) announceOf(transaction, version, notice);
  }
}

export function retryReplication(
  transaction: Transaction,
  { destination, limit, atMs }: RetryReplication,
): { entries: number } {
  const failed = transaction.replication.oldestFailed({ destination, limit });
  for (const row of failed) {
    const { failure: _over, ...task } = taskOf(row);
    transaction.replication.remove(row);
    const again = { ...row, queuedMs: atMs, task: JSON.stringify(task) };
    // Whoever replicates has passed the place where it was.
    transaction.replication.insert({ ...again, sequence: transaction.nextOutboxSequence() });
    const version = transaction.versions.byId(row.bucketId, row.key, row.versionId);
    if (version !== undefined) setStatus(transaction, version, 'PENDING');
  }
  return { entries: failed.length };
}

export function queueReplication(
  transaction: Transaction,
  { bucketId, atMs, versions }: QueueReplication,
): { entries: number } {
  requireBucket(transaction, bucketId);
  let entries = 0;
  for (const { key, versionId, kind, to } of versions) {
    const row = transaction.versions.byId(bucketId, encodeKey(key), versionId);
    if (row === undefined) continue;
    const there = changesOf(transaction, row);
    const change = { bucketId, key: row.key, versionId, size: row.size, kind };
    for (const route of to) {
      const known = there.find(({ destination }) => destination === route.destination);
      if (known?.isFailed === 0) continue;
      if (known !== undefined) transaction.replication.remove(known);
      insertEntry(transaction, change, { ...route, atMs: row.lastModifiedMs, queuedMs: atMs });
      entries++;
    }
    setStatus(transaction, row, statusOf(transaction, change));
  }
  return { entries };
}

function taskOf(row: ReplicationRow): ReplicationTask {
  return JSON.parse(row.task) as ReplicationTask;
}
