/** Blobs by reference count, which of them lie in a segment, and the live bytes of the segments. */
import assert from 'node:assert';
import type { BlobLocation, Slice } from '../records.ts';
import type { SegmentBlob, SegmentUse } from '../types.ts';
import type { Statement, Statements } from './lazy-statements.ts';
import { packExtents, unpackExtents, unpackSlices } from './packing.ts';

interface BlobRow {
  readonly size: number;
  readonly extents: string;
  readonly writeId: string | null;
}

export class BlobReader {
  readonly #location: Statement<[number], BlobRow>;
  readonly #segments: Statement<[], SegmentUse>;
  readonly #ofSegment: Statement<[string, number, number], BlobRow & { blob: number }>;

  constructor(db: Statements) {
    this.#location = db.prepare('SELECT size, extents, write_id AS writeId FROM blobs WHERE blob_id = ?');
    this.#segments = db.prepare('SELECT segment, live_bytes AS liveBytes FROM segments ORDER BY segment');
    this.#ofSegment = db.prepare(`
      SELECT blob_id AS blob, size, extents, write_id AS writeId FROM blob_segments JOIN blobs USING (blob_id)
      WHERE segment = +? AND blob_id > +? ORDER BY blob_id LIMIT ?`);
  }

  location(blob: number): BlobLocation | undefined {
    const row = this.#location.get(blob);
    return row && toLocation(row);
  }
  /** The slices of a row that overlap a range, cut to it, of which the first begins at `start`; undefined if a blob is not there. */
  slices(
    packed: string | null,
    { start, range }: { start: number; range: { readonly start: number; readonly end: number } },
  ): Slice[] | undefined {
    const slices: Slice[] = [];
    let at = start;
    for (const [blob, offset, length, envelope] of unpackSlices(packed)) {
      const from = Math.max(range.start - at, 0);
      const to = Math.min(range.end - at, length);
      at += length;
      if (from >= to) continue;
      const location = this.location(blob);
      if (location === undefined) return undefined;
      const slice = { blob, location, offset: offset + from, length: to - from };
      slices.push(envelope === undefined ? slice : { ...slice, envelope });
    }
    return slices;
  }
  segments(): SegmentUse[] {
    return this.#segments.all();
  }
  /** Up to `limit` blobs with bytes in a segment whose id is above `after`, in order of id. */
  ofSegment(segment: string, { after, limit }: { after: number; limit: number }): SegmentBlob[] {
    return this.#ofSegment.all(segment, after, limit).map((row) => ({ blob: row.blob, location: toLocation(row) }));
  }
}

/** More or fewer live bytes in a segment, or its row gone. */
interface LiveChange {
  readonly segment: string;
  readonly bytes: number | 'dropped';
}

/**
 * Live bytes are summed up while a batch is applied and stored by `saveLive`, as all blobs of a batch mostly lie in one or two
 * segments.
 */
export class BlobWriter extends BlobReader {
  /** Of live bytes, since they were last stored. */
  readonly #liveChanges: LiveChange[] = [];
  readonly #insert: Statement<[number, number, string, string | null]>;
  readonly #share: Statement<[number], { size: number }>;
  readonly #release: Statement<[number]>;
  readonly #removeLast: Statement<[number], { extents: string }>;
  readonly #move: Statement<[string, string | null, number]>;
  readonly #enter: Statement<[string, number]>;
  readonly #leave: Statement<[string, number]>;
  readonly #addLive: Statement<[string, number]>;
  readonly #liveBytes: Statement<[string], { liveBytes: number }>;
  readonly #dropSegment: Statement<[string]>;

  constructor(db: Statements) {
    super(db);
    this.#insert = db.prepare('INSERT INTO blobs (blob_id, size, extents, refs, write_id) VALUES (?, ?, ?, 1, ?)');
    this.#share = db.prepare('UPDATE blobs SET refs = refs + 1 WHERE blob_id = ? RETURNING size');
    this.#release = db.prepare('UPDATE blobs SET refs = refs - 1 WHERE blob_id = ?');
    this.#removeLast = db.prepare('DELETE FROM blobs WHERE blob_id = ? AND refs = 1 RETURNING extents');
    this.#move = db.prepare('UPDATE blobs SET extents = ?, write_id = ? WHERE blob_id = ?');
    this.#enter = db.prepare('INSERT OR IGNORE INTO blob_segments VALUES (?, ?)');
    this.#leave = db.prepare('DELETE FROM blob_segments WHERE segment = ? AND blob_id = ?');
    this.#addLive = db.prepare(`
      INSERT INTO segments VALUES (?, ?) ON CONFLICT DO UPDATE SET live_bytes = live_bytes + excluded.live_bytes`);
    this.#liveBytes = db.prepare('SELECT live_bytes AS liveBytes FROM segments WHERE segment = ?');
    this.#dropSegment = db.prepare('DELETE FROM segments WHERE segment = ?');
  }

  /** A blob that one row names. */
  insert(blob: number, location: BlobLocation): void {
    this.#insert.run(blob, location.size, packExtents(location), location.writeId ?? null);
    this.#enterAll(blob, location.extents);
  }
  /** One more row names the blob. Its size in bytes, or undefined if there is no such blob. */
  share(blob: number): number | undefined {
    return this.#share.get(blob)?.size;
  }
  /** One row less names the blob; with the last one it goes, and its segments have fewer live bytes. */
  release(blob: number): void {
    const removed = this.#removeLast.get(blob);
    if (removed !== undefined) {
      this.#leaveAll(blob, unpackExtents(removed.extents));
      return;
    }
    const { changes } = this.#release.run(blob);
    assert(changes === 1, `a row named blob ${blob}, which does not exist`);
  }
  /** The blob lies elsewhere from now on. False if it is gone or does not lie at `from`. */
  relocate(blob: number, from: BlobLocation['extents'], to: BlobLocation): boolean {
    const found = this.location(blob);
    if (found === undefined || packExtents(found) !== packExtents({ extents: from })) return false;
    assert(found.size === to.size, 'a blob that moves keeps its size');
    this.#leaveAll(blob, from);
    this.#move.run(packExtents(to), to.writeId ?? null, blob);
    this.#enterAll(blob, to.extents);
    return true;
  }
  liveBytes(segment: string): number {
    let live = this.#liveBytes.get(segment)?.liveBytes ?? 0;
    for (const { segment: changed, bytes } of this.#liveChanges) {
      if (changed === segment) live = bytes === 'dropped' ? 0 : live + bytes;
    }
    return live;
  }
  dropSegment(segment: string): void {
    this.#liveChanges.push({ segment, bytes: 'dropped' });
  }

  /** How many changes of live bytes are not stored yet, … */
  get liveChanges(): number {
    return this.#liveChanges.length;
  }
  /** … to go back to if what follows is undone. */
  resetLive(liveChanges: number): void {
    this.#liveChanges.length = liveChanges;
  }
  /** Stores the live bytes of all segments that were changed. */
  saveLive(): void {
    const sums = new Map<string, number>();
    for (const { segment, bytes } of this.#liveChanges) {
      if (bytes === 'dropped') {
        sums.delete(segment);
        this.#dropSegment.run(segment);
      } else sums.set(segment, (sums.get(segment) ?? 0) + bytes);
    }
    for (const [segment, bytes] of sums) this.#addLive.run(segment, bytes);
    this.#liveChanges.length = 0;
  }

  #enterAll(blob: number, extents: BlobLocation['extents']): void {
    for (const { segment, length } of extents) {
      this.#enter.run(segment, blob);
      this.#liveChanges.push({ segment, bytes: length });
    }
  }

  #leaveAll(blob: number, extents: BlobLocation['extents']): void {
    for (const { segment, length } of extents) {
      this.#leave.run(segment, blob);
      this.#liveChanges.push({ segment, bytes: -length });
    }
  }
}

function toLocation({ size, extents, writeId }: BlobRow): BlobLocation {
  return { size, extents: unpackExtents(extents), ...(writeId !== null && { writeId }) };
}
