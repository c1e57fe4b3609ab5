/**
 * Compaction: the live blobs of a segment that is mostly dead are written again elsewhere, and the index told where they lie
 * now, one command a blob. After the last of them no row names the segment, and the collector takes it when its time has
 * come; whoever reads from it until then reads on.
 *
 * A blob keeps its label, its write id and its pool, so a rebuild of the index finds the same blob wherever it met it first.
 * A move that was not committed, or that was refused because the blob was freed meanwhile, leaves garbage and nothing else:
 * the process may end at any time. Nothing is remembered between moves but the index itself, which lists what is left.
 */
import type { BlobMaintenance, SegmentContents } from '../blob/maintenance/types.ts';
import { DEFAULT_POOL, type PoolName } from '../blob/pool.ts';
import { SCHEMES } from '../blob/scheme.ts';
import type { BlobRef, BlobStore, SegmentState } from '../blob/types.ts';
import type { Index, SegmentBlob } from '../meta/types.ts';
import { LargeMove } from './large-move.ts';
import { isUnreadable, readWhole, relocate } from './moving.ts';

export interface CompactionCandidate {
  readonly segment: string;
  /** Bytes of data in its stripes, and how many of these rows name. */
  readonly dataBytes: number;
  readonly liveBytes: number;
}

export interface Moved {
  /** Bytes written elsewhere. */
  readonly bytes: number;
  /** Whether no live blob is left that can be moved. */
  readonly isDone: boolean;
  /** Blobs that could not be read, or for which there is no room: they stay, and with them the segment. */
  readonly leftBehind: number;
}

export interface CompactionFigures {
  readonly movedBytes: number;
  /** Bytes written since the start, those that were moved included. */
  readonly writtenBytes: number;
}

export interface Compaction {
  /**
   * Sealed segments that nobody holds, of whose data at least this share is dead, most dead first; but none of which the
   * live rest finds no room elsewhere. Open ones with as much are sealed, and are candidates once nothing is under way in them.
   */
  listCandidates(deadShareMin: number): Promise<readonly CompactionCandidate[]>;
  /** Moves live blobs out of a segment, about as many bytes as asked for; a large blob over as many calls as it takes. */
  move(segment: string, bytesMax: number): Promise<Moved>;
  figures(): CompactionFigures;
  /** Gives up the move under way. */
  close(): Promise<void>;
}

export interface CompactionParts {
  readonly index: Index;
  readonly blobs: BlobStore &
    SegmentContents & { writtenBytes(): number; hasRoomToMove(bytes: number, pool: PoolName): boolean };
  readonly maintenance: Pick<BlobMaintenance, 'retireOpen'>;
}

/** Small blobs moved by one wave. */
const batchBlobsMax = 256;
/** An open segment is not sealed for less dead data than this: each segment costs a file on every disk. */
const openDeadBytesMin = 1024 * 1024;

export function createCompaction(parts: CompactionParts): Compaction {
  const candidates = new Candidates(parts);
  const mover = new Mover(parts);
  return {
    listCandidates: (deadShareMin) => candidates.list(deadShareMin),
    move: (segment, bytesMax) => mover.move(segment, bytesMax),
    figures: () => ({ movedBytes: mover.movedBytes, writtenBytes: parts.blobs.writtenBytes() }),
    close: () => mover.close(),
  };
}

class Candidates {
  readonly #parts: CompactionParts;

  constructor(parts: CompactionParts) {
    this.#parts = parts;
  }

  async list(deadShareMin: number): Promise<readonly CompactionCandidate[]> {
    const { blobs, index, maintenance } = this.#parts;
    // The store's view first: a segment that is sealed and not held can gain no row any more, so what is live is all there is.
    const states = blobs.segments().filter(({ holds }) => holds === 0);
    const live = new Map((await index.listSegments()).map(({ segment, liveBytes }) => [segment, liveBytes]));
    const found: CompactionCandidate[] = [];
    let sealsOpen = false;
    for (const state of states) {
      const liveBytes = live.get(state.segment) ?? 0;
      // Without a live byte it is the collector's, and with so many it cannot be dead enough whatever its stripes are.
      if (state.sealed && liveBytes === 0) continue;
      if (liveBytes > (1 - deadShareMin) * dataBytesMax(state)) continue;
      const dataBytes = await this.#dataBytes(state);
      const deadBytes = dataBytes - liveBytes;
      if (deadBytes < deadShareMin * dataBytes) continue;
      if (state.sealed) {
        // Labels and headers move with the data.
        const bytes = (liveBytes / dataBytes) * dataBytesMax(state);
        if (blobs.hasRoomToMove(bytes, state)) found.push({ segment: state.segment, dataBytes, liveBytes });
      } else sealsOpen ||= deadBytes >= openDeadBytesMin;
    }
    if (sealsOpen) maintenance.retireOpen();
    return found.sort((a, b) => a.liveBytes / a.dataBytes - b.liveBytes / b.dataBytes);
  }

