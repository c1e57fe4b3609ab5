/** The statements of the index: SQLite is shown each of them here, as a server prepares them when it first has use for them. */
import Database from 'better-sqlite3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Transaction } from '../../src/meta/apply/transaction.ts';
import { databasePath } from '../../src/meta/database.ts';
import { HotRows } from '../../src/meta/hot-rows.ts';
import { Reader } from '../../src/meta/reader.ts';
import { type Statement, Statements } from '../../src/meta/tables/lazy-statements.ts';
import type { Index } from '../../src/meta/types.ts';
import { IndexFixture } from './index-fixture.ts';

let fixture: IndexFixture;
let index: Index;
let db: Database.Database;

beforeAll(async () => {
  fixture = new IndexFixture();
  index = await fixture.open();
  db = new Database(databasePath(fixture.zonePath('north')), { readonly: true });
});
afterAll(async () => {
  db.close();
  await index.close();
  fixture.remove();
});

class KnownStatements extends Statements {
  readonly texts: string[] = [];
  override prepare<Bound extends unknown[], Row = unknown>(sql: string): Statement<Bound, Row> {
    this.texts.push(sql);
    return super.prepare(sql);
  }
}

function textsOf(use: (statements: Statements) => unknown): string[] {
  const statements = new KnownStatements(db);
  use(statements);
  return statements.texts;
}
const reads = () => textsOf((statements) => new Reader(statements, new HotRows()));
const writes = () => textsOf((statements) => new Transaction(statements));

/** How SQLite would go about a statement; throws if it cannot. */
function planOf(sql: string): string[] {
  const bare = sql.replaceAll(/\$\w+/g, '1');
  const values = Array.from(bare.matchAll(/\?/g), () => 1);
  const steps = db.prepare<unknown[], { detail: string }>(`EXPLAIN QUERY PLAN ${bare}`).all(...values);
  return steps.map(({ detail }) => detail);
}

test('every statement fits the schema', () => {
  const texts = [...reads(), ...writes()];
  expect(texts.length).toBeGreaterThan(100);
  for (const sql of texts) expect(() => planOf(sql)).not.toThrow();
});

test('no read scans a table or sorts', () => {
  const costly = reads().filter((sql) => planOf(sql).some((detail) => /^SCAN|TEMP B-TREE/.test(detail)));
  // Every segment and every identity is asked for, before a lifecycle pass which buckets have rules, how many batches of log lines
  // wait, and what is kept of how many changes do, so every row of those tables is read. Of arrivals there are some thousands at most.
  const readsAll =
    /FROM (segments|identit|bucket_configs JOIN|replication_totals|(access_log_batches|arrivals WHERE bucket_id IS (NOT )?NULL) GROUP)/;
  expect(costly.filter((sql) => !readsAll.test(sql))).toEqual([]);
});
