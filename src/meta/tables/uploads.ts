/** Multipart uploads in progress. */

import { decodeKey } from '../keys.ts';
import type { Upload } from '../records.ts';
import type { Statement, Statements } from './lazy-statements.ts';
import { unpackAttributes } from './packing.ts';

export interface UploadRow {
  readonly bucketId: number;
  readonly key: Buffer;
  readonly uploadId: string;
  readonly initiatedMs: number;
  readonly contentId: number;
  readonly owner: string;
  readonly storageClass: string;
  readonly details: string | null;
  readonly checksumAlgorithm: string | null;
  readonly checksumType: 'FULL_OBJECT' | 'COMPOSITE' | null;
  /** Blob that describes the row. */
  readonly manifest: number | null;
}

const COLUMNS = `bucket_id AS bucketId, key, upload_id AS uploadId, initiated_ms AS initiatedMs,
  content_id AS contentId, owner, storage_class AS storageClass, details, checksum_algorithm AS checksumAlgorithm,
  checksum_type AS checksumType, manifest`;

export function toUpload(row: UploadRow): Upload {
  return {
    uploadId: row.uploadId,
    bucketId: row.bucketId,
    key: decodeKey(row.key),
    initiatedMs: row.initiatedMs,
    attributes: unpackAttributes(row),
    ...(row.checksumAlgorithm !== null && { checksumAlgorithm: row.checksumAlgorithm }),
    ...(row.checksumType !== null && { checksumType: row.checksumType }),
  };
}

export class UploadReader {
  readonly #get: Statement<[number, Buffer, string], UploadRow>;
  readonly #byId: Statement<[string], UploadRow>;
  readonly #inOrder: Statement<[number, Buffer, Buffer], UploadRow>;
  readonly #later: Statement<[number, Buffer, string], UploadRow>;

  constructor(db: Statements) {
    const select = `SELECT ${COLUMNS} FROM uploads WHERE bucket_id = +?`;
    this.#get = db.prepare(`${select} AND key = ? AND upload_id = ?`);
    this.#byId = db.prepare(`SELECT ${COLUMNS} FROM uploads WHERE upload_id = ?`);
    this.#inOrder = db.prepare(`${select} AND key >= +? AND key < +? ORDER BY key, upload_id`);
    this.#later = db.prepare(`${select} AND key = +? AND upload_id > +? ORDER BY upload_id`);
  }

  get(bucketId: number, key: Buffer, uploadId: string): UploadRow | undefined {
    return this.#get.get(bucketId, key, uploadId);
  }
  byId(uploadId: string): UploadRow | undefined {
    return this.#byId.get(uploadId);
  }
  /** Rows of keys from `from` until below `until`; stepped as the caller asks for them. */
  inOrder(bucketId: number, from: Buffer, until: Buffer): IterableIterator<UploadRow> {
    return this.#inOrder.iterate(bucketId, from, until);
  }
  /** Uploads of one key above an upload id. */
  later(bucketId: number, key: Buffer, uploadId: string): IterableIterator<UploadRow> {
    return this.#later.iterate(bucketId, key, uploadId);
  }
}

export class UploadWriter extends UploadReader {
  readonly #insert: Statement<[UploadRow]>;
  readonly #remove: Statement<[number, Buffer, string]>;
  readonly #ofBucket: Statement<[number], UploadRow>;

  constructor(db: Statements) {
    super(db);
    this.#insert = db.prepare(`
      INSERT INTO uploads VALUES ($bucketId, $key, $uploadId, $initiatedMs, $contentId, $owner, $storageClass, $details,
        $checksumAlgorithm, $checksumType, $manifest)`);
    this.#remove = db.prepare('DELETE FROM uploads WHERE bucket_id = ? AND key = ? AND upload_id = ?');
    this.#ofBucket = db.prepare(`SELECT ${COLUMNS} FROM uploads WHERE bucket_id = ?`);
  }

  insert(row: UploadRow): void {
    this.#insert.run(row);
  }
  remove(row: UploadRow): void {
    this.#remove.run(row.bucketId, row.key, row.uploadId);
  }
  ofBucket(bucketId: number): UploadRow[] {
    return this.#ofBucket.all(bucketId);
  }
}
