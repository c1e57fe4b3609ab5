/** Changes on their way to other buckets: a row for each destination. */

import { decodeKey, encodeKey } from '../keys.ts';
import type { ReplicationEntry } from '../records.ts';
import { ArrivalReader, type ArrivalWriter, type ReplicationRow } from './arrivals.ts';
import type { Statement, Statements } from './lazy-statements.ts';

/** What of an entry is asked for by nothing but its worker. */
export type ReplicationTask = Pick<ReplicationEntry, 'kind' | 'rule' | 'atMs' | 'uploadId' | 'look' | 'failure'> & {
  readonly isTimed?: true;
  readonly isLate?: true;
};

export interface ReplicationQuery {
  readonly destination: string;
  readonly isFailed: boolean;
  /** Sequences up to and including this one are left out. */
  readonly after: number;
  readonly limit: number;
}

/** Changes of one key that wait. */
export interface ReplicationKeyQuery extends Omit<ReplicationQuery, 'isFailed'> {
  readonly bucketId: number;
  readonly key: string;
  /** Later sequences are left out. */
  readonly through: number;
}

/** How much of a bucket waits for a destination by a rule, or has failed. */
export interface ReplicationSize {
  readonly destination: string;
  /** Its name; absent if it is gone. */
  readonly bucket?: string;
  readonly rule: string;
  readonly isFailed: boolean;
  readonly entries: number;
  readonly bytes: number;
  /** Since when the oldest for the destination waits, by whatever rule, in milliseconds since 1970. */
  readonly oldestMs: number;
}

const COLUMNS = `sequence, destination, bucket_id AS bucketId, key, version_id AS versionId, is_failed AS isFailed, size,
  queued_ms AS queuedMs, task`;
const NAMED_COLUMNS = `${COLUMNS}, (SELECT name FROM buckets WHERE buckets.bucket_id = replication.bucket_id) AS bucket`;

/** A row with its bucket's name, if that is still there. */
type NamedRow = ReplicationRow & { readonly bucket: string | null };

function toEntry(row: NamedRow): ReplicationEntry {
  const { isTimed, isLate, ...task } = JSON.parse(row.task) as ReplicationTask;
  const { sequence, destination, bucketId, versionId, size, queuedMs } = row;
  return {
    ...{ sequence, destination, bucketId, key: decodeKey(row.key), versionId, size, queuedMs, ...task },
    ...{ isTimed: isTimed === true, isLate: isLate === true },
    ...(row.bucket !== null && { bucket: row.bucket }),
  };
}

export class ReplicationReader {
  readonly #page: Statement<[Omit<ReplicationQuery, 'isFailed'> & { isFailed: number }], NamedRow>;
  readonly #ofKey: Statement<[Omit<ReplicationKeyQuery, 'key'> & { key: Buffer }], NamedRow>;
  readonly #next: Statement<[string], { destination: string | null }>;
  readonly #sizes: Statement<
    [],
    Omit<ReplicationSize, 'isFailed' | 'bucket'> & { isFailed: number; bucketId: number; bucket: string | null }
  >;

  readonly #arrivals: ArrivalReader;

