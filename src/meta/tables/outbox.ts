/** Events on their way: a row for each target that is to hear of one. */
import type { Database, Statement } from 'better-sqlite3';
import type { OutboxEntry, PlacedEvent } from '../records.ts';
import { ArrivalReader, type ArrivalWriter, arrivalsMax } from './arrivals.ts';

interface OutboxRow {
  readonly sequence: number;
  readonly event: string;
}

export interface OutboxQuery {
  readonly target: string;
  /** Sequences up to and including this one are left out. */
  readonly after: number;
  readonly limit: number;
}

/** Events on one key, or of a bucket on none. */
export interface OutboxKeyQuery extends OutboxQuery {
  readonly bucket: string;
  readonly key: string | null;
  /** Later sequences are left out. */
  readonly through: number;
}

/** How much waits for a target. */
export interface OutboxSize {
  readonly target: string;
  readonly isDead: boolean;
  readonly events: number;
  /** When the oldest of them happened, in milliseconds since 1970. */
  readonly oldestMs: number;
}

export class OutboxReader {
  readonly #waiting: Statement<[OutboxQuery], OutboxRow>;
  readonly #ofKey: Statement<[OutboxKeyQuery], OutboxRow>;
  readonly #sizes: Statement<[], { target: string; isDead: number; events: number; first: number }>;
  readonly #time: Statement<[number], { atMs: number }>;
  readonly #arrivals: ArrivalReader;

  constructor(db: Database) {
    this.#arrivals = new ArrivalReader(db);
    this.#waiting = db.prepare(`
      SELECT sequence, event FROM outbox
      WHERE is_dead = 0 AND target = $target AND sequence > $after ORDER BY sequence LIMIT $limit`);
    this.#ofKey = db.prepare(`
      SELECT sequence, event FROM outbox
      WHERE is_dead = 0 AND target = $target AND event ->> '$.key' IS $key AND sequence > $after AND sequence <= $through
        AND event ->> '$.bucket' = $bucket
      ORDER BY sequence LIMIT $limit`);
    this.#sizes = db.prepare(`
      SELECT target, is_dead AS isDead, COUNT(*) AS events, MIN(sequence) AS first
      FROM outbox GROUP BY is_dead, target`);
    this.#time = db.prepare("SELECT event ->> '$.atMs' AS atMs FROM outbox WHERE sequence = ?");
  }

  waiting(query: OutboxQuery): OutboxEntry[] {
    const entries = this.#waiting.all(query).map(entryOf);
    if (entries.length === query.limit) return entries;
    return entries.concat(this.#arrived({ ...query, limit: query.limit - entries.length }));
  }
  waitingOn(query: OutboxKeyQuery): OutboxEntry[] {
    const { bucket, key, through, limit } = query;
    const entries = this.#ofKey.all(query).map(entryOf);
    if (entries.length === limit) return entries;
    const arrived = this.#arrived({ ...query, limit: arrivalsMax }).filter(({ sequence, event }) => {
      return sequence <= through && event.bucket === bucket && ('key' in event ? event.key : null) === key;
    });
    return entries.concat(arrived.slice(0, limit - entries.length));
  }
  sizes(): OutboxSize[] {
    const sizes = new Map<string, OutboxSize>();
    for (const { target, isDead, events, first } of this.#sizes.all()) {
      const oldestMs = this.#time.get(first)?.atMs ?? 0;
      sizes.set(`${isDead} ${target}`, { target, isDead: isDead === 1, events, oldestMs });
    }
    for (const { target, event } of this.#arrivals.events()) {
      const known = sizes.get(`0 ${target}`);
      const { oldestMs, events } = known ?? { oldestMs: entryOf({ sequence: 0, event }).event.atMs, events: 0 };
      sizes.set(`0 ${target}`, { target, isDead: false, events: events + 1, oldestMs });
    }
    return [...sizes.values()];
  }

  /** What came in last for a target. */
  #arrived({ target: address, after, limit }: OutboxQuery): OutboxEntry[] {
    return this.#arrivals.eventsFor({ address, after, limit }).map(entryOf);
  }
}

function entryOf({ sequence, event }: OutboxRow): OutboxEntry {
  return { sequence, event: JSON.parse(event) as OutboxEntry['event'] };
}

export class OutboxWriter {
  /** What the open transaction has put in, in its order. */
  placed: PlacedEvent[] = [];
  readonly #oldest: Statement<[{ target: string; isDead: number; limit: number }], { sequence: number }>;
  readonly #move: Statement<[number, number]>;
  readonly #arrivals: ArrivalWriter;
  readonly #remove: Statement<[number]>;
  readonly #bury: Statement<[number]>;

  constructor(db: Database, arrivals: ArrivalWriter) {
    this.#arrivals = arrivals;
    this.#oldest = db.prepare(`
      SELECT sequence FROM outbox WHERE is_dead = $isDead AND target = $target ORDER BY sequence LIMIT $limit`);
    this.#move = db.prepare('UPDATE outbox SET sequence = ?, is_dead = 0 WHERE sequence = ?');
    this.#remove = db.prepare('DELETE FROM outbox WHERE sequence = ?');
    this.#bury = db.prepare('UPDATE outbox SET is_dead = 1 WHERE sequence = ?');
  }

  insert(sequence: number, target: string, event: OutboxEntry['event']): void {
    this.#arrivals.addEvent({ sequence, target, event: JSON.stringify(event) });
    this.placed.push({ target, event });
  }
  /** Sequences of a target's oldest events. */
  oldest({ target, isDead, limit }: { target: string; isDead: boolean; limit: number }): number[] {
    this.#arrivals.move();
    return this.#oldest.all({ target, isDead: isDead ? 1 : 0, limit }).map(({ sequence }) => sequence);
  }
  /** Lets a dead letter wait again, at another place in the order. */
  revive({ sequence, as }: { sequence: number; as: number }): void {
    this.#arrivals.move();
    this.#move.run(as, sequence);
  }
  remove(sequence: number): void {
    if (!this.#arrivals.remove(sequence)) this.#remove.run(sequence);
  }
  /** Makes an event a dead letter. */
  bury(sequence: number): void {
    this.#arrivals.move();
    this.#bury.run(sequence);
  }
}
