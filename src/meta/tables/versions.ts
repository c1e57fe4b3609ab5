/** Versions and delete markers. The first row of a key, in the table's order, is its current version. */
import assert from 'node:assert';
import { decodeKey, encodeKey, endOfKey } from '../keys.ts';
import type { Version } from '../records.ts';
import type { BlobVersions, BlobVersionsQuery, VersionGlance } from '../types.ts';
import type { Statement, Statements } from './lazy-statements.ts';
import { unpackAttributes, unpackChecksum, unpackLock, unpackTags, unpackTiering } from './packing.ts';

export interface VersionRow {
  readonly bucketId: number;
  readonly key: Buffer;
  readonly ordinal: number;
  readonly versionId: string;
  readonly isDeleteMarker: number;
  readonly lastModifiedMs: number;
  readonly size: number;
  readonly etag: string;
  readonly checksum: string | null;
  readonly owner: string;
  readonly storageClass: string;
  readonly details: string | null;
  /** Where the bytes are, unless the version has parts. */
  readonly slices: string | null;
  /** Of a version with parts: what its rows in `parts` carry. */
  readonly contentId: number | null;
  readonly partCount: number | null;
  readonly uploadId: string | null;
  readonly isListedById: number;
  /** Blob that describes the row. */
  readonly manifest: number | null;
}

const COLUMNS = `bucket_id AS bucketId, key, ordinal, version_id AS versionId, is_delete_marker AS isDeleteMarker,
  last_modified_ms AS lastModifiedMs, size, etag, checksum, owner, storage_class AS storageClass, details, slices,
  content_id AS contentId, part_count AS partCount, upload_id AS uploadId, is_listed_by_id AS isListedById,
  manifest`;

export function toVersion(row: VersionRow, isLatest: boolean): Version {
  return {
    bucketId: row.bucketId,
    key: decodeKey(row.key),
    versionId: row.versionId,
    ordinal: row.ordinal,
    isLatest,
    isDeleteMarker: row.isDeleteMarker === 1,
    lastModifiedMs: row.lastModifiedMs,
    size: row.size,
    etag: row.etag,
    ...unpackChecksum(row.checksum),
    ...(row.partCount !== null && { partCount: row.partCount }),
    ...(row.uploadId !== null && { uploadId: row.uploadId }),
    attributes: unpackAttributes(row),
  };
}

/** What a walk over all versions of a bucket sees of a row: no more than it asks of all of them. */
export type GlancedRow = readonly [
  key: Buffer,
  ordinal: number,
  versionId: string,
  isDeleteMarker: number,
  lastModifiedMs: number,
  size: number,
  details: string | null,
  storageClass: string,
];

/** As it is given out. */
export function toGlance(row: GlancedRow): VersionGlance {
  const [key, ordinal, versionId, isDeleteMarker, lastModifiedMs, size, details, storageClass] = row;
  return {
    key: decodeKey(key),
    ordinal,
    versionId,
    isDeleteMarker: isDeleteMarker === 1,
    lastModifiedMs,
    size,
    tags: unpackTags(details),
    storageClass,
    tiering: unpackTiering(details),
    lock: unpackLock(details),
  };
}

interface StretchRow {
  readonly versions: number;
  readonly notable: number;
}

type BlobRowsQuery = Omit<BlobVersionsQuery, 'from'> & { readonly from: Buffer };

/** A row with whether it may have such bytes; where it has several blobs it is not looked at which. */
interface BlobRow {
  readonly key: Buffer;
  readonly ordinal: number;
  readonly versionId: string;
  readonly mayHave: number;
}

const mayName = "(slices ->> '$[0][0]' BETWEEN +$firstBlob AND +$lastBlob OR slices ->> '$[1]' IS NOT NULL)";

export class VersionReader {
  readonly #current: Statement<[number, Buffer], VersionRow>;
  readonly #byOrdinal: Statement<[number, Buffer, number], VersionRow>;
  readonly #byId: Statement<[number, Buffer, string], VersionRow>;
  readonly #byUpload: Statement<[string], VersionRow>;
  readonly #inOrder: Statement<[number, Buffer, Buffer], VersionRow>;
  readonly #older: Statement<[number, Buffer, number], VersionRow>;
  readonly #glanceAt: Statement<[number, Buffer, Buffer, number]>;
  readonly #glanceOlder: Statement<[number, Buffer, number, number]>;
  readonly #withBlobsAt: Statement<[BlobRowsQuery], BlobRow>;
  readonly #withBlobsOlder: Statement<[BlobRowsQuery & { below: number }], BlobRow>;
  readonly #keyAt: Statement<[number, Buffer, Buffer, number], Buffer>;
  readonly #measure: Statement<[number, number, number, Buffer, Buffer], StretchRow>;
  readonly #measureClass: Statement<[string, number, number, number, Buffer, Buffer], StretchRow>;
  readonly #ofKey: Statement<[number, Buffer, number]>;
  readonly #newer: Statement<[number, Buffer, number, number]>;
  readonly #any: Statement<[number]>;

