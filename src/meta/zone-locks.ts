/**
 * What keeps a second server off the same zones. Each zone's folder has a database `ninefold.lock` without a table, in
 * which an exclusive transaction is open as long as the server lives. The operating system holds the lock for SQLite, on
 * the file itself: it ends with the process, however that dies, and it holds between containers that share the folder. It
 * does not hold between machines on network file systems that keep locks to themselves.
 *
 * A zone that is away at the start is not locked. That does no harm: a second server meets the locks of the others.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import type { IndexLog } from './log/recovery.ts';

/** Another server has the zone. */
export class ZoneInUse extends Error {
  override readonly name = 'ZoneInUse';
}

export interface ZoneLocks {
  release(): void;
}

/** Locks every zone folder that is there. Throws ZoneInUse, holding nothing, if another process has one of them. */
export function lockZones(folders: readonly string[], log: IndexLog): ZoneLocks {
  const held: Database.Database[] = [];
  const release = () => {
    for (const lock of held.splice(0)) lock.close();
  };
  for (const folder of folders.filter((path) => existsSync(path))) {
    try {
      held.push(lockZone(folder));
    } catch (error) {
      if (isBusy(error)) {
        release();
        throw new ZoneInUse(
          `${folder} is in use by another Ninefold server: stop it first, or give this one other data`,
        );
      }
      // The zone's disk is at fault; the log decides whether the others are enough.
      log.error({ folder, err: error }, 'a zone cannot be locked');
    }
  }
  return { release };
}

function lockZone(folder: string): Database.Database {
  const db = new Database(join(folder, 'ninefold.lock'), { timeout: 0 });
  try {
    db.exec('BEGIN EXCLUSIVE');
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Database.SqliteError && error.code.startsWith('SQLITE_BUSY');
}
