/**
 * The index as it was at one instant, for what reads all of a bucket and must not see it change: a connection of its own
 * that stays in one read transaction. While one is open SQLite cannot begin its WAL anew, so the WAL grows by what is
 * written meanwhile (`checkpoints.ts`); whoever opens an instant closes it soon.
 */
import type { Database } from 'better-sqlite3';
import type { Checkpoints } from './checkpoints.ts';
import { openReader } from './database.ts';
import { encodeKey, endOfPrefix } from './keys.ts';
import type { Version } from './records.ts';
import { Statements } from './tables/lazy-statements.ts';
import { toVersion, VersionReader, type VersionRow } from './tables/versions.ts';
import { type IndexInstant, IndexUnavailable } from './types.ts';

export class Instants {
  readonly #path: string;
  readonly #checkpoints: Checkpoints;
  readonly #open = new Set<Instant>();

  constructor(path: string, checkpoints: Checkpoints) {
    this.#path = path;
    this.#checkpoints = checkpoints;
  }

  open(): IndexInstant {
    const db = openReader(this.#path);
    const letGo = this.#checkpoints.hold();
    const instant = new Instant(db, () => {
      this.#open.delete(instant);
      letGo();
    });
    this.#open.add(instant);
    return instant;
  }

  /** Closes those that are still open: the database is about to be closed. */
  close(): void {
    for (const instant of [...this.#open]) instant.close();
  }
}

class Instant implements IndexInstant {
  readonly #db: Database;
  readonly #versions: VersionReader;
  readonly #closed: () => void;
  #rows: Iterator<VersionRow> | undefined;

  constructor(db: Database, closed: () => void) {
    this.#db = db;
    this.#versions = new VersionReader(new Statements(db));
    this.#closed = closed;
    db.exec('BEGIN');
    // The transaction sees what there is when it first reads.
    db.prepare('SELECT 1 FROM state').get();
  }

  versions({ bucketId, prefix }: { bucketId: number; prefix: string }): Iterator<Version> {
    const from = encodeKey(prefix);
    const rows = this.#versions.inOrder(bucketId, from, endOfPrefix(from));
    this.#rows = rows;
    let key: Buffer | undefined;
    return {
      next: () => {
        // Rows of a walk that was cut short must not look like all of them.
        if (!this.#db.open) throw new IndexUnavailable('The index was closed while it was read.');
        const next = rows.next();
        if (next.done === true) return { done: true, value: undefined };
        const isLatest = key?.equals(next.value.key) !== true;
        key = next.value.key;
        return { value: toVersion(next.value, isLatest) };
      },
    };
  }

  close(): void {
    if (!this.#db.open) return;
    this.#rows?.return?.();
    this.#db.close();
    this.#closed();
  }
}
