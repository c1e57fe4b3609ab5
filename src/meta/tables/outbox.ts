/** Events on their way: a row for each target that is to hear of one. */

import type { OutboxEntry, PlacedEvent } from '../records.ts';
import { ArrivalReader, type ArrivalWriter } from './arrivals.ts';
import type { Statement, Statements } from './lazy-statements.ts';

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

  constructor(db: Statements) {
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
    const { target: address, after, limit } = query;
    const arrived = this.#arrivals.events({ address, after, limit: limit - entries.length });
    return entries.concat(arrived.map(entryOf));
  }
  waitingOn(query: OutboxKeyQuery): OutboxEntry[] {
    const entries = this.#ofKey.all(query).map(entryOf);
    if (entries.length === query.limit) return entries;
    const arrived = this.#arrivals.eventsOn({ ...query, address: query.target, limit: query.limit - entries.length });
    return entries.concat(arrived.map(entryOf));
  }
  sizes(): OutboxSize[] {
    const sizes = new Map<string, OutboxSize>();
    for (const { target, isDead, events, first } of this.#sizes.all()) {
      const oldestMs = this.#time.get(first)?.atMs ?? 0;
      sizes.set(`${isDead} ${target}`, { target, isDead: isDead === 1, events, oldestMs });
    }
    for (const { address: target, entries, atMs } of this.#arrivals.eventSizes()) {
      const { events = 0, oldestMs = atMs } = sizes.get(`0 ${target}`) ?? {};
      sizes.set(`0 ${target}`, { target, isDead: false, events: events + entries, oldestMs });
    }
    return [...sizes.values()].toSorted((a, b) => Number(a.isDead) - Number(b.isDead));
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

  constructor(db: Statements, arrivals: ArrivalWriter) {
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
    this.#arrivals.move(sequence);
    this.#bury.run(sequence);
  }
}
