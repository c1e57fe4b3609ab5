/**
 * The log and the database as schema 1 wrote them, with every command there was: today's program replays the one, brings
 * the other up to date, and gets the same tables.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { databasePath } from '../../src/meta/database.ts';
import { encodeFileHeader, FILE_HEADER_BYTES, RECORD_HEADER_BYTES, scanRecords } from '../../src/meta/log/codec.ts';
import { decodePayload } from '../../src/meta/log/payload.ts';
import { IndexFixture } from './index-fixture.ts';

const GOLDEN = join(import.meta.dirname, 'golden', 'index-1');
const CLUSTER = '01'.repeat(16);
const COMMANDS_OF_SCHEMA_1 = [
  'abort-upload',
  'complete-upload',
  'create-bucket',
  'create-upload',
  'delete-bucket',
  'delete-current',
  'delete-version',
  'drop-segment',
  'probe',
  'put-part',
  'put-version',
  'set-bucket-config',
  'set-version-acl',
  'set-version-tags',
  'set-versioning',
];

let fixture: IndexFixture;
beforeEach(() => {
  fixture = new IndexFixture({ clusterId: CLUSTER });
  for (const zone of fixture.zones) unpackLog(zone);
});
afterEach(() => fixture.remove());

function golden(name: string): Buffer {
  return gunzipSync(readFileSync(join(GOLDEN, `${name}.gz`)));
}
function goldenLogs(): string[] {
  const names = readdirSync(GOLDEN).map((name) => name.slice(0, -'.gz'.length));
  return names.filter((name) => name.endsWith('.log')).sort();
}

/** The golden log is one zone's; what the others have differs by the zone's name in the header. */
function unpackLog({ name: zone, path }: { name: string; path: string }): void {
  const folder = join(path, 'log');
  mkdirSync(folder);
  writeFileSync(join(folder, 'epoch'), golden('epoch'));
  for (const name of goldenLogs()) {
    const header = encodeFileHeader({ clusterId: CLUSTER, zone, firstSequence: Number.parseInt(name, 10) });
    writeFileSync(join(folder, name), Buffer.concat([header, golden(name).subarray(FILE_HEADER_BYTES)]));
  }
}

function unpackDatabase(): void {
  const path = databasePath(fixture.zonePath('north'));
  mkdirSync(dirname(path));
  writeFileSync(path, golden('ninefold.sqlite'));
}

/** All rows but those that say how far the log is. */
async function tablesAfterStart(): Promise<Record<string, unknown[]>> {
  await (await fixture.open()).close();
  const { state, ...tables } = fixture.dump();
  return tables;
}

test('the golden log → holds every command of its time', () => {
  const types = goldenLogs().flatMap((name) => {
    const bytes = golden(name);
    const records = Array.from(scanRecords(bytes, FILE_HEADER_BYTES));
    return records.flatMap(({ start, end }) => decodePayload(bytes.subarray(start + RECORD_HEADER_BYTES, end)));
  });
  expect([...new Set(types.map(({ type }) => type))].sort()).toEqual(COMMANDS_OF_SCHEMA_1);
});

test('the golden log replayed by today’s program → every row as it was made then', async () => {
  const replayed = await tablesAfterStart();
  fixture.removeDatabases();
  unpackDatabase();
  const then = new Database(databasePath(fixture.zonePath('north')), { readonly: true });
  const tables = then.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").pluck().all().map(String);
  // Nobody ever read the outbox of that time, which no server could fill, and it went with its table.
  for (const table of tables.filter((name) => name !== 'state' && name !== 'outbox')) {
    const rows = then.prepare(`SELECT * FROM ${table}`).all();
    expect(replayed[table], table).toMatchObject(rows);
    expect(replayed[table]?.length, table).toBe(rows.length);
  }
  then.close();
});

test('the golden database brought up to date → what the golden log replays to', async () => {
  const replayed = await tablesAfterStart();
  fixture.removeDatabases();
  unpackDatabase();
  expect(await tablesAfterStart()).toEqual(replayed);
});
