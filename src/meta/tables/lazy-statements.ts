/**
 * Statements that are prepared when they are first run. A start has use for few of the hundred and fifty that there are, and
 * to prepare all of them, on the connections of writer and reader, took a quarter of the opening of a small store.
 */
import type { Database, Statement as Prepared } from 'better-sqlite3';

export class Statement<Bound extends unknown[], Row = unknown> {
  readonly #db: Database;
  readonly #sql: string;
  #rows: 'objects' | 'values' | 'arrays' = 'objects';
  #prepared: Prepared<Bound, Row> | undefined;

  constructor(db: Database, sql: string) {
    this.#db = db;
    this.#sql = sql;
  }

  /** Rows are the values of their only column. */
  pluck(): this {
    this.#rows = 'values';
    return this;
  }
  /** Rows are arrays of values. */
  raw(): this {
    this.#rows = 'arrays';
    return this;
  }

  run(...bound: Bound): { readonly changes: number } {
    return this.#ready().run(...bound);
  }
  get(...bound: Bound): Row | undefined {
    return this.#ready().get(...bound);
  }
  all(...bound: Bound): Row[] {
    return this.#ready().all(...bound);
  }
  iterate(...bound: Bound): IterableIterator<Row> {
    return this.#ready().iterate(...bound);
  }

  #ready(): Prepared<Bound, Row> {
    if (this.#prepared !== undefined) return this.#prepared;
    const prepared = this.#db.prepare<unknown[], Row>(this.#sql) as Prepared<Bound, Row>;
    if (this.#rows === 'values') prepared.pluck();
    if (this.#rows === 'arrays') prepared.raw();
    this.#prepared = prepared;
    return prepared;
  }
}

/** A connection as those see it who only run statements. */
export class Statements {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  prepare<Bound extends unknown[], Row = unknown>(sql: string): Statement<Bound, Row> {
    return new Statement(this.#db, sql);
  }
}
