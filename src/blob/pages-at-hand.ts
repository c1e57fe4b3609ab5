/**
 * Which pages of shard files the system has in its memory, as far as this process can tell: those that it wrote or read of
 * late, up to a number of bytes. It is no promise, since the system may need the memory for something else, but what is
 * found here is mostly read without waiting for a disk.
 *
 * They are kept in two generations of so many bytes: what was used since the last turn, and before it. A turn comes with the
 * age of the young one, or when it is full; what was not used between two turns is forgotten.
 */
import type { Segment } from './segments.ts';
import type { ByteRange } from './types.ts';

const PAGE_BYTES = 4096;
const TURN_AFTER_MS = 60_000;

/** Shards as bits of a number. */
export type ShardSet = number;

/** For each page of a segment's files, of which shards it is at hand. */
type Pages = Map<number, ShardSet>;

export interface Place {
  readonly segment: Segment;
  readonly shards: ShardSet;
  /** In each of the shards' files. */
  readonly range: ByteRange;
}

export class PagesAtHand {
  readonly #pagesMax: number;
  #young = new Map<Segment, Pages>();
  #old = new Map<Segment, Pages>();
  /** Of the young generation, counted as if all shards of each were at hand. */
  #pages = 0;
  #turnedMs = Number.NEGATIVE_INFINITY;

  /** With 0 it knows of none. */
  constructor(bytesMax: number) {
    this.#pagesMax = Math.floor(bytesMax / PAGE_BYTES);
  }

  /** The range was written or read just now. */
  add({ segment, shards, range }: Place, nowMs: number): void {
    if (this.#pagesMax === 0) return;
    this.#turnIfDue(nowMs);
    let pages = this.#young.get(segment);
    if (pages === undefined) {
      pages = new Map();
      this.#young.set(segment, pages);
    }
    for (let page = pageOf(range.start); page * PAGE_BYTES < range.end; page++) {
      const known = pages.get(page);
      pages.set(page, (known ?? 0) | shards);
      if (known === undefined) this.#pages += segment.scheme.shards;
    }
  }

  /** Whether all of the range is at hand. */
  has(place: Place, nowMs: number): boolean {
    this.#turnIfDue(nowMs);
    const { segment, shards, range } = place;
    const young = this.#young.get(segment);
    const old = this.#old.get(segment);
    if (young === undefined && old === undefined) return false;
    let isYoung = true;
    for (let page = pageOf(range.start); page * PAGE_BYTES < range.end; page++) {
      const known = young?.get(page) ?? 0;
      if ((known & shards) === shards) continue;
      if (((known | (old?.get(page) ?? 0)) & shards) !== shards) return false;
      isYoung = false;
    }
    if (!isYoung) this.add(place, nowMs);
    return true;
  }

  #turnIfDue(nowMs: number): void {
    const ageMs = nowMs - this.#turnedMs;
    if (this.#pages < this.#pagesMax && ageMs <= TURN_AFTER_MS) return;
    // What is older than two turns would have been is too old, if no use has made them.
    this.#old = ageMs <= 2 * TURN_AFTER_MS ? this.#young : new Map();
    this.#young = new Map();
    this.#pages = 0;
    this.#turnedMs = nowMs;
  }
}

function pageOf(offset: number): number {
  return Math.floor(offset / PAGE_BYTES);
}