  constructor(db: Statements) {
    this.#arrivals = new ArrivalReader(db);
    this.#page = db.prepare(`
      SELECT ${NAMED_COLUMNS}
      FROM replication WHERE is_failed = $isFailed AND destination = $destination AND sequence > $after ORDER BY sequence LIMIT $limit`);
    this.#ofKey = db.prepare(`
      SELECT ${NAMED_COLUMNS}
      FROM replication INDEXED BY replication_by_key
      WHERE is_failed = 0 AND destination = $destination AND bucket_id = $bucketId AND key = $key
        AND sequence > $after AND sequence <= $through
      ORDER BY sequence LIMIT $limit`);
    this.#next = db.prepare(
      'SELECT MIN(destination) AS destination FROM replication WHERE is_failed = 0 AND destination > ?',
    );
    this.#sizes = db.prepare(`
      SELECT destination, is_failed AS isFailed, bucket_id AS bucketId, rule, entries, bytes,
        (SELECT name FROM buckets WHERE buckets.bucket_id = totals.bucket_id) AS bucket,
        (SELECT queued_ms FROM replication AS waiting
          WHERE waiting.is_failed = totals.is_failed AND waiting.destination = totals.destination
          ORDER BY sequence LIMIT 1) AS oldestMs
      FROM replication_totals AS totals ORDER BY is_failed, destination, bucket_id, rule`);
  }

  page({ isFailed, ...query }: ReplicationQuery): ReplicationEntry[] {
    const entries = this.#page.all({ ...query, isFailed: isFailed ? 1 : 0 }).map(toEntry);
    if (isFailed || entries.length === query.limit) return entries;
    const { destination: address, after, limit } = query;
    const arrived = this.#arrivals.changes({ address, after, limit: limit - entries.length });
    return entries.concat(arrived.map(toEntry));
  }
  pageOfKey(query: ReplicationKeyQuery): ReplicationEntry[] {
    const { destination: address, limit } = query;
    const key = encodeKey(query.key);
    const entries = this.#ofKey.all({ ...query, key }).map(toEntry);
    if (entries.length === limit) return entries;
    const arrived = this.#arrivals.changesOn({ ...query, key, address, limit: limit - entries.length });
    return entries.concat(arrived.map(toEntry));
  }
  /** The first destination behind another one for which something waits. */
  nextDestination(after: string): string | undefined {
    const moved = this.#next.get(after)?.destination ?? undefined;
    const arrived = this.#arrivals.nextDestination(after);
    if (moved === undefined || arrived === undefined) return moved ?? arrived;
    return byBytes(moved, arrived) < 0 ? moved : arrived;
  }
  sizes(): ReplicationSize[] {
    const sizes = new Map<string, ReplicationSize>();
    for (const { isFailed, bucket, bucketId, ...size } of this.#sizes.all()) {
      const named = { ...size, isFailed: isFailed === 1, ...(bucket !== null && { bucket }) };
      sizes.set(groupOf({ ...size, isFailed, bucketId }), named);
    }
    const oldest = new Map(
      [...sizes.values()].map(({ destination, isFailed, oldestMs }) => [`${isFailed} ${destination}`, oldestMs]),
    );
    for (const { address: destination, entries, bytes, ...arrived } of this.#arrivals.changeSizes()) {
      const { bucketId, bucket, rule, queuedMs } = arrived;
      const group = groupOf({ destination, rule, isFailed: 0, bucketId });
      const oldestMs = oldest.get(`false ${destination}`) ?? queuedMs;
      oldest.set(`false ${destination}`, oldestMs);
      const moved = sizes.get(group) ?? { entries: 0, bytes: 0 };
      const counted = { entries: moved.entries + entries, bytes: moved.bytes + bytes, oldestMs };
      sizes.set(group, { ...{ destination, rule, isFailed: false, ...counted }, ...(bucket !== null && { bucket }) });
    }
    return [...sizes.values()].toSorted((a, b) => Number(a.isFailed) - Number(b.isFailed));
  }
}

function groupOf({ isFailed, destination, bucketId, rule }: Omit<Counted, 'entries' | 'bytes'>): string {
  return JSON.stringify([isFailed, destination, bucketId, rule]);
}

/** As SQLite orders texts; those of ARNs are ASCII. */
function byBytes(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

/** What a group of the totals grows by. */
type Counted = Pick<ReplicationRow, 'isFailed' | 'destination' | 'bucketId'> & {
  readonly rule: string;
  readonly entries: number;
  readonly bytes: number;
};

export class ReplicationWriter {
  readonly #arrivals: ArrivalWriter;
  readonly #get: Statement<[number], ReplicationRow>;
  readonly #ofVersion: Statement<[number, Buffer, string], ReplicationRow>;
  readonly #failed: Statement<[{ destination: string; limit: number }], ReplicationRow>;
  readonly #remove: Statement<[number]>;
  readonly #setTask: Statement<[{ sequence: number; task: string; isFailed: number }]>;
  readonly #count: Statement<[Counted]>;
  readonly #forget: Statement<[Omit<Counted, 'entries' | 'bytes'>]>;

  constructor(db: Statements, arrivals: ArrivalWriter) {
    this.#arrivals = arrivals;
    this.#get = db.prepare(`SELECT ${COLUMNS} FROM replication WHERE sequence = ?`);
    this.#ofVersion = db.prepare(`
      SELECT ${COLUMNS} FROM replication INDEXED BY replication_by_version
      WHERE bucket_id = +? AND key = +? AND version_id = +?`);
    this.#failed = db.prepare(`
      SELECT ${COLUMNS} FROM replication WHERE is_failed = 1 AND destination = $destination ORDER BY sequence LIMIT $limit`);
    this.#remove = db.prepare('DELETE FROM replication WHERE sequence = ?');
    this.#count = db.prepare(`
      INSERT INTO replication_totals VALUES ($isFailed, $destination, $bucketId, $rule, $entries, $bytes)
      ON CONFLICT DO UPDATE SET entries = entries + excluded.entries, bytes = bytes + excluded.bytes`);
    this.#forget = db.prepare(`
      DELETE FROM replication_totals
      WHERE is_failed = $isFailed AND destination = $destination AND bucket_id = $bucketId AND rule = $rule AND entries = 0`);
    this.#setTask = db.prepare('UPDATE replication SET task = $task, is_failed = $isFailed WHERE sequence = $sequence');
  }

  /** Puts in what waits. */
  insert(row: Omit<ReplicationRow, 'isFailed'>): void {
    this.#arrivals.addChange(row);
  }
  get(sequence: number): ReplicationRow | undefined {
    return this.#arrivals.change(sequence) ?? this.#get.get(sequence);
  }
  ofVersion(bucketId: number, key: Buffer, versionId: string): ReplicationRow[] {
    const moved = this.#ofVersion.all(bucketId, key, versionId);
    return moved.concat(this.#arrivals.changesOf({ bucketId, key, versionId }));
  }
  /** The oldest of a destination that failed. */
  oldestFailed(query: { destination: string; limit: number }): ReplicationRow[] {
    return this.#failed.all(query);
  }
  remove(row: ReplicationRow): void {
    if (this.#arrivals.removeChange(row)) return;
    this.#remove.run(row.sequence);
    this.#note(row, -1);
  }
  setTask(row: ReplicationRow, { task, isFailed }: { task: ReplicationTask; isFailed: boolean }): void {
    this.#arrivals.move(row.sequence);
    const changed = { sequence: row.sequence, task: JSON.stringify(task), isFailed: isFailed ? 1 : 0 };
    this.#setTask.run(changed);
    if (row.isFailed === changed.isFailed) return;
    this.#note(row, -1);
    this.#note({ ...row, ...changed }, 1);
  }

  /** Of rows that came or went. */
  #note({ isFailed, destination, bucketId, size, task }: ReplicationRow, entries: 1 | -1): void {
    const { rule } = JSON.parse(task) as ReplicationTask;
    const group = { isFailed, destination, bucketId, rule };
    this.#count.run({ ...group, entries, bytes: entries * size });
    if (entries < 0) this.#forget.run(group);
  }
}
