/**
 * What has just entered the outbox or the queue of replication: one row each, in their order and in no index, so that a change
 * that is told pays for little more than the row. What has not left by the time that some thousands have come after it moves to its
 * table, some hundreds at once, where it is found by target, destination, key and version; what is delivered before that
 * never gets there, such as all that a short burst of requests leaves.
 *
 * All sequences here are above all in those tables: whatever is put into them directly has these moved first.
 */
import type { Statement, Statements } from './lazy-statements.ts';

/** Sequences that stay, so that no reader looks through many more rows than this, … */
const kept = 4096;
/** … and between two moves. */
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

/** One with the name of its bucket, if that is still there. */
export type ArrivedChange = ReplicationRow & { readonly bucket: string | null };

/** What came in last for a target or a destination. */
export interface ArrivalQuery {
  readonly address: string;
  /** Sequences up to and including this one are left out. */
  readonly after: number;
  readonly limit: number;
}

/** The same on one key, or on a bucket and none of its keys. */
export interface ArrivedEventsQuery extends ArrivalQuery {
  readonly bucket: string;
  readonly key: string | null;
  readonly through: number;
}
export interface ArrivedChangesQuery extends ArrivalQuery {
  readonly bucketId: number;
  readonly key: Buffer;
  readonly through: number;
}

