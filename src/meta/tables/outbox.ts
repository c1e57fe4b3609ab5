/** Events on their way: a row for each target that is to hear of one. */

import { setImmediate } from 'node:timers/promises';
import type { EventSetAside, EventTries, OutboxEntry, PlacedEvent } from '../records.ts';
import { ArrivalReader, type ArrivalWriter } from './arrivals.ts';
import type { Statement, Statements } from './lazy-statements.ts';

/** Rows counted at once: a millisecond or two. */
const STRETCH = 5000;

const COLUMNS = 'sequence, event, tried_ms AS triedMs, failures, again_ms AS againMs';

/** A place in the order in which rows are counted. */
interface OutboxPlace {
  readonly isDead: number;
  readonly target: string;
  readonly after: number;
}

interface OutboxRow {
  readonly sequence: number;
  readonly event: string;
}

type AsideRow = OutboxRow & EventTries;

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

/** Events that are set aside and may be tried again, in the order of that. */
export interface OutboxAsideQuery {
  readonly target: string;
  readonly nowMs: number;
  /** This one and those before it are left out. */
  readonly after: Pick<EventSetAside, 'againMs' | 'sequence'>;
  /** Later sequences are left out. */
  readonly through: number;
  readonly limit: number;
}

/** An event that may be behind one of its key that is set aside. */
export interface OutboxPlaceQuery {
  readonly target: string;
  readonly bucket: string;
  readonly key: string | null;
  readonly sequence: number;
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
  readonly #waiting: Statement<[OutboxQuery], OutboxRow | AsideRow>;
  readonly #ofKey: Statement<[OutboxKeyQuery], OutboxRow | AsideRow>;
  readonly #aside: Statement<[Omit<OutboxAsideQuery, 'after'> & OutboxAsideQuery['after']], AsideRow>;
  readonly #asideBefore: Statement<[OutboxPlaceQuery], number>;
  readonly #next: Statement<[OutboxPlace], Pick<OutboxPlace, 'isDead' | 'target'> & { readonly first: number }>;
  readonly #stretchEnd: Statement<[OutboxPlace], { readonly last: number }>;
  readonly #rest: Statement<[OutboxPlace], { readonly events: number }>;
  readonly #time: Statement<[number], { atMs: number }>;
  readonly #arrivals: ArrivalReader;