  async #dataBytes({ segment, dataBytes }: SegmentState): Promise<number> {
    return dataBytes ?? (await this.#parts.blobs.measure(segment))?.dataBytes ?? 0;
  }
}

/** More data than the segment's files have room for. */
function dataBytesMax({ shardBytes, scheme }: SegmentState): number {
  return shardBytes * SCHEMES[scheme].dataShards;
}

class Mover {
  readonly #parts: CompactionParts;
  /** The segment being emptied, and the id up to which its blobs have been moved or left behind. */
  #at: { segment: string; after: number } | undefined;
  #large: LargeMove | undefined;
  movedBytes = 0;

  constructor(parts: CompactionParts) {
    this.#parts = parts;
  }

  async move(segment: string, bytesMax: number): Promise<Moved> {
    if (this.#at?.segment !== segment) {
      await this.close();
      this.#at = { segment, after: 0 };
    }
    if (this.#large !== undefined) return this.#advance(this.#large, bytesMax);
    const { blobs, index } = this.#parts;
    const entries = await index.listSegmentBlobs(segment, { after: this.#at.after, limit: batchBlobsMax });
    const [first] = entries;
    if (first === undefined) {
      this.#at = undefined;
      return { bytes: 0, isDone: true, leftBehind: 0 };
    }
    const limitBytes = blobs.placeLimitBytesOf(poolOf(blobs, segment).scheme);
    if (first.location.size > limitBytes) {
      this.#at.after = first.blob;
      // It may lie in other segments too, and moves as a whole.
      if (!blobs.hasRoomToMove(first.location.size, poolOf(blobs, segment))) {
        return { bytes: 0, isDone: false, leftBehind: 1 };
      }
      return this.#beginLarge(first, { segment, bytesMax });
    }
    const batch = firstSmall(entries, { limitBytes, bytesMax });
    const moved = await this.#moveSmall(batch, segment);
    this.#at.after = batch.at(-1)?.blob ?? first.blob;
    return moved;
  }

  async close(): Promise<void> {
    await this.#large?.abort();
    this.#large = undefined;
    this.#at = undefined;
  }

  async #beginLarge(first: SegmentBlob, { segment, bytesMax }: { segment: string; bytesMax: number }): Promise<Moved> {
    try {
      this.#large = await LargeMove.begin(this.#parts, first, poolOf(this.#parts.blobs, segment));
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      return { bytes: 0, isDone: false, leftBehind: 1 };
    }
    return this.#advance(this.#large, bytesMax);
  }

  async #advance(large: LargeMove, bytesMax: number): Promise<Moved> {
    try {
      const { bytes, outcome } = await large.advance(bytesMax);
      if (outcome !== 'under way') this.#large = undefined;
      this.movedBytes += bytes;
      return { bytes, isDone: false, leftBehind: outcome === 'unreadable' ? 1 : 0 };
    } catch (error) {
      // Not moved: the next call begins with the segment's first blob again.
      this.#large = undefined;
      this.#at = undefined;
      throw error;
    }
  }

  /** Reads them all and then places them in one tick, so that they share stripes and go by one wave. */
  async #moveSmall(batch: readonly SegmentBlob[], segment: string): Promise<Moved> {
    const { blobs } = this.#parts;
    const contents = await Promise.allSettled(batch.map((entry) => readWhole(blobs, entry)));
    const unreadable = contents.filter((content) => content.status === 'rejected');
    for (const { reason } of unreadable) if (!isUnreadable(reason)) throw reason;
    const pool = poolOf(blobs, segment);
    const placed: BlobRef[] = [];
    const committed: Promise<boolean>[] = [];
    try {
      for (const [i, entry] of batch.entries()) {
        const content = contents[i];
        if (content?.status !== 'fulfilled') continue;
        const { bytes, label, writeId } = content.value;
        const to = blobs.place(bytes, label, { writeId, ...pool, usesReserve: true });
        placed.push(to);
        committed.push(relocate(this.#parts.index, entry, to));
      }
      await Promise.all(committed);
    } finally {
      await Promise.allSettled(committed);
      for (const to of placed) blobs.release(to);
    }
    const bytes = placed.reduce((total, { size }) => total + size, 0);
    this.movedBytes += bytes;
    return { bytes, isDone: false, leftBehind: unreadable.length };
  }
}

/** The first blobs that can be placed and are not too many bytes together, at least one. */
function firstSmall(
  entries: readonly SegmentBlob[],
  { limitBytes, bytesMax }: { limitBytes: number; bytesMax: number },
): SegmentBlob[] {
  const batch: SegmentBlob[] = [];
  let bytes = 0;
  for (const entry of entries) {
    bytes += entry.location.size;
    if (entry.location.size > limitBytes || (batch.length > 0 && bytes > bytesMax)) break;
    batch.push(entry);
  }
  return batch;
}

function poolOf(blobs: BlobStore, segment: string): PoolName {
  return blobs.poolOf(segment) ?? DEFAULT_POOL;
}
