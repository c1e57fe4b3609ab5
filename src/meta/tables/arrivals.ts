/**
 * What has just entered the outbox or the queue of replication: one row each, in their order and in no index, so that a change
 * that is told pays for little more than the row. Some hundreds of them move to their tables at once (`move`), where
 * they are found by target, destination, key and version; what is delivered before that never gets there.
 *
 * All sequences here are above all in those tables: whatever is put into them directly has these moved first.
 */
import type { Database, Statement } from 'better-sqlite3';

/** Sequences between two moves, so that no reader looks through more rows than this. */
const movedAtOnce = 256;

/** A change that waits for a destination, or has failed. */
export interface ReplicationRow {
  readonly sequence: number;
  readonly destination: string;
  readonly bucketId: number;
  readonly key: Buffer;
  readonly versionId: string;
  readonly isFailed: number;
  readonly size: number;
  readonly queuedMs: number;
  /** JSON of `ReplicationTask` (`replication.ts`). */
  readonly task: string;
}

export interface ArrivedEvent {
  readonly sequence: number;
  readonly target: string;
  /** JSON text. */
  readonly event: string;
}

const EVENT_COLUMNS = 'sequence, address AS target, body AS event';
const CHANGE_COLUMNS = `sequence, address AS destination, bucket_id AS bucketId, key, version_id AS versionId,
  0 AS isFailed, size, queued_ms AS queuedMs, body AS task`;

export class ArrivalReader {
  readonly #events: Statement<[number], ArrivedEvent>;
  readonly #changes: Statement<[number], ReplicationRow & { readonly bucket: string | null }>;

  constructor(db: Database) {
    this.#events = db.prepare(
      `SELECT ${EVENT_COLUMNS} FROM arrivals WHERE sequence > ? AND bucket_id IS NULL ORDER BY sequence`,
    );
    this.#changes = db.prepare(`
      SELECT ${CHANGE_COLUMNS}, (SELECT name FROM buckets WHERE buckets.bucket_id = arrivals.bucket_id) AS bucket
      FROM arrivals WHERE sequence > ? AND bucket_id IS NOT NULL ORDER BY sequence`);
  }

  events(after: number): ArrivedEvent[] {
    return this.#events.all(after);
  }
  changes(after: number): (ReplicationRow & { readonly bucket: string | null })[] {
    return this.#changes.all(after);
  }
}

export class ArrivalWriter {
  readonly #insertEvent: Statement<[number, string, string]>;
  readonly #insertChange: Statement<[number, string, number, Buffer, string, number, number, string]>;
  readonly #change: Statement<[number], ReplicationRow>;
  readonly #ofVersion: Statement<[number, Buffer, string], ReplicationRow>;
  readonly #remove: Statement<[number]>;
  readonly #moves: readonly Statement<[]>[];

  constructor(db: Database) {
    this.#insertEvent = db.prepare('INSERT INTO arrivals (sequence, address, body) VALUES (?, ?, ?)');
    this.#insertChange = db.prepare(`
      INSERT INTO arrivals (sequence, address, bucket_id, key, version_id, size, queued_ms, body)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?)`);
    this.#change = db.prepare(`SELECT ${CHANGE_COLUMNS} FROM arrivals WHERE sequence = ? AND bucket_id IS NOT NULL`);
    this.#ofVersion = db.prepare(
      `SELECT ${CHANGE_COLUMNS} FROM arrivals WHERE bucket_id = ? AND key = ? AND version_id = ?`,
    );
    this.#remove = db.prepare('DELETE FROM arrivals WHERE sequence = ?');
    this.#moves = [
      'INSERT INTO outbox SELECT sequence, address, 0, body FROM arrivals WHERE bucket_id IS NULL',
      `INSERT INTO replication SELECT sequence, address, bucket_id, key, version_id, 0, size, queued_ms, body
        FROM arrivals WHERE bucket_id IS NOT NULL`,
      `INSERT INTO replication_totals
        SELECT 0, address, bucket_id, body ->> '$.rule' AS rule, COUNT(*), SUM(size)
        FROM arrivals WHERE bucket_id IS NOT NULL GROUP BY address, bucket_id, rule
        ON CONFLICT DO UPDATE SET entries = entries + excluded.entries, bytes = bytes + excluded.bytes`,
      'DELETE FROM arrivals',
    ].map((sql) => db.prepare<[]>(sql));
  }

  addEvent({ sequence, target, event }: ArrivedEvent): void {
    this.#insertEvent.run(sequence, target, event);
    if (sequence % movedAtOnce === 0) this.move();
  }
  addChange(row: Omit<ReplicationRow, 'isFailed'>): void {
    const { sequence, destination, bucketId, key, versionId, size, queuedMs, task } = row;
    this.#insertChange.run(sequence, destination, bucketId, key, versionId, size, queuedMs, task);
    if (sequence % movedAtOnce === 0) this.move();
  }
  change(sequence: number): ReplicationRow | undefined {
    return this.#change.get(sequence);
  }
  changesOf(bucketId: number, key: Buffer, versionId: string): ReplicationRow[] {
    return this.#ofVersion.all(bucketId, key, versionId);
  }
  /** False if it is not here. */
  remove(sequence: number): boolean {
    return this.#remove.run(sequence).changes > 0;
  }
  /** Gives everything its place in its table. */
  move(): void {
    for (const move of this.#moves) move.run();
  }
}
