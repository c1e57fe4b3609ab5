/** An index in a temporary folder of three zones, what its files hold, and commands for it. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import Database from 'better-sqlite3';
import { expect } from 'vitest';
import type { Content, PutVersion } from '../../src/meta/commands.ts';
import { databasePath } from '../../src/meta/database.ts';
import { type IndexOptions, openIndex } from '../../src/meta/index-store.ts';
import { FILE_HEADER_BYTES, type FoundRecord, scanRecords } from '../../src/meta/log/codec.ts';
import type { ObjectAttributes } from '../../src/meta/records.ts';
import type { Index, ObjectPage, UploadPage } from '../../src/meta/types.ts';
import { eventually } from '../support/eventually.ts';

export const ZONES = ['north', 'east', 'south'] as const;
export type Zone = (typeof ZONES)[number];

export const ATTRIBUTES: ObjectAttributes = {
  owner: 'owner',
  storageClass: 'STANDARD',
  headers: {},
  metadata: {},
  tags: [],
};

export class IndexFixture {
  readonly folder = mkdtempSync(join(tmpdir(), 'ninefold-index-'));
  readonly zones = ZONES.map((name) => ({ name, path: join(this.folder, name) }));
  readonly options: IndexOptions;

  constructor(options: Partial<IndexOptions> = {}) {
    for (const { path } of this.zones) mkdirSync(path);
    this.options = {
      zones: this.zones,
      clusterId: '00112233445566778899aabbccddeeff',
      alongside: async () => undefined,
      isIntact: async () => true,
      pathCheckMs: 0,
      rejoinEveryMs: 0,
      ...options,
    };
  }

  open(options: Partial<IndexOptions> = {}): Promise<Index> {
    return openIndex({ ...this.options, ...options });
  }

  zonePath(zone: Zone): string {
    return join(this.folder, zone);
  }

  /** Takes a zone's folder away, until it is given back. */
  moveAway(zone: Zone): void {
    renameSync(this.zonePath(zone), `${this.zonePath(zone)}-away`);
  }

  giveBack(zone: Zone): void {
    renameSync(`${this.zonePath(zone)}-away`, this.zonePath(zone));
  }

  /** Paths of a zone's log files, oldest first. */
  logFiles(zone: Zone): string[] {
    const folder = join(this.zonePath(zone), 'log');
    const names = readdirSync(folder).filter((name) => name.endsWith('.log'));
    return names.sort().map((name) => join(folder, name));
  }

  /** Everything a zone's log holds, file by file, but for the file headers, which name the zone. */
  logBytes(zone: Zone): string[] {
    return this.logFiles(zone).map(
      (path) => `${basename(path)} ${readFileSync(path).subarray(FILE_HEADER_BYTES).toString('base64')}`,
    );
  }

  /** A start and a commit wait for a majority only: the last copy may come a moment later. */
  async expectEqualLogs(): Promise<void> {
    await eventually(() => {
      for (const zone of ZONES) expect(this.logBytes(zone), zone).toEqual(this.logBytes('north'));
    });
  }

  /** Every row of every table but where the log lies. Of a database that nobody writes to at the moment. */
  dump(zone: Zone = 'north'): Record<string, unknown[]> {
    const db = new Database(databasePath(this.zonePath(zone)), { readonly: true });
    try {
      const tables = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").pluck().all();
      return Object.fromEntries(tables.map((name) => [String(name), db.prepare(`SELECT * FROM ${name}`).all()]));
    } finally {
      db.close();
    }
  }

  /** Forgets the index database, wherever it is: the next start replays the whole log. */
  removeDatabases(): void {
    for (const { path } of this.zones) rmSync(join(path, 'index'), { recursive: true, force: true });
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export async function createBucket(index: Index, name = 'bucket'): Promise<number> {
  const command = { type: 'create-bucket', name, region: 'us-east-1', owner: 'owner', createdMs: 1 } as const;
  return (await index.submit(command)).bucketId;
}

/** A blob of `size` bytes that lies at `offset` of a segment: where it lies is how tests know it again. */
export function newContent(offset: number, size = 10): Content {
  const segment = 'ab'.repeat(16);
  const extents = size === 0 ? [] : [{ segment, offset, unit: 64, start: 0, length: size }];
  return { kind: 'new', location: { size, extents } };
}

export function put(bucketId: number, key: string, ordinal: number, more: Partial<PutVersion> = {}): PutVersion {
  return {
    type: 'put-version',
    bucketId,
    key,
    versionId: 'null',
    ordinal,
    lastModifiedMs: 1_000 + ordinal,
    size: 10,
    etag: `etag-${ordinal}`,
    attributes: ATTRIBUTES,
    content: newContent(ordinal * 100),
    ...more,
  };
}

export function everything(bucketId: number) {
  return { bucketId, prefix: '', delimiter: '', after: '', limit: 100_000, afterVersionId: '', afterUploadId: '' };
}

/** The last record of a log file. */
export function lastRecord(path: string): FoundRecord {
  const last = Array.from(scanRecords(readFileSync(path), FILE_HEADER_BYTES)).at(-1);
  if (last === undefined) throw new Error('the file has a record');
  return last;
}

/** Until nothing is to be done for snapshots. */
export async function settle(index: Index): Promise<void> {
  while ((await index.upkeep.step()) === 'busy');
}

/** Until every zone is whole and counts. */
export async function untilAllCount(index: Index): Promise<void> {
  while (index.state().zones.some(({ isStale }) => isStale)) await index.upkeep.step();
}

/** Writes until a snapshot is due, which is then made and spread. `write` is told how often it was called before. */
export async function makeSnapshot(index: Index, write: (round: number) => Promise<void>): Promise<void> {
  const { made } = index.upkeep.status();
  for (let round = 0; index.upkeep.status().made === made; round++) {
    if (round > 20) throw new Error('no snapshot is ever due');
    await write(round);
    await settle(index);
  }
}

/** A page as one line of text per entry. */
export function names(page: ObjectPage | UploadPage): string[] {
  return page.entries.map((entry) => {
    if (entry.kind === 'prefix') return `${entry.prefix} *`;
    return entry.kind === 'version'
      ? `${entry.version.key} ${entry.version.versionId}`
      : `${entry.upload.key} ${entry.upload.uploadId}`;
  });
}

/** The code that a submit is rejected with, or 'none'. */
export async function rejection(submit: Promise<unknown>): Promise<string> {
  try {
    await submit;
    return 'none';
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return 'code' in error ? String(error.code) : error.name;
  }
}