  constructor(db: Statements) {
    this.#arrivals = new ArrivalReader(db);
    this.#waiting = db.prepare(`
      SELECT ${COLUMNS} FROM outbox
      WHERE is_dead = 0 AND target = $target AND sequence > $after ORDER BY sequence LIMIT $limit`);
    this.#ofKey = db.prepare(`
      SELECT ${COLUMNS} FROM outbox
      WHERE is_dead = 0 AND target = $target AND event ->> '$.key' IS $key AND sequence > $after AND sequence <= $through
        AND event ->> '$.bucket' = $bucket
      ORDER BY sequence LIMIT $limit`);
    this.#aside = db.prepare(`
      SELECT ${COLUMNS} FROM outbox INDEXED BY outbox_aside
      WHERE target = $target AND again_ms <= $nowMs AND (again_ms, sequence) > ($againMs, $sequence) AND sequence <= $through
        AND again_ms IS NOT NULL
      ORDER BY again_ms, sequence LIMIT $limit`);
    this.#asideBefore = db
      .prepare<[OutboxPlaceQuery], number>(`
        SELECT sequence FROM outbox INDEXED BY outbox_aside_by_key
        WHERE target = $target AND event ->> '$.key' IS $key AND sequence < $sequence AND again_ms IS NOT NULL
          AND event ->> '$.bucket' = $bucket
        LIMIT 1`)
      .pluck();
    this.#next = db.prepare(`
      SELECT is_dead AS isDead, target, sequence AS first FROM outbox
      WHERE (is_dead, target, sequence) > ($isDead, $target, $after) ORDER BY is_dead, target, sequence LIMIT 1`);
    this.#stretchEnd = db.prepare(`
      SELECT sequence AS last FROM outbox WHERE is_dead = $isDead AND target = $target AND sequence > $after
      ORDER BY sequence LIMIT 1 OFFSET ${STRETCH - 1}`);
    this.#rest = db.prepare(`
      SELECT COUNT(*) AS events FROM outbox WHERE is_dead = $isDead AND target = $target AND sequence > $after`);
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
  /** Events that are set aside and may be tried again. */
  aside({ after, ...query }: OutboxAsideQuery): OutboxEntry[] {
    return this.#aside.all({ ...query, ...after }).map(entryOf);
  }
  /** The event that is set aside and has one wait behind it, if there is one. */
  asideBefore(query: OutboxPlaceQuery): number | undefined {
    return this.#asideBefore.get(query);
  }
  /** Counts a stretch at a time, and gives way in between: what changes meanwhile may be counted or not. */
  async sizes(): Promise<OutboxSize[]> {
    const sizes = new Map<string, OutboxSize>();
    for (let at: OutboxPlace = { isDead: 0, target: '', after: -1 }; ; ) {
      const next = this.#next.get(at);
      if (next === undefined) break;
      const { isDead, target, first } = next;
      const oldestMs = this.#time.get(first)?.atMs ?? 0;
      const events = await this.#count({ isDead, target, after: -1 });
      if (events > 0) sizes.set(`${isDead} ${target}`, { target, isDead: isDead === 1, events, oldestMs });
      at = { isDead, target, after: Number.MAX_SAFE_INTEGER };
    }
    for (const { address: target, entries, atMs } of this.#arrivals.eventSizes()) {
      const { events = 0, oldestMs = atMs } = sizes.get(`0 ${target}`) ?? {};
      sizes.set(`0 ${target}`, { target, isDead: false, events: events + entries, oldestMs });
    }
    return [...sizes.values()].toSorted((a, b) => Number(a.isDead) - Number(b.isDead));
  }

  async #count(from: OutboxPlace): Promise<number> {
    for (let total = 0, after = from.after; ; ) {
      const end = this.#stretchEnd.get({ ...from, after });
      if (end === undefined) return total + (this.#rest.get({ ...from, after })?.events ?? 0);
      total += STRETCH;
      after = end.last;
      await setImmediate();
    }
  }
}

function entryOf({ sequence, event: text, ...tries }: OutboxRow | AsideRow): OutboxEntry {
  const event = JSON.parse(text) as OutboxEntry['event'];
  return 'againMs' in tries && tries.againMs !== null ? { sequence, event, tries } : { sequence, event };
}

export class OutboxWriter {
  /** What the open transaction has put in, in its order. */
  placed: PlacedEvent[] = [];
  readonly #oldest: Statement<[{ target: string; isDead: number; limit: number }], { sequence: number }>;
  readonly #move: Statement<[number, number]>;
  readonly #arrivals: ArrivalWriter;
  readonly #remove: Statement<[number]>;
  readonly #bury: Statement<[number]>;
  readonly #setAside: Statement<[EventSetAside]>;

  constructor(db: Statements, arrivals: ArrivalWriter) {
    this.#arrivals = arrivals;
    this.#oldest = db.prepare(`
      SELECT sequence FROM outbox WHERE is_dead = $isDead AND target = $target ORDER BY sequence LIMIT $limit`);
    this.#move = db.prepare('UPDATE outbox SET sequence = ?, is_dead = 0 WHERE sequence = ?');
    this.#remove = db.prepare('DELETE FROM outbox WHERE sequence = ?');
    this.#bury = db.prepare(
      'UPDATE outbox SET is_dead = 1, tried_ms = NULL, failures = NULL, again_ms = NULL WHERE sequence = ?',
    );
    this.#setAside = db.prepare(`
      UPDATE outbox SET tried_ms = $triedMs, failures = $failures, again_ms = $againMs
      WHERE sequence = $sequence AND is_dead = 0`);
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
  /** Returns whether it was there. */
  remove(sequence: number): boolean {
    return this.#arrivals.remove(sequence) || this.#remove.run(sequence).changes > 0;
  }
  /** Makes an event a dead letter. */
  bury(sequence: number): void {
    this.#arrivals.move(sequence);
    this.#bury.run(sequence);
  }
  /** Has an event wait to be tried again. */
  setAside(tried: EventSetAside): void {
    this.#arrivals.move(tried.sequence);
    this.#setAside.run(tried);
  }
}
