/**
 * The index database: where it lies, and its connections. It is a cache of the commit log that survives a crash of the
 * process: WAL mode without a sync at commit, because what a power failure takes is replayed. One that is found to be
 * damaged, now or by the start before, is set aside and never read again; a snapshot and the log take its place.
 *
 * Where the order of rows may depend on a parameter, SQLite plans a statement anew for every value bound, at ten times the
 * cost of a lookup. Statements with ORDER BY therefore say `= +?`: behind a plus sign a parameter is of no interest to the
 * planner.
 */
import { existsSync, renameSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import { syncFolder } from '../lib/durable-files.ts';
import { Statements } from './tables/lazy-statements.ts';
import { type Applied, StateReader } from './tables/state.ts';

/** Pages of WAL, 4 KiB each, after which SQLite copies them into the database file. */
const CHECKPOINT_PAGES = 4096;
const CACHE_KIB = 32 * 1024;
/** The files of a database, itself first: without it nobody reads the others. */
const FILES = ['', '-wal', '-shm', '-journal'] as const;

export class ForeignIndex extends Error {
  override readonly name = 'ForeignIndex';
}

/** The folder of a zone that the index database and snapshots lie in. */
export function indexFolder(zonePath: string): string {
  return join(zonePath, 'index');
}

/** Path of the index database in a zone's folder. */
export function databasePath(zonePath: string): string {
  return join(indexFolder(zonePath), 'ninefold.sqlite');
}

/** What a database says of itself. */
export interface DatabaseFacts {
  readonly clusterId: string;
  readonly schema: number;
  readonly applied: Applied;
}

/** Undefined if the database was never finished. Throws what SQLite throws if it is damaged. */
export function readFacts(path: string): DatabaseFacts | undefined {
  const db = new Database(path, { fileMustExist: true });
  try {
    const schema = Number(db.pragma('user_version', { simple: true }));
    if (schema === 0) return undefined;
    const state = new StateReader(new Statements(db));
    return { clusterId: state.clusterId(), schema, applied: state.applied() };
  } finally {
    db.close();
  }
}

/** Whether an error says that the database cannot be trusted any more. */
export function isDamage(error: unknown): boolean {
  return error instanceof Database.SqliteError && /^SQLITE_(CORRUPT|NOTADB)/.test(error.code);
}

/** Whether an error says that the disk under the database does not do its work now. */
export function isDiskTrouble(error: unknown): boolean {
  return error instanceof Database.SqliteError && /^SQLITE_(IOERR|FULL|CANTOPEN|READONLY)/.test(error.code);
}

/** Notes beside a database in use that it is damaged: the next start sets it aside. */
export function noteDamage(path: string): void {
  writeFileSync(`${path}.damaged`, '', { flush: true });
}

export function isNotedDamaged(path: string): boolean {
  return existsSync(`${path}.damaged`);
}

/** Takes a database out of use for good, but keeps its files for whoever wants to look at them. */
export async function setAside(path: string): Promise<void> {
  for (const suffix of FILES) {
    if (existsSync(path + suffix)) renameSync(path + suffix, `${path}${suffix}.aside`);
  }
  await syncFolder(dirname(path));
  await rm(`${path}.damaged`, { force: true });
}

/** Removes a database that another one has overtaken. */
export async function removeDatabase(path: string): Promise<void> {
  for (const suffix of FILES) await rm(path + suffix, { force: true });
  await syncFolder(dirname(path));
}

/** The writing connection to a database whose tables are up to date. */
export function openWriter(path: string): Database.Database {
  const db = new Database(path, { fileMustExist: true });
  try {
    db.pragma('journal_mode = WAL');
    db.pragma('synchronous = NORMAL');
    setCheckpointPages(db, 'usual');
    db.pragma(`cache_size = -${CACHE_KIB}`);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** Whether commits of a writing connection copy the WAL into the database file, once it has its usual length. */
export function setCheckpointPages(db: Database.Database, pages: 'usual' | 'none'): void {
  db.pragma(`wal_autocheckpoint = ${pages === 'usual' ? CHECKPOINT_PAGES : 0}`);
}

/** A connection that cannot write. It sees every commit of the writer's. */
export function openReader(path: string): Database.Database {
  const db = new Database(path, { readonly: true, fileMustExist: true });
  db.pragma(`cache_size = -${CACHE_KIB}`);
  return db;
}
