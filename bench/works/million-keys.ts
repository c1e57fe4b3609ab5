/**
 * A bucket of 1,000,000 keys, made in seconds: one object is put as any other, and its row in the index is then repeated
 * under all keys while the server is stopped. Columns are taken as they come, so the bench need not know the schema.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { databasePath } from '../../src/meta/database.ts';
import type { LoadClient } from '../load/load-client.ts';
import { ServerProcess } from '../server/server-process.ts';

export const millionBucket = 'million';
export const millionKeys = 1_000_000;
/** What lies before the slash of the keys. */
export const directories = 1_000;

/** `d000/000.x` … `d999/999.x`. */
export function keyOf(index: number): string {
  const digits = (value: number): string => String(value).padStart(3, '0');
  return `d${digits(Math.floor(index / directories))}/${digits(index % directories)}.x`;
}

const keySql = `CAST(printf('d%03d/%03d.x', i / ${directories}, i % ${directories}) AS BLOB)`;

export interface ManyKeys {
  readonly dataFolder: string;
  /** Further buckets, which stay empty. */
  readonly buckets: readonly string[];
  /** Other than 1,000,000. */
  readonly count?: number;
  /** Length of the one object that all keys name. */
  readonly objectBytes?: number;
}

/** Makes a data folder with the bucket in it, and other buckets that are empty. */
export async function makeMillionKeys(load: LoadClient, options: ManyKeys): Promise<void> {
  const { dataFolder, buckets, count = millionKeys, objectBytes = 0 } = options;
  {
    await using server = await ServerProcess.start({
      dataFolder,
      buckets: [...buckets, millionBucket],
      isInspected: false,
    });
    const targets = [`/${millionBucket}/${keyOf(0)}`];
    const put = await load.prepare(server.endpoint, {
      method: 'PUT',
      targets,
      bodyBytes: objectBytes,
      isBodySigned: true,
    });
    const { failures } = await put.run({ connections: 1, count: 1 });
    if (failures.size > 0) throw new Error(`the first object was not put: ${[...failures.keys()].join(', ')}`);
  }
  repeatObject(dataFolder, count);
}

/** Repeats the only object of the bucket, which must have the first key, under all the others. */
function repeatObject(dataFolder: string, count: number): void {
  const db = new Database(findDatabase(dataFolder), { fileMustExist: true });
  try {
    db.pragma('cache_size = -65536');
    const bucketId = db.prepare('SELECT bucket_id FROM buckets WHERE name = ?').pluck().get(millionBucket);
    const columns = db.prepare("SELECT name FROM pragma_table_info('versions')").pluck().all();
    const values = columns.map((name) => (name === 'key' ? keySql : `template.${String(name)}`));
    const { changes } = db
      .prepare(`
        WITH RECURSIVE numbers(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i + 1 < ${count})
        INSERT INTO versions SELECT ${values.join(', ')}
        FROM numbers CROSS JOIN (SELECT * FROM versions WHERE bucket_id = ? LIMIT 1) AS template`)
      .run(bucketId);
    // Every row counts on its blobs, so that each may be overwritten or deleted.
    db.prepare('UPDATE blobs SET refs = refs + ?').run(changes);
    if (changes !== count - 1) throw new Error(`${changes} rows were added`);
  } finally {
    db.close();
  }
}

function findDatabase(dataFolder: string): string {
  const paths = readdirSync(dataFolder).map((zone) => databasePath(join(dataFolder, zone)));
  const path = paths.find((candidate) => existsSync(candidate));
  if (path === undefined) throw new Error(`no zone in ${dataFolder} has an index`);
  return path;
}
