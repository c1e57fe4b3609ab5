/**
 * Segments that nobody needs any more. The store's view is taken before the index's: a segment that is sealed and not held
 * can gain no row any more, so if the index then counts no live byte in it, none will ever come.
 */
import assert from 'node:assert/strict';
import type { EngineContext } from './context.ts';
import { isRejection, refusing } from './refusals.ts';

export interface GarbageSegment {
  readonly segment: string;
  /** Bytes of one shard file; 0 if the files are gone and only the index still names the segment. */
  readonly shardBytes: number;
}

export interface Garbage {
  /** Sealed segments that nobody holds and no row names, in no particular order. */
  listCandidates(): Promise<readonly GarbageSegment[]>;
  /**
   * Removes candidates: their lines in the index, all in one wave, then their files, one segment after another, as requests
   * wait for the same disks. Returns those that are gone: not one that is held again or in use. Rejects if a line could not be
   * removed, once those whose line was are gone.
   */
  drop(segments: readonly string[]): Promise<readonly string[]>;
}

export function createGarbage(context: EngineContext): Garbage {
  const { index, blobs } = context;
  let candidates: ReadonlyMap<string, { hasFiles: boolean; isListed: boolean }> = new Map();

  async function listCandidates(): Promise<readonly GarbageSegment[]> {
    const stored = new Map(blobs.segments().map((state) => [state.segment, state]));
    const used = new Map((await index.listSegments()).map(({ segment, liveBytes }) => [segment, liveBytes]));
    // An index that has never seen a version, beside a store with segments, is a lost index and no empty store: the bytes
    // are what it would be rebuilt from.
    if (index.lastOrdinal() === 0) return [];
    const found: (GarbageSegment & { hasFiles: boolean })[] = [];
    for (const { segment, sealed, holds, shardBytes } of stored.values()) {
      if (sealed && holds === 0 && (used.get(segment) ?? 0) === 0) found.push({ segment, shardBytes, hasFiles: true });
    }
    for (const [segment, liveBytes] of used) {
      if (liveBytes === 0 && !stored.has(segment)) found.push({ segment, shardBytes: 0, hasFiles: false });
    }
    candidates = new Map(found.map(({ segment, hasFiles }) => [segment, { hasFiles, isListed: used.has(segment) }]));
    return found.map(({ segment, shardBytes }) => ({ segment, shardBytes }));
  }

  async function drop(segments: readonly string[]): Promise<readonly string[]> {
    // The records first: the last record of the log is judged by the blobs it names, and the one that named these may be it.
    const unlisted = await Promise.allSettled(segments.map(unlist));
    const dropped: string[] = [];
    for (const [i, segment] of segments.entries()) {
      const outcome = unlisted[i];
      if (outcome?.status !== 'fulfilled' || !outcome.value) continue;
      if (!candidates.get(segment)?.hasFiles || (await blobs.drop(segment))) dropped.push(segment);
    }
    for (const outcome of unlisted) if (outcome.status === 'rejected') throw outcome.reason;
    return dropped;
  }

  /** The transaction has the last word on whether a row names the segment: false if one does. */
  async function unlist(segment: string): Promise<boolean> {
    const candidate = candidates.get(segment);
    assert(candidate !== undefined, `${segment} is no candidate`);
    try {
      if (candidate.isListed) await index.submit({ type: 'drop-segment', segment });
    } catch (error) {
      if (isRejection(error, 'SegmentInUse')) return false;
      throw error;
    }
    return true;
  }

  return {
    listCandidates: () => refusing({}, listCandidates),
    drop: (segments) => refusing({}, () => drop(segments)),
  };
}
