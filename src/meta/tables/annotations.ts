/** Annotations of versions, by name in the order of its bytes. */
import type { Annotation } from '../records.ts';
import type { Statement, Statements } from './lazy-statements.ts';
import { unpackChecksum } from './packing.ts';

/** What names the version that an annotation is of. */
export interface AnnotatedName {
  readonly bucketId: number;
  readonly key: Buffer;
  readonly ordinal: number;
}

export interface AnnotationRow extends AnnotatedName {
  readonly name: Buffer;
  readonly size: number;
  readonly etag: string;
  readonly checksum: string | null;
  readonly lastModifiedMs: number;
  readonly slices: string;
  /** Blob that describes the row. */
  readonly manifest: number | null;
}

const COLUMNS = `bucket_id AS bucketId, key, ordinal, name, size, etag, checksum, last_modified_ms AS lastModifiedMs, slices,
  manifest`;

export function toAnnotation(row: AnnotationRow): Annotation {
  const { name, size, etag, lastModifiedMs } = row;
  return { name: name.toString('utf8'), size, etag, lastModifiedMs, ...unpackChecksum(row.checksum) };
}

export class AnnotationReader {
  readonly #get: Statement<[number, Buffer, number, Buffer], AnnotationRow>;
  readonly #inOrder: Statement<[number, Buffer, number, Buffer, Buffer, number], AnnotationRow>;

  constructor(db: Statements) {
    const select = `SELECT ${COLUMNS} FROM annotations WHERE bucket_id = +? AND key = +? AND ordinal = +?`;
    this.#get = db.prepare(`${select} AND name = +?`);
    this.#inOrder = db.prepare(`${select} AND name >= +? AND name < +? ORDER BY name LIMIT ?`);
  }

  get({ bucketId, key, ordinal }: AnnotatedName, name: Buffer): AnnotationRow | undefined {
    return this.#get.get(bucketId, key, ordinal, name);
  }
  /** Those with names from `from` until below `until`, at most so many. */
  inOrder(
    { bucketId, key, ordinal }: AnnotatedName,
    { from, until, limit }: { from: Buffer; until: Buffer; limit: number },
  ): AnnotationRow[] {
    return this.#inOrder.all(bucketId, key, ordinal, from, until, limit);
  }
}

export class AnnotationWriter extends AnnotationReader {
  /** False while no version has any, so that removing one need not look. */
  #areAny: boolean | undefined;
  readonly #first: Statement<[], { found: number }>;
  readonly #put: Statement<[AnnotationRow]>;
  readonly #remove: Statement<[number, Buffer, number, Buffer]>;
  readonly #count: Statement<[number, Buffer, number], { annotations: number }>;
  readonly #all: Statement<[number, Buffer, number], Pick<AnnotationRow, 'slices' | 'manifest'>>;
  readonly #removeAll: Statement<[number, Buffer, number]>;

  constructor(db: Statements) {
    super(db);
    const where = 'WHERE bucket_id = +? AND key = +? AND ordinal = +?';
    this.#first = db.prepare('SELECT 1 AS found FROM annotations LIMIT 1');
    this.#put = db.prepare(`
      INSERT OR REPLACE INTO annotations VALUES ($bucketId, $key, $ordinal, $name, $size, $etag, $checksum, $lastModifiedMs,
        $slices, $manifest)`);
    this.#remove = db.prepare(`DELETE FROM annotations ${where} AND name = +?`);
    this.#count = db.prepare(`SELECT count(*) AS annotations FROM annotations ${where}`);
    this.#all = db.prepare(`SELECT slices, manifest FROM annotations ${where}`);
    this.#removeAll = db.prepare(`DELETE FROM annotations ${where}`);
  }

  /** Enters it, in the place of one of the same name. */
  put(row: AnnotationRow): void {
    this.#areAny = true;
    this.#put.run(row);
  }
  remove({ bucketId, key, ordinal, name }: AnnotationRow): void {
    this.#remove.run(bucketId, key, ordinal, name);
  }
  count({ bucketId, key, ordinal }: AnnotatedName): number {
    return this.#count.get(bucketId, key, ordinal)?.annotations ?? 0;
  }
  /** Removes all of a version, and says what they held. */
  removeAll({ bucketId, key, ordinal }: AnnotatedName): readonly Pick<AnnotationRow, 'slices' | 'manifest'>[] {
    this.#areAny ??= this.#first.get() !== undefined;
    if (!this.#areAny) return [];
    const all = this.#all.all(bucketId, key, ordinal);
    if (all.length > 0) this.#removeAll.run(bucketId, key, ordinal);
    return all;
  }
}
