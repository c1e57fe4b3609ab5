/**
 * Bringing the tables of an index database up to date. The database itself is never touched: what it holds is checkpointed
 * into one file, a copy of that file is migrated and synced, and takes its name. A kill at any moment leaves the old one
 * or the new one.
 */
import { constants } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import Database from 'better-sqlite3';
import { renameDurably, syncFile, syncFolder } from '../lib/durable-files.ts';
import { MIGRATIONS } from './schema.ts';

/** The database was written by a newer program. */
export class SchemaTooNew extends Error {
  override readonly name = 'SchemaTooNew';
}

/** Throws SchemaTooNew if this program does not know the schema. */
export function requireKnownSchema(schema: number, path: string): void {
  if (schema <= MIGRATIONS.length) return;
  throw new SchemaTooNew(
    `${path} has schema ${schema}, and this program knows schemas up to ${MIGRATIONS.length}: it was written by a newer ` +
      'version of Ninefold. Start that version, or a later one.',
  );
}

/** Brings a closed database of an older schema up to date. */
export async function migrateCopy(path: string): Promise<void> {
  const draft = `${path}.draft`;
  // 1. One file. Its log must be gone for good before another file takes the name: it would be replayed into that.
  const db = new Database(path);
  try {
    db.pragma('journal_mode = DELETE');
  } finally {
    db.close();
  }
  await syncFolder(dirname(path));
  // 2. A copy of it, migrated.
  await copyFile(path, draft, constants.COPYFILE_FICLONE);
  migrateDraft(draft);
  await syncFile(draft);
  // 3. The switch.
  await renameDurably({ from: draft, to: path });
}

/** A new database without content, durably and at once. */
export async function createDatabase({ path, clusterId }: { path: string; clusterId: string }): Promise<void> {
  const draft = `${path}.draft`;
  migrateDraft(draft, { clusterId });
  await syncFile(draft);
  await renameDurably({ from: draft, to: path });
}

/** Runs the migrations that a file lacks; a new one gets its row of state too. What fails half-way is thrown away. */
function migrateDraft(draft: string, owner?: { clusterId: string }): void {
  const db = new Database(draft);
  try {
    db.pragma('journal_mode = MEMORY');
    db.pragma('synchronous = OFF');
    const version = Number(db.pragma('user_version', { simple: true }));
    db.transaction(() => {
      for (const migration of MIGRATIONS.slice(version)) db.exec(migration);
      if (owner !== undefined) {
        db.prepare('INSERT INTO state VALUES (1, ?, 0, 0, 0, 0, 0, 1, 1, 1, 1)').run(owner.clusterId);
      }
      db.pragma(`user_version = ${MIGRATIONS.length}`);
    })();
  } finally {
    db.close();
  }
}
