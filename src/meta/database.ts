/**
 * The index database: where it lies, and its connections. It is a cache of the commit log that survives a crash of the
 * process: WAL mode without a sync at commit, because what a power failure takes is replayed.
 */
import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import { LogQuorumLost } from './log/majority.ts';
import type { IndexLog } from './log/recovery.ts';
import { MIGRATIONS } from './schema.ts';
import { StateReader } from './tables/state.ts';

/** Pages of WAL, 4 KiB each, after which SQLite copies them into the database file. */
const CHECKPOINT_PAGES = 4096;
const CACHE_KIB = 32 * 1024;

export class ForeignIndex extends Error {
  override readonly name = 'ForeignIndex';
}

/** Path of the index database in a zone's folder. */
export function databasePath(zonePath: string): string {
  return join(zonePath, 'index', 'ninefold.sqlite');
}

/** The writing connection of an index database, and its path. */
export interface OpenDatabase {
  readonly path: string;
  readonly db: Database.Database;
}

interface DatabaseOptions {
  readonly clusterId: string;
  readonly log: IndexLog;
}

/** Opens, of the databases that are there, the one that has applied most, else a new one in the first zone. */
export function openDatabase(zonePaths: readonly string[], options: DatabaseOptions): OpenDatabase {
  const available = zonePaths.filter((path) => existsSync(path));
  let best: (OpenDatabase & { readonly sequence: number }) | undefined;
  for (const path of available.map(databasePath).filter((candidate) => existsSync(candidate))) {
    const db = openUnlessDamaged(path, options);
    if (db === undefined) continue;
    const { sequence } = new StateReader(db).applied();
    if (best !== undefined && best.sequence >= sequence) {
      db.close();
      continue;
    }
    best?.db.close();
    best = { path, db, sequence };
  }
  if (best !== undefined) return best;
  const [first] = available;
  if (first === undefined) throw new LogQuorumLost([], 'None of the zones is there.');
  return { path: databasePath(first), db: openWriter(databasePath(first), options) };
}

/** Undefined, and the file set aside, if SQLite cannot read it. */
function openUnlessDamaged(path: string, options: DatabaseOptions): Database.Database | undefined {
  try {
    return openWriter(path, options);
  } catch (error) {
    if (!(error instanceof Database.SqliteError) || !/^SQLITE_(CORRUPT|NOTADB)/.test(error.code)) throw error;
    options.log.error({ path, err: error }, 'the index database is damaged: set aside, another one takes over');
    setAside(path);
    return undefined;
  }
}

function setAside(path: string): void {
  for (const suffix of ['', '-wal', '-shm']) {
    if (existsSync(path + suffix)) renameSync(path + suffix, `${path}${suffix}.aside`);
  }
}

/** The writing connection; makes the database if there is none and brings its tables up to date. */
function openWriter(path: string, { clusterId }: DatabaseOptions): Database.Database {
  mkdirSync(dirname(path), { recursive: true });
  const db = new Database(path);
  try {
    db.pragma('journal_mode = WAL');
    db.pragma('synchronous = NORMAL');
    db.pragma(`wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
    db.pragma(`cache_size = -${CACHE_KIB}`);
    migrate(db, clusterId);
    const found = new StateReader(db).clusterId();
    if (found !== clusterId) throw new ForeignIndex(`${path} belongs to cluster ${found}, not ${clusterId}.`);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** A connection that cannot write. It sees every commit of the writer's. */
export function openReader(path: string): Database.Database {
  const db = new Database(path, { readonly: true, fileMustExist: true });
  db.pragma(`cache_size = -${CACHE_KIB}`);
  return db;
}

function migrate(db: Database.Database, clusterId: string): void {
  const version = Number(db.pragma('user_version', { simple: true }));
  if (version > MIGRATIONS.length) {
    throw new Error(`The index database has schema ${version}; this program knows ${MIGRATIONS.length}.`);
  }
  if (version === MIGRATIONS.length) return;
  db.transaction(() => {
    for (const migration of MIGRATIONS.slice(version)) db.exec(migration);
    db.prepare('INSERT OR IGNORE INTO state VALUES (1, ?, 0, 0, 0, 0, 0, 1, 1, 1, 1)').run(clusterId);
    db.pragma(`user_version = ${MIGRATIONS.length}`);
  })();
}
