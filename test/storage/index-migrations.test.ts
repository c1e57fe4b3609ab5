/** Migrations run on a copy that then takes the database's name: a kill anywhere leaves the old one or the new one. */
import { hash } from 'node:crypto';
import { cpSync, existsSync, linkSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { databasePath, readFacts } from '../../src/meta/database.ts';
import { encodeFileHeader, FILE_HEADER_BYTES } from '../../src/meta/log/codec.ts';
import { migrateCopy } from '../../src/meta/migrate.ts';
import { MIGRATIONS } from '../../src/meta/schema.ts';
import { publishSnapshot, snapshotDraft } from '../../src/meta/snapshots/snapshot-file.ts';
import { IndexFixture } from './index-fixture.ts';

const CLUSTER = '01'.repeat(16);
let fixture: IndexFixture;
let path: string;

beforeEach(() => {
  fixture = new IndexFixture({ clusterId: CLUSTER });
  path = databasePath(fixture.zonePath('north'));
  mkdirSync(dirname(path));
  writeFileSync(path, golden('ninefold.sqlite'));
  for (const { name: zone, path: zonePath } of fixture.zones) unpackLog(zone, join(zonePath, 'log'));
});
afterEach(() => fixture.remove());

function golden(name: string): Buffer {
  return gunzipSync(readFileSync(join(import.meta.dirname, 'golden', 'index-1', `${name}.gz`)));
}
function unpackLog(zone: string, folder: string): void {
  mkdirSync(folder);
  writeFileSync(join(folder, 'epoch'), golden('epoch'));
  for (const firstSequence of [1, 14, 25, 38]) {
    const name = `${String(firstSequence).padStart(20, '0')}.log`;
    const header = encodeFileHeader({ clusterId: CLUSTER, zone, firstSequence });
    writeFileSync(join(folder, name), Buffer.concat([header, golden(name).subarray(FILE_HEADER_BYTES)]));
  }
}
function read<T>(run: (db: Database.Database) => T): T {
  const db = new Database(path);
  try {
    return run(db);
  } finally {
    db.close();
  }
}
function schema(): unknown {
  return read((db) => db.pragma('user_version', { simple: true }));
}
async function start(): Promise<void> {
  await (await fixture.open()).close();
}

test('a database of schema 1 → another file takes its name, with the same rows', async () => {
  // Another name for the file as it is now: it is not the one that is migrated.
  const old = join(fixture.folder, 'old.sqlite');
  linkSync(path, old);
  const versions = read((db) => db.prepare('SELECT key, ordinal FROM versions').all());
  await start();
  expect(schema()).toBe(MIGRATIONS.length);
  expect(statSync(path).ino).not.toBe(statSync(old).ino);
  const untouched = new Database(old, { readonly: true });
  expect(untouched.pragma('user_version', { simple: true })).toBe(1);
  untouched.close();
  expect(read((db) => db.prepare('SELECT key, ordinal FROM versions').all())).toEqual(versions);
  expect(existsSync(`${path}.draft`)).toBe(false);
});

test('a migration fails half-way → the database is as it was, byte for byte', async () => {
  // What migration 2 makes is there already, so that it fails behind its first statements.
  read((db) => {
    db.pragma('journal_mode = DELETE');
    db.exec('CREATE TABLE job_states (other TEXT)');
  });
  const before = readFileSync(path);
  await expect(start()).rejects.toThrow('job_states');
  expect(readFileSync(path).equals(before)).toBe(true);
});

test.each(['half a copy', 'a copy that is not migrated', 'a copy that is migrated'])(
  'killed with %s beside the database → started again, right',
  async (left) => {
    const draft = `${path}.draft`;
    if (left === 'half a copy') writeFileSync(draft, readFileSync(path).subarray(0, 5_000));
    else cpSync(path, draft);
    if (left === 'a copy that is migrated') {
      const db = new Database(draft);
      for (const migration of MIGRATIONS.slice(1)) db.exec(migration);
      db.pragma(`user_version = ${MIGRATIONS.length}`);
      db.close();
    }
    await start();
    expect(schema()).toBe(MIGRATIONS.length);
    expect(existsSync(draft)).toBe(false);
  },
);

/** Leaves a database of which the last commit is in the WAL only, as a kill does. */
function leaveInWal(): void {
  const work = join(fixture.folder, 'work.sqlite');
  cpSync(path, work);
  const db = new Database(work);
  db.pragma('journal_mode = WAL');
  db.pragma('wal_autocheckpoint = 0');
  db.prepare("UPDATE buckets SET owner = 'of the WAL' WHERE bucket_id = 1").run();
  for (const suffix of ['', '-wal']) cpSync(work + suffix, path + suffix);
  db.close();
}
function owner(): unknown {
  return read((db) => db.prepare('SELECT owner FROM buckets WHERE bucket_id = 1').pluck().get());
}

test('what was committed is in the WAL only → it is in the new database', async () => {
  leaveInWal();
  await start();
  expect(owner()).toBe('of the WAL');
});

test('nobody has read the WAL before → the migration has it in its copy, and gone before the switch', async () => {
  leaveInWal();
  await migrateCopy(path);
  expect(existsSync(`${path}-wal`)).toBe(false);
  expect(schema()).toBe(MIGRATIONS.length);
  expect(owner()).toBe('of the WAL');
});

test('a newer schema than the program knows → refused in words, and nothing is touched', async () => {
  read((db) => db.pragma('user_version = 99'));
  const before = readFileSync(path);
  await expect(start()).rejects.toThrow(/has schema 99.*newer version of Ninefold/);
  expect(readFileSync(path).equals(before)).toBe(true);
});

/** Makes the database of schema 1 the snapshot of its zone, as the program of its time would have. */
async function turnIntoSnapshot(schema: number): Promise<void> {
  read((db) => db.pragma(`user_version = ${schema}`));
  const facts = readFacts(path);
  if (facts === undefined) throw new Error('the golden database is one');
  const zonePath = fixture.zonePath('north');
  renameSync(path, snapshotDraft(zonePath));
  const bytes = readFileSync(snapshotDraft(zonePath));
  await publishSnapshot(zonePath, { ...facts, sizeBytes: bytes.length, digest: hash('sha256', bytes) });
}

test('a snapshot of schema 1 and no database → restored and brought up to date; the snapshot stays as it is', async () => {
  const versions = read((db) => db.prepare('SELECT key, ordinal FROM versions').all());
  await turnIntoSnapshot(1);
  await start();
  expect(schema()).toBe(MIGRATIONS.length);
  expect(read((db) => db.prepare('SELECT key, ordinal FROM versions').all())).toEqual(versions);
});

test('a snapshot of a newer schema → refused in words', async () => {
  await turnIntoSnapshot(99);
  await expect(start()).rejects.toThrow(/snapshot has schema 99.*newer version of Ninefold/);
});
