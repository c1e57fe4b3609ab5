/**
 * What has just entered the outbox or the queue of replication: one row each, in their order and in no index, so that a change
 * that is told pays for little more than the row. Some hundreds of them move to their tables at once (`move`), where
 * they are found by target, destination, key and version; what is delivered before that never gets there.
 *
 * All sequences here are above all in those tables: whatever is put into them directly has these moved first.
 */
import type { Database, Statement } from 'better-sqlite3';

/** Sequences between two moves, so that no reader looks through more rows than this. */
export const arrivalsMax = 1024;

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

/** One with the name of its bucket, if that is still there. */
export type ArrivedChange = ReplicationRow & { readonly bucket: string | null };

/** What came in last for a target or a destination. */
export interface ArrivalQuery {
  readonly address: string;
  /** Sequences up to and including this one are left out. */
  readonly after: number;
  readonly limit: number;
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
  readonly #events: Statement<[], ArrivedEvent>;
  readonly #eventsFor: Statement<[ArrivalQuery], ArrivedEvent>;
  readonly #changes: Statement<[], ArrivedChange>;
  readonly #changesFor: Statement<[ArrivalQuery], ArrivedChange>;
  readonly #nextDestination: Statement<[string], string | null>;

  constructor(db: Database) {
    this.#nextDestination = db
      .prepare<[string], string | null>('SELECT MIN(address) FROM arrivals WHERE bucket_id IS NOT NULL AND address > ?')
      .pluck();
    const events = `SELECT ${EVENT_COLUMNS} FROM arrivals WHERE bucket_id IS NULL`;
    const changes = `SELECT ${CHANGE_COLUMNS},
        (SELECT name FROM buckets WHERE buckets.bucket_id = arrivals.bucket_id) AS bucket
      FROM arrivals WHERE bucket_id IS NOT NULL`;
    const chosen = 'AND address = +$address AND sequence > +$after ORDER BY sequence LIMIT $limit';
    this.#events = db.prepare(`${events} ORDER BY sequence`);
    this.#eventsFor = db.prepare(`${events} ${chosen}`);
    this.#changes = db.prepare(`${changes} ORDER BY sequence`);
    this.#changesFor = db.prepare(`${changes} ${chosen}`);
  }

  events(): ArrivedEvent[] {
    return this.#events.all();
  }
  eventsFor(query: ArrivalQuery): ArrivedEvent[] {
    return this.#eventsFor.all(query);
  }
  changes(): ArrivedChange[] {
    return this.#changes.all();
  }
  changesFor(query: ArrivalQuery): ArrivedChange[] {
    return this.#changesFor.all(query);
  }
  /** The first destination of a change behind another one. */
  nextDestination(after: string): string | undefined {
    return this.#nextDestination.get(after) ?? undefined;
  }
}

export class ArrivalWriter {
  readonly #insertEvent: Statement<[number, string, string]>;
  readonly #insertChange: Statement<[number, string, number, Buffer, string, number, number, string]>;
  readonly #change: Statement<[number], ReplicationRow>;
  readonly #names: Statement<[], Named & { readonly sequence: number }>;
  readonly #remove: Statement<[number]>;
  readonly #moves: readonly Statement<[]>[];
  /** Sequences of changes by the version that they are about; undefined until somebody asks. */
  #ofVersion: Map<string, number[]> | undefined;

  constructor(db: Database) {
    this.#insertEvent = db.prepare('INSERT INTO arrivals (sequence, address, body) VALUES (?, ?, ?)');
    this.#insertChange = db.prepare(`
      INSERT INTO arrivals (sequence, address, bucket_id, key, version_id, size, queued_ms, body)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?)`);
    this.#change = db.prepare(`SELECT ${CHANGE_COLUMNS} FROM arrivals WHERE sequence = ? AND bucket_id IS NOT NULL`);
    this.#names = db.prepare(`
      SELECT sequence, bucket_id AS bucketId, key, version_id AS versionId FROM arrivals WHERE bucket_id IS NOT NULL`);
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
    if (sequence % arrivalsMax === 0) this.move();
  }
  addChange(row: Omit<ReplicationRow, 'isFailed'>): void {
    const { sequence, destination, bucketId, key, versionId, size, queuedMs, task } = row;
    this.#insertChange.run(sequence, destination, bucketId, key, versionId, size, queuedMs, task);
    if (this.#ofVersion !== undefined) note(this.#ofVersion, row);
    if (sequence % arrivalsMax === 0) this.move();
  }
  change(sequence: number): ReplicationRow | undefined {
    return this.#change.get(sequence);
  }
  changesOf(version: Named): ReplicationRow[] {
    this.#ofVersion ??= this.#readVersions();
    return (this.#ofVersion.get(nameOf(version)) ?? []).flatMap((sequence) => this.#change.get(sequence) ?? []);
  }
  /** False if it is not here. */
  remove(sequence: number): boolean {
    return this.#remove.run(sequence).changes > 0;
  }
  /** The same of a change. */
  removeChange(row: Named & { readonly sequence: number }): boolean {
    const name = nameOf(row);
    const others = this.#ofVersion?.get(name)?.filter((sequence) => sequence !== row.sequence) ?? [];
    if (others.length === 0) this.#ofVersion?.delete(name);
    else this.#ofVersion?.set(name, others);
    return this.remove(row.sequence);
  }
  /** Gives everything its place in its table. */
  move(): void {
    for (const move of this.#moves) move.run();
    this.#ofVersion?.clear();
  }
  /** To be called when something of it was undone. */
  forget(): void {
    this.#ofVersion = undefined;
  }

  #readVersions(): Map<string, number[]> {
    const sequences = new Map<string, number[]>();
    for (const named of this.#names.all()) note(sequences, named);
    return sequences;
  }
}

/** What names the version that a change is about. */
type Named = Pick<ReplicationRow, 'bucketId' | 'key' | 'versionId'>;

function nameOf({ bucketId, key, versionId }: Named): string {
  return `${bucketId} ${versionId} ${key.toString('latin1')}`;
}

function note(sequences: Map<string, number[]>, named: Named & { readonly sequence: number }): void {
  const name = nameOf(named);
  sequences.set(name, [...(sequences.get(name) ?? []), named.sequence]);
}
