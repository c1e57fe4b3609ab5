/** Events on their way: a row for each target that is to hear of one. */
import type { Database, Statement } from 'better-sqlite3';
import type { OutboxEntry, PlacedEvent } from '../records.ts';

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

  constructor(db: Database) {
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
    return this.#waiting.all(query).map(entryOf);
  }
  waitingOn(query: OutboxKeyQuery): OutboxEntry[] {
    return this.#ofKey.all(query).map(entryOf);
  }
  sizes(): OutboxSize[] {
    return this.#sizes.all().map(({ target, isDead, events, first }) => ({
      ...{ target, isDead: isDead === 1, events },
      oldestMs: this.#time.get(first)?.atMs ?? 0,
    }));
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
  readonly #insert: Statement<[{ sequence: number; target: string; event: string }]>;
  readonly #remove: Statement<[number]>;
  readonly #bury: Statement<[number]>;

  constructor(db: Database) {
    this.#oldest = db.prepare(`
      SELECT sequence FROM outbox WHERE is_dead = $isDead AND target = $target ORDER BY sequence LIMIT $limit`);
    this.#move = db.prepare('UPDATE outbox SET sequence = ?, is_dead = 0 WHERE sequence = ?');
    this.#insert = db.prepare('INSERT INTO outbox VALUES ($sequence, $target, 0, $event)');
    this.#remove = db.prepare('DELETE FROM outbox WHERE sequence = ?');
    this.#bury = db.prepare('UPDATE outbox SET is_dead = 1 WHERE sequence = ?');
  }

  insert(sequence: number, target: string, event: OutboxEntry['event']): void {
    this.#insert.run({ sequence, target, event: JSON.stringify(event) });
    this.placed.push({ target, event });
  }
  /** Sequences of a target's oldest events. */
  oldest({ target, isDead, limit }: { target: string; isDead: boolean; limit: number }): number[] {
    return this.#oldest.all({ target, isDead: isDead ? 1 : 0, limit }).map(({ sequence }) => sequence);
  }
  /** Lets a dead letter wait again, at another place in the order. */
  revive({ sequence, as }: { sequence: number; as: number }): void {
    this.#move.run(as, sequence);
  }
  remove(sequence: number): void {
    this.#remove.run(sequence);
  }
  /** Makes an event a dead letter. */
  bury(sequence: number): void {
    this.#bury.run(sequence);
  }
}
