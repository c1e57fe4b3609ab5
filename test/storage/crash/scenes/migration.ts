import Database from 'better-sqlite3';
import { MIGRATIONS } from '../../../../src/meta/schema.ts';
import type { Scene } from '../scene.ts';
import { prepareStore, put } from './actions.ts';

const manifests = ['buckets', 'versions', 'uploads', 'parts']
  .map((table) => `SELECT manifest FROM ${table}`)
  .join(' UNION ');

/** Takes away the blobs that there were none of before the index knew them. */
const forgetManifests = `
  UPDATE segments SET live_bytes = live_bytes - (
    SELECT coalesce(sum(size), 0) FROM blobs
    WHERE blob_id IN (${manifests}) AND json_extract(extents, '$[0][0]') = segment
  );
  DELETE FROM blobs WHERE blob_id IN (${manifests});
`;

interface Table {
  readonly name: string;
  readonly sql: string;
}

/** Takes back what the later migrations of the index do, whichever there are. */
function downgrade(index: Database.Database): void {
  index.exec(forgetManifests);
  const first = new Database(':memory:');
  first.exec(MIGRATIONS[0] ?? '');
  const before = new Map(tablesOf(first).map(({ name, sql }) => [name, sql]));
  // It had another form, in which nothing was ever written.
  index.exec(`DROP TABLE outbox; ${before.get('outbox')}`);
  for (const { name } of tablesOf(index)) {
    if (!before.has(name)) index.exec(`DROP TABLE ${name}`);
    else for (const column of columnsSince(first, index, name)) index.exec(`ALTER TABLE ${name} DROP COLUMN ${column}`);
  }
  first.close();
  index.pragma('user_version = 1');
}

function tablesOf(db: Database.Database): Table[] {
  return db
    .prepare<[], Table>("SELECT name, sql FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'")
    .all();
}

function columnsSince(before: Database.Database, after: Database.Database, table: string): string[] {
  const columns = (db: Database.Database) =>
    db.prepare<[string], string>('SELECT name FROM pragma_table_info(?)').pluck().all(table);
  const known = new Set(columns(before));
  return columns(after).filter((column) => !known.has(column));
}

export const migration: Scene = {
  name: 'migration',
  story: 'A server starts on an index of the first schema and brings it up to date. An object is put.',
  triesStart: true,
  async prepare() {
    await prepareStore({}, async (system) => {
      for (const key of ['a', 'b']) await put(system, key, { seed: key, size: 1000 });
    });
    const index = new Database('data/zone-a/index/ninefold.sqlite');
    downgrade(index);
    index.close();
  },
  async play(stage) {
    await stage.step(() => put(stage, 'a', { seed: 'another', size: 500 }));
  },
};