/** How many of what waits came in last; `first` is the sequence of the oldest. */
interface ArrivedSize {
  readonly address: string;
  readonly entries: number;
  readonly first: number;
}
export type ArrivedEvents = ArrivedSize & { readonly atMs: number };
export type ArrivedChanges = ArrivedSize & {
  readonly bucketId: number;
  readonly bucket: string | null;
  readonly rule: string;
  readonly bytes: number;
  readonly queuedMs: number;
};

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
  readonly #events: Statement<[ArrivalQuery], ArrivedEvent>;
  readonly #eventsOn: Statement<[ArrivedEventsQuery], ArrivedEvent>;
  readonly #eventSizes: Statement<[], ArrivedEvents>;
  readonly #changes: Statement<[ArrivalQuery], ArrivedChange>;
  readonly #changesOn: Statement<[ArrivedChangesQuery], ArrivedChange>;
  readonly #changeSizes: Statement<[], ArrivedChanges>;
  readonly #nextDestination: Statement<[string], string | null>;

  constructor(db: Statements) {
    this.#nextDestination = db
      .prepare<[string], string | null>('SELECT MIN(address) FROM arrivals WHERE bucket_id IS NOT NULL AND address > ?')
      .pluck();
    const name = '(SELECT name FROM buckets WHERE buckets.bucket_id = arrivals.bucket_id) AS bucket';
    const events = `SELECT ${EVENT_COLUMNS} FROM arrivals
      WHERE bucket_id IS NULL AND address = +$address AND sequence > +$after`;
    const changes = `SELECT ${CHANGE_COLUMNS}, ${name} FROM arrivals
      WHERE bucket_id IS NOT NULL AND address = +$address AND sequence > +$after`;
    const ordered = 'ORDER BY sequence LIMIT $limit';
    this.#events = db.prepare(`${events} ${ordered}`);
    this.#eventsOn = db.prepare(`
      ${events} AND sequence <= +$through AND body ->> '$.key' IS +$key AND body ->> '$.bucket' = +$bucket ${ordered}`);
    // The other columns are those of the row that has the smallest.
    this.#eventSizes = db.prepare(`
      SELECT address, COUNT(*) AS entries, MIN(sequence) AS first, body ->> '$.atMs' AS atMs
      FROM arrivals WHERE bucket_id IS NULL GROUP BY address`);
    this.#changes = db.prepare(`${changes} ${ordered}`);
    this.#changesOn = db.prepare(`
      ${changes} AND sequence <= +$through AND bucket_id = +$bucketId AND key = +$key ${ordered}`);
    this.#changeSizes = db.prepare(`
      SELECT address, bucket_id AS bucketId, ${name}, body ->> '$.rule' AS rule, COUNT(*) AS entries, SUM(size) AS bytes,
        MIN(sequence) AS first, queued_ms AS queuedMs
      FROM arrivals WHERE bucket_id IS NOT NULL GROUP BY address, bucket_id, rule ORDER BY first`);
  }

  events(query: ArrivalQuery): ArrivedEvent[] {
    return this.#events.all(query);
  }
  eventsOn(query: ArrivedEventsQuery): ArrivedEvent[] {
    return this.#eventsOn.all(query);
  }
  /** By target. */
  eventSizes(): ArrivedEvents[] {
    return this.#eventSizes.all();
  }
  changes(query: ArrivalQuery): ArrivedChange[] {
    return this.#changes.all(query);
  }
  changesOn(query: ArrivedChangesQuery): ArrivedChange[] {
    return this.#changesOn.all(query);
  }
  /** By destination, bucket and rule; the oldest first. */
  changeSizes(): ArrivedChanges[] {
    return this.#changeSizes.all();
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
  readonly #names: Statement<[number], Named & { readonly sequence: number }>;
  readonly #remove: Statement<[number]>;
  readonly #moves: readonly Statement<[number]>[];
  /** Sequences of changes by the version that they are about; undefined until somebody asks. */
  #ofVersion: Map<string, number[]> | undefined;
  /** How often that was changed. */
  revision = 0;

  constructor(db: Statements) {
    this.#insertEvent = db.prepare('INSERT INTO arrivals (sequence, address, body) VALUES (?, ?, ?)');
    this.#insertChange = db.prepare(`
      INSERT INTO arrivals (sequence, address, bucket_id, key, version_id, size, queued_ms, body)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?)`);
    this.#change = db.prepare(`SELECT ${CHANGE_COLUMNS} FROM arrivals WHERE sequence = ? AND bucket_id IS NOT NULL`);
    this.#names = db.prepare(`
      SELECT sequence, bucket_id AS bucketId, key, version_id AS versionId FROM arrivals
      WHERE bucket_id IS NOT NULL AND sequence <= ?`);
    this.#remove = db.prepare('DELETE FROM arrivals WHERE sequence = ?');
    this.#moves = [
      `INSERT INTO outbox (sequence, target, is_dead, event)
        SELECT sequence, address, 0, body FROM arrivals WHERE bucket_id IS NULL AND sequence <= ?`,
      `INSERT INTO replication SELECT sequence, address, bucket_id, key, version_id, 0, size, queued_ms, body
        FROM arrivals WHERE bucket_id IS NOT NULL AND sequence <= ?`,
      `INSERT INTO replication_totals
        SELECT 0, address, bucket_id, body ->> '$.rule' AS rule, COUNT(*), SUM(size)
        FROM arrivals WHERE bucket_id IS NOT NULL AND sequence <= ? GROUP BY address, bucket_id, rule
        ON CONFLICT DO UPDATE SET entries = entries + excluded.entries, bytes = bytes + excluded.bytes`,
      'DELETE FROM arrivals WHERE sequence <= ?',
    ].map((sql) => db.prepare<[number]>(sql));
  }

  addEvent({ sequence, target, event }: ArrivedEvent): void {
    this.#insertEvent.run(sequence, target, event);
    if (sequence % movedAtOnce === 0) this.move(sequence - kept);
  }
  addChange(row: Omit<ReplicationRow, 'isFailed'>): void {
    const { sequence, destination, bucketId, key, versionId, size, queuedMs, task } = row;
    this.#insertChange.run(sequence, destination, bucketId, key, versionId, size, queuedMs, task);
    if (this.#ofVersion !== undefined) this.#note(this.#ofVersion, row);
    if (sequence % movedAtOnce === 0) this.move(sequence - kept);
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
    if (this.#ofVersion !== undefined) this.#forget(this.#ofVersion, row);
    return this.remove(row.sequence);
  }
  /** Gives everything its place in its table, or all up to a sequence. */
  move(through: number = Number.MAX_SAFE_INTEGER): void {
    if (through <= 0) return;
    if (this.#ofVersion !== undefined) {
      for (const named of this.#names.all(through)) this.#forget(this.#ofVersion, named);
    }
    for (const move of this.#moves) move.run(through);
  }
  /** To be called when what came after a revision was undone. */
  reset(revision: number): void {
    if (revision !== this.revision) this.#ofVersion = undefined;
  }

  #readVersions(): Map<string, number[]> {
    const sequences = new Map<string, number[]>();
    for (const named of this.#names.all(Number.MAX_SAFE_INTEGER)) this.#note(sequences, named);
    return sequences;
  }

  #note(sequences: Map<string, number[]>, named: Named & { readonly sequence: number }): void {
    this.revision++;
    const name = nameOf(named);
    const others = sequences.get(name);
    if (others === undefined) sequences.set(name, [named.sequence]);
    else others.push(named.sequence);
  }

  #forget(sequences: Map<string, number[]>, named: Named & { readonly sequence: number }): void {
    this.revision++;
    const name = nameOf(named);
    const left = sequences.get(name)?.filter((sequence) => sequence !== named.sequence) ?? [];
    if (left.length > 0) sequences.set(name, left);
    else sequences.delete(name);
  }
}

/** What names the version that a change is about. */
type Named = Pick<ReplicationRow, 'bucketId' | 'key' | 'versionId'>;

function nameOf({ bucketId, key, versionId }: Named): string {
  return `${bucketId} ${versionId} ${key.toString('latin1')}`;
}
