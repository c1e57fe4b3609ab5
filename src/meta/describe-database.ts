/**
 * Index databases in plain words: the one in use, snapshots of it, and the file by which a server locks a zone. Nothing is
 * changed: a database that SQLite would have to write to is looked at in a copy.
 */
import { constants, copyFileSync, existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import Database from 'better-sqlite3';
import type { Damage, InspectedPart } from '../lib/inspection.ts';
import { Statements } from './tables/lazy-statements.ts';
import { StateReader } from './tables/state.ts';

/** What every SQLite file begins with. */
export const SQLITE_MAGIC = Buffer.from('SQLite format 3\0', 'latin1');

const countedTables = ['buckets', 'versions', 'uploads', 'parts', 'blobs', 'segments'] as const;

export async function* describeDatabase(path: string): AsyncGenerator<InspectedPart> {
  const folder = needsCopy(path) ? mkdtempSync(join(tmpdir(), 'ninefold-inspect-')) : undefined;
  try {
    const readable = folder === undefined ? path : join(folder, basename(path));
    if (folder !== undefined) copyDatabase({ from: path, to: readable });
    yield* readDatabase(readable);
  } finally {
    if (folder !== undefined) rmSync(folder, { recursive: true });
  }
}

/** In WAL mode SQLite makes files beside the database even to read it, unless a server has made them. */
function needsCopy(path: string): boolean {
  return !existsSync(`${path}-shm`);
}

/** With what has been committed to it but not yet copied into it. */
function copyDatabase({ from, to }: { from: string; to: string }): void {
  for (const suffix of ['', '-wal']) {
    if (existsSync(from + suffix)) copyFileSync(from + suffix, to + suffix, constants.COPYFILE_FICLONE);
  }
}

/** What can be read is told, however damaged the rest is: SQLite's own check comes last and says where. */
function* readDatabase(path: string): Generator<InspectedPart> {
  let db: Database.Database | undefined;
  try {
    db = new Database(path, { readonly: true, fileMustExist: true });
    for (const describe of [describeState, describeCounts]) yield unlessDamaged(db, describe);
    yield { text: 'Checked by SQLite, page by page', facts: { kind: 'database-check' }, damage: findDamage(db) };
  } catch (error) {
    yield { text: 'Database', facts: { kind: 'database' }, damage: [damageOf(error)] };
  } finally {
    db?.close();
  }
}

function unlessDamaged(db: Database.Database, describe: (db: Database.Database) => InspectedPart): InspectedPart {
  try {
    return describe(db);
  } catch (error) {
    return { text: 'Rows that cannot be read', facts: { kind: 'database' }, damage: [damageOf(error)] };
  }
}

function damageOf(error: unknown): Damage {
  if (!(error instanceof Database.SqliteError)) throw error;
  return { offset: 0, field: 'database', what: `${error.message} (${error.code})` };
}

function describeState(db: Database.Database): InspectedPart {
  const schema = Number(db.pragma('user_version', { simple: true }));
  const tables = db.prepare<[], { name: string }>("SELECT name FROM sqlite_schema WHERE type = 'table'").all();
  if (!tables.some(({ name }) => name === 'state')) {
    return { text: 'A SQLite database that is no index', facts: { kind: 'database', schema } };
  }
  const state = new StateReader(new Statements(db));
  const { sequence, position } = state.applied();
  const clusterId = state.clusterId();
  return {
    text:
      `Index database: schema ${schema}, cluster ${clusterId}, has applied log record ${sequence} ` +
      `(file ${position.file}, offset ${position.offset})`,
    facts: { kind: 'index-database', schema, clusterId, sequence, position, counters: state.counters() },
  };
}

function describeCounts(db: Database.Database): InspectedPart {
  const counts = Object.fromEntries(
    countedTables
      .filter((name) => db.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?").get(name))
      .map((name) => [name, Number(db.prepare(`SELECT count(*) FROM ${name}`).pluck().get())]),
  );
  const text = Object.entries(counts).map(([name, count]) => `${count} ${name}`);
  return { text: `Rows: ${text.join(', ') || 'in no table of an index'}`, facts: { kind: 'rows', ...counts } };
}

interface Tree {
  readonly name: string;
  /** Number of the page that its tree begins with. */
  readonly rootPage: number;
}

/** Table by table, as a page that cannot be read at all ends SQLite's check of the table it belongs to. */
function findDamage(db: Database.Database): Damage[] {
  const pageBytes = Number(db.pragma('page_size', { simple: true }));
  const tables = db
    .prepare<[], Tree>("SELECT name, rootpage AS rootPage FROM sqlite_schema WHERE type = 'table' ORDER BY name")
    .all();
  return tables.flatMap(({ name, rootPage }) =>
    checkTable(db, name).map((what): Damage => {
      const page = Number(/page (\d+)/i.exec(what)?.[1] ?? rootPage);
      return { offset: (page - 1) * pageBytes, field: `table ${name}, page ${page}`, what };
    }),
  );
}

/** What SQLite finds wrong with a table and its indexes. */
function checkTable(db: Database.Database, name: string): readonly string[] {
  try {
    const findings = db
      .prepare<[], string>(`PRAGMA integrity_check('${name.replaceAll("'", "''")}')`)
      .pluck()
      .all();
    return findings
      .flatMap((finding) => finding.split('\n'))
      .filter((line) => line !== 'ok' && !line.startsWith('***'));
  } catch (error) {
    return [damageOf(error).what];
  }
}

/** Whether a server holds the lock is known to the operating system only; asking it could get in the way of a start. */
export async function* describeLock(path: string): AsyncGenerator<InspectedPart> {
  const sizeBytes = statSync(path).size;
  yield {
    text: 'Lock file of a zone, which a running server holds open; there is nothing in it',
    facts: { kind: 'lock', sizeBytes },
  };
}
