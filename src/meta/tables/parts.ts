/** Parts of uploads, and of the versions that uploads became. */

import type { Part } from '../records.ts';
import type { PartQuery } from '../types.ts';
import type { Statement, Statements } from './lazy-statements.ts';
import { unpackChecksum } from './packing.ts';

export interface PartRow {
  readonly contentId: number;
  readonly partNumber: number;
  readonly size: number;
  readonly etag: string;
  readonly lastModifiedMs: number;
  readonly checksum: string | null;
  readonly slices: string;
  /** Blob that describes the row. */
  readonly manifest: number | null;
}

/** A part of a version: it has a place. */
export interface PlacedPartRow extends PartRow {
  /** Offset in the object, in bytes. */
  readonly start: number;
}

const COLUMNS = `content_id AS contentId, part_number AS partNumber, size, etag, last_modified_ms AS lastModifiedMs,
  checksum, slices, manifest`;

export function toPart(row: PartRow): Part {
  return {
    partNumber: row.partNumber,
    size: row.size,
    etag: row.etag,
    lastModifiedMs: row.lastModifiedMs,
    ...unpackChecksum(row.checksum),
  };
}

export class PartReader {
  readonly #get: Statement<[number, number], PartRow>;
  readonly #inOrder: Statement<[number, number, number], PartRow>;
  readonly #startAt: Statement<[number, number], { start: number }>;
  readonly #overlapping: Statement<[number, number, number], PlacedPartRow>;
  readonly #atPosition: Statement<[number, number], PlacedPartRow>;
  readonly #withNumber: Statement<[number, number, number], PlacedPartRow>;

  constructor(db: Statements) {
    const select = `SELECT ${COLUMNS} FROM parts WHERE content_id = +?`;
    const placed = `SELECT ${COLUMNS}, start FROM parts WHERE content_id = +?`;
    this.#get = db.prepare(`${select} AND part_number = ?`);
    this.#inOrder = db.prepare(`${select} AND part_number > +? ORDER BY part_number LIMIT ?`);
    this.#startAt = db.prepare(
      'SELECT start FROM parts WHERE content_id = +? AND start <= +? AND start IS NOT NULL ORDER BY start DESC LIMIT 1',
    );
    this.#overlapping = db.prepare(
      `${placed} AND start >= +? AND start < +? AND start IS NOT NULL ORDER BY start, part_number`,
    );
    this.#withNumber = db.prepare(`${placed} AND part_number = ? AND position = ?`);
    this.#atPosition = db.prepare(`${placed} AND position = ?`);
  }

  get(part: Pick<PartRow, 'contentId' | 'partNumber'>): PartRow | undefined {
    return this.#get.get(part.contentId, part.partNumber);
  }
  /** Up to `limit` parts whose number is above `after`, in order. */
  inOrder(contentId: number, { after, limit }: PartQuery): PartRow[] {
    return this.#inOrder.all(contentId, after, limit);
  }
  /** Parts of a version that hold bytes of the half-open range, in order, and possibly the empty ones among them. */
  overlapping(contentId: number, range: { start: number; end: number }): PlacedPartRow[] {
    const first = this.#startAt.get(contentId, range.start)?.start ?? 0;
    return this.#overlapping.all(contentId, first, range.end);
  }
  /** The n-th part of a version, counted from 1. */
  atPosition({ contentId, n }: { contentId: number; n: number }): PlacedPartRow | undefined {
    // Nearly always the parts are numbered without gaps: one seek instead of a scan of the parts.
    return this.#withNumber.get(contentId, n, n) ?? this.#atPosition.get(contentId, n);
  }
}

export class PartWriter extends PartReader {
  readonly #insert: Statement<[PartRow]>;
  readonly #place: Statement<[number, number, number, number]>;
  readonly #setContent: Statement<[string, number, number]>;
  readonly #remove: Statement<[number, number]>;
  readonly #removeAll: Statement<[number]>;
  readonly #all: Statement<[number], PartRow>;

  constructor(db: Statements) {
    super(db);
    this.#insert = db.prepare(`
      INSERT INTO parts VALUES ($contentId, $partNumber, $size, $etag, $lastModifiedMs, $checksum, $slices, NULL, NULL,
        $manifest)`);
    this.#place = db.prepare('UPDATE parts SET start = ?, position = ? WHERE content_id = ? AND part_number = ?');
    this.#setContent = db.prepare(
      'UPDATE parts SET slices = ?, manifest = NULL WHERE content_id = ? AND part_number = ?',
    );
    this.#remove = db.prepare('DELETE FROM parts WHERE content_id = ? AND part_number = ?');
    this.#removeAll = db.prepare('DELETE FROM parts WHERE content_id = ?');
    this.#all = db.prepare(`SELECT ${COLUMNS} FROM parts WHERE content_id = +? ORDER BY part_number`);
  }

  insert(row: PartRow): void {
    this.#insert.run(row);
  }
  /** Gives a part its place in the object: byte offset, and position counted from 1. */
  place(row: PartRow, place: { start: number; position: number }): void {
    this.#place.run(place.start, place.position, row.contentId, row.partNumber);
  }
  /** Where its bytes are, which describe it themselves. */
  setContent(row: PartRow, slices: string): void {
    this.#setContent.run(slices, row.contentId, row.partNumber);
  }
  remove(row: PartRow): void {
    this.#remove.run(row.contentId, row.partNumber);
  }
  removeAll(contentId: number): void {
    this.#removeAll.run(contentId);
  }
  all(contentId: number): PartRow[] {
    return this.#all.all(contentId);
  }
}
