/** Blobs by reference count, and the live bytes of the segments they lie in. */
import assert from 'node:assert';
import type { Database, Statement } from 'better-sqlite3';
import type { BlobLocation } from '../records.ts';
import type { SegmentUse } from '../types.ts';
import { packExtents, unpackExtents } from './packing.ts';

interface BlobRow {
  readonly size: number;
  readonly extents: string;
}

export class BlobReader {
  readonly #location: Statement<[number], BlobRow>;
  readonly #segments: Statement<[], SegmentUse>;

  constructor(db: Database) {
    this.#location = db.prepare('SELECT size, extents FROM blobs WHERE blob_id = ?');
    this.#segments = db.prepare('SELECT segment, live_bytes AS liveBytes FROM segments ORDER BY segment');
  }

  location(blob: number): BlobLocation | undefined {
    const row = this.#location.get(blob);
    return row && { size: row.size, extents: unpackExtents(row.extents) };
  }
  segments(): SegmentUse[] {
    return this.#segments.all();
  }
}

export class BlobWriter extends BlobReader {
  readonly #insert: Statement<[number, number, string]>;
  readonly #share: Statement<[number], { size: number }>;
  readonly #release: Statement<[number], { refs: number; extents: string }>;
  readonly #remove: Statement<[number]>;
  readonly #addLive: Statement<[string, number]>;
  readonly #liveBytes: Statement<[string], { liveBytes: number }>;
  readonly #dropSegment: Statement<[string]>;

  constructor(db: Database) {
    super(db);
    this.#insert = db.prepare('INSERT INTO blobs VALUES (?, ?, ?, 1)');
    this.#share = db.prepare('UPDATE blobs SET refs = refs + 1 WHERE blob_id = ? RETURNING size');
    this.#release = db.prepare('UPDATE blobs SET refs = refs - 1 WHERE blob_id = ? RETURNING refs, extents');
    this.#remove = db.prepare('DELETE FROM blobs WHERE blob_id = ?');
    this.#addLive = db.prepare(`
      INSERT INTO segments VALUES (?, ?) ON CONFLICT DO UPDATE SET live_bytes = live_bytes + excluded.live_bytes`);
    this.#liveBytes = db.prepare('SELECT live_bytes AS liveBytes FROM segments WHERE segment = ?');
    this.#dropSegment = db.prepare('DELETE FROM segments WHERE segment = ?');
  }

  /** A blob that one row names. */
  insert(blob: number, location: BlobLocation): void {
    this.#insert.run(blob, location.size, packExtents(location));
    for (const extent of location.extents) this.#addLive.run(extent.segment, extent.length);
  }
  /** One more row names the blob. Its size in bytes, or undefined if there is no such blob. */
  share(blob: number): number | undefined {
    return this.#share.get(blob)?.size;
  }
  /** One row less names the blob; with the last one it goes, and its segments have fewer live bytes. */
  release(blob: number): void {
    const row = this.#release.get(blob);
    assert(row !== undefined && row.refs >= 0, `a row named blob ${blob}, which does not exist`);
    if (row.refs > 0) return;
    this.#remove.run(blob);
    for (const extent of unpackExtents(row.extents)) this.#addLive.run(extent.segment, -extent.length);
  }
  liveBytes(segment: string): number {
    return this.#liveBytes.get(segment)?.liveBytes ?? 0;
  }
  dropSegment(segment: string): void {
    this.#dropSegment.run(segment);
  }
}