  constructor(db: Statements) {
    // See `database.ts` for the plus signs.
    const select = `SELECT ${COLUMNS} FROM versions WHERE bucket_id = +?`;
    this.#current = db.prepare(`${select} AND key = +? ORDER BY ordinal DESC LIMIT 1`);
    this.#byOrdinal = db.prepare(`${select} AND key = +? AND ordinal = +?`);
    // By itself SQLite would step through all versions of the key.
    this.#byId = db.prepare(`
      SELECT ${COLUMNS} FROM versions INDEXED BY versions_by_id
      WHERE bucket_id = +? AND key = +? AND version_id = +? AND is_listed_by_id = 1`);
    this.#byUpload = db.prepare(`SELECT ${COLUMNS} FROM versions WHERE upload_id = +?`);
    this.#inOrder = db.prepare(`${select} AND key >= +? AND key < +? ORDER BY key, ordinal DESC`);
    this.#older = db.prepare(`${select} AND key = +? AND ordinal < +? ORDER BY ordinal DESC`);
    const glance = `SELECT key, ordinal, version_id, is_delete_marker, last_modified_ms, size, details, storage_class FROM versions
      WHERE bucket_id = +?`;
    this.#glanceAt = db
      .prepare<[number, Buffer, Buffer, number]>(
        `${glance} AND key >= +? AND key < +? ORDER BY key, ordinal DESC LIMIT ?`,
      )
      .raw();
    this.#glanceOlder = db
      .prepare<[number, Buffer, number, number]>(
        `${glance} AND key = +? AND ordinal < +? ORDER BY ordinal DESC LIMIT ?`,
      )
      .raw();
    const withBlobs = `
      SELECT key, ordinal, version_id AS versionId, CASE WHEN content_id IS NULL THEN ${mayName}
        ELSE EXISTS (SELECT 1 FROM parts WHERE parts.content_id = versions.content_id AND ${mayName.replaceAll('slices', 'parts.slices')})
        END AS mayHave
      FROM versions WHERE bucket_id = +$bucketId`;
    this.#withBlobsAt = db.prepare(`${withBlobs} AND key >= +$from ORDER BY key, ordinal DESC LIMIT $limit`);
    this.#withBlobsOlder = db.prepare(
      `${withBlobs} AND key = +$from AND ordinal < +$below ORDER BY ordinal DESC LIMIT $limit`,
    );
    this.#keyAt = db
      .prepare<[number, Buffer, Buffer, number], Buffer>(
        'SELECT key FROM versions WHERE bucket_id = +? AND key >= +? AND key < +? ORDER BY key, ordinal DESC LIMIT 1 OFFSET ?',
      )
      .pluck();
    const measure = (isOld: string): string => `
      SELECT count(*) AS versions, coalesce(sum(${isOld} OR is_delete_marker >= ?), 0) AS notable
      FROM versions WHERE bucket_id = +? AND key >= +? AND key < +?`;
    this.#measure = db.prepare(measure('last_modified_ms < ?'));
    this.#measureClass = db.prepare(measure('(storage_class = ? AND last_modified_ms < ?)'));
    this.#ofKey = db.prepare('SELECT 1 FROM versions WHERE bucket_id = +? AND key = +? LIMIT ?');
    this.#newer = db.prepare('SELECT 1 FROM versions WHERE bucket_id = +? AND key = +? AND ordinal > +? LIMIT ?');
    this.#any = db.prepare('SELECT 1 FROM versions WHERE bucket_id = ? LIMIT 1');
  }

  current(bucketId: number, key: Buffer): VersionRow | undefined {
    return this.#current.get(bucketId, key);
  }
  byOrdinal(bucketId: number, key: Buffer, ordinal: number): VersionRow | undefined {
    return this.#byOrdinal.get(bucketId, key, ordinal);
  }
  byId(bucketId: number, key: Buffer, versionId: string): VersionRow | undefined {
    const listed = this.#byId.get(bucketId, key, versionId);
    if (listed !== undefined || versionId !== 'null') return listed;
    const current = this.current(bucketId, key);
    return current?.versionId === 'null' ? current : undefined;
  }
  byUpload(uploadId: string): VersionRow | undefined {
    return this.#byUpload.get(uploadId);
  }
  /** Rows of keys from `from` until below `until`, newest first within a key; stepped as the caller asks for them. */
  inOrder(bucketId: number, from: Buffer, until: Buffer): IterableIterator<VersionRow> {
    return this.#inOrder.iterate(bucketId, from, until);
  }
  /** Rows of one key below an ordinal, newest first. */
  older(bucketId: number, key: Buffer, ordinal: number): IterableIterator<VersionRow> {
    return this.#older.iterate(bucketId, key, ordinal);
  }
  /** As `inOrder`, of each row no more than a walk wants, at most `limit`. */
  glanceAt(bucketId: number, { from, until, limit }: { from: Buffer; until: Buffer; limit: number }): GlancedRow[] {
    return this.#glanceAt.all(bucketId, from, until, limit) as GlancedRow[];
  }
  /** As `older`, the same. */
  glanceOlder(
    bucketId: number,
    { key, ordinal, limit }: { key: Buffer; ordinal: number; limit: number },
  ): GlancedRow[] {
    return this.#glanceOlder.all(bucketId, key, ordinal, limit) as GlancedRow[];
  }
  /** Of the next versions of a bucket those that may have bytes in some blobs. */
  ofBlobs({ from, ...query }: BlobVersionsQuery): BlobVersions {
    const key = encodeKey(from.key);
    const { below } = from;
    const older = below === undefined ? [] : this.#withBlobsOlder.all({ ...query, from: key, below });
    const limit = query.limit - older.length;
    const rest = { ...query, from: below === undefined ? key : endOfKey(key), limit };
    const rows = limit === 0 ? older : [...older, ...this.#withBlobsAt.all(rest)];
    const last = rows.length < query.limit ? undefined : rows.at(-1);
    return {
      found: rows.flatMap(({ key, mayHave, ...row }) => (mayHave === 1 ? [{ key: decodeKey(key), ...row }] : [])),
      next: last && { key: decodeKey(last.key), below: last.ordinal },
    };
  }
  /** The key of the row so many rows behind the first. */
  keyAt(bucketId: number, { from, until, skip }: { from: Buffer; until: Buffer; skip: number }): Buffer | undefined {
    return this.#keyAt.get(bucketId, from, until, skip);
  }
  /** How many rows there are, and how many of them were made before a time, in a class if one is named, or, if so asked, are markers. */
  measure(
    bucketId: number,
    stretch: { from: Buffer; until: Buffer; madeBeforeMs: number; markers: boolean; storageClass?: string | undefined },
  ): StretchRow {
    const { from, until, madeBeforeMs, markers, storageClass } = stretch;
    const rest = [madeBeforeMs, markers ? 1 : 2, bucketId, from, until] as const;
    const row = storageClass === undefined ? this.#measure.get(...rest) : this.#measureClass.get(storageClass, ...rest);
    assert(row !== undefined, 'an aggregate has one row');
    return row;
  }
  /** Whether the key has no other version or marker. */
  isAlone({ bucketId, key }: VersionRow): boolean {
    return this.#ofKey.all(bucketId, key, 2).length === 1;
  }
  /** How many rows of its key are newer, counted up to a limit. */
  countNewer({ bucketId, key, ordinal }: VersionRow, { limit }: { limit: number }): number {
    return this.#newer.all(bucketId, key, ordinal, limit).length;
  }
  hasAny(bucketId: number): boolean {
    return this.#any.get(bucketId) !== undefined;
  }
}

export class VersionWriter extends VersionReader {
  readonly #insert: Statement<[VersionRow]>;
  readonly #remove: Statement<[number, Buffer, number]>;
  readonly #setDetails: Statement<[string | null, number, Buffer, number]>;
  readonly #setClass: Statement<[string, string | null, number | null, number, Buffer, number]>;
  readonly #setManifest: Statement<[number, number, Buffer, number]>;
  readonly #listById: Statement<[number, Buffer, number]>;

  constructor(db: Statements) {
    super(db);
    const where = 'WHERE bucket_id = +? AND key = +? AND ordinal = +?';
    this.#insert = db.prepare(`
      INSERT INTO versions VALUES ($bucketId, $key, $ordinal, $versionId, $isDeleteMarker, $lastModifiedMs, $size, $etag,
        $checksum, $owner, $storageClass, $details, $slices, $contentId, $partCount, $uploadId, $isListedById, $manifest)`);
    this.#remove = db.prepare(`DELETE FROM versions ${where}`);
    this.#setDetails = db.prepare(`UPDATE versions SET details = ? ${where}`);
    this.#setClass = db.prepare(`UPDATE versions SET storage_class = ?, slices = ?, manifest = ? ${where}`);
    this.#setManifest = db.prepare(`UPDATE versions SET manifest = ? ${where}`);
    this.#listById = db.prepare(`UPDATE versions SET is_listed_by_id = 1 ${where}`);
  }

  insert(row: VersionRow): void {
    this.#insert.run(row);
  }
  remove(row: VersionRow): void {
    this.#remove.run(row.bucketId, row.key, row.ordinal);
  }
  setDetails(row: VersionRow, details: string | null): void {
    this.#setDetails.run(details, row.bucketId, row.key, row.ordinal);
  }
  setClass(
    row: VersionRow,
    { storageClass, slices, manifest }: Pick<VersionRow, 'storageClass' | 'slices' | 'manifest'>,
  ): void {
    this.#setClass.run(storageClass, slices, manifest, row.bucketId, row.key, row.ordinal);
  }
  setManifest(row: VersionRow, manifest: number): void {
    this.#setManifest.run(manifest, row.bucketId, row.key, row.ordinal);
  }
  /** Enters the null version of a key that is about to get another one in versions_by_id. */
  listById(row: VersionRow): void {
    this.#listById.run(row.bucketId, row.key, row.ordinal);
  }
}
