/**
 * Reads a range of a blob, stripe by stripe. While one is given out the next ones are read already; how many buffers all
 * readers may have ahead is bounded, beyond it a reader fetches a stripe when it is asked for it.
 */
import assert from 'node:assert';
import type { Segment } from './segments.ts';
import { type StripePart, stripeParts } from './stripe.ts';
import { type ReadContext, readStripe } from './stripe-reader.ts';
import type { BlobRef, ByteRange } from './types.ts';

const STRIPES_AHEAD_MAX = 2;

/** How many stripes all readers together may have read ahead. */
export class ReadAheadBudget {
  #left: number;
  constructor(stripes: number) {
    this.#left = stripes;
  }
  take(): boolean {
    if (this.#left === 0) return false;
    this.#left--;
    return true;
  }
  giveBack(): void {
    this.#left++;
  }
}

export interface SegmentPart {
  readonly segment: Segment;
  readonly part: StripePart;
}

/** The stripe parts that hold a range of a blob, in order. `segments` has all of the ref. */
export function* partsOf(
  ref: BlobRef,
  range: ByteRange,
  segments: ReadonlyMap<string, Segment>,
): Generator<SegmentPart> {
  let base = 0;
  for (const extent of ref.extents) {
    const start = Math.max(range.start - base, 0);
    const end = Math.min(range.end - base, extent.length);
    if (start < end) {
      const segment = segments.get(extent.segment);
      assert(segment, 'all segments of the ref are held');
      for (const part of stripeParts(segment.scheme, extent, { start, end })) yield { segment, part };
    }
    base += extent.length;
  }
}

interface Fetch {
  readonly bytes: Promise<Buffer>;
  readonly budgeted: boolean;
}

export interface WhatToRead {
  readonly ref: BlobRef;
  readonly range: ByteRange;
  /** The segments of the ref, each with a hold that the reading ends. */
  readonly held: ReadonlyMap<string, Segment>;
  /** Told of every piece before it is given out. */
  readonly whenRead?: ((bytes: Buffer) => void) | undefined;
  /** Told when a piece cannot be read. */
  readonly whenUnreadable: () => void;
}

export class BlobReading implements AsyncIterableIterator<Uint8Array> {
  readonly #context: ReadContext;
  readonly #budget: ReadAheadBudget;
  readonly #parts: Iterator<SegmentPart>;
  readonly #fetches: Fetch[] = [];
  readonly #held: ReadonlyMap<string, Segment>;
  readonly #whenRead: ((bytes: Buffer) => void) | undefined;
  readonly #whenUnreadable: () => void;
  #last: Promise<unknown> = Promise.resolve();
  #ended = false;

  constructor(
    context: ReadContext,
    budget: ReadAheadBudget,
    { ref, range, held, whenRead, whenUnreadable }: WhatToRead,
  ) {
    this.#context = context;
    this.#budget = budget;
    this.#parts = partsOf(ref, range, held);
    this.#held = held;
    this.#whenRead = whenRead;
    this.#whenUnreadable = whenUnreadable;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<Uint8Array>> {
    const result = this.#last.then(() => this.#next());
    this.#last = result.catch(() => {});
    return result;
  }

  async return(): Promise<IteratorResult<Uint8Array>> {
    this.#end();
    return { done: true, value: undefined };
  }

  async #next(): Promise<IteratorResult<Uint8Array>> {
    if (this.#fetches.length === 0 && !this.#ended) this.#fetchNext(false);
    const fetch = this.#fetches.shift();
    if (!fetch) {
      this.#end();
      return { done: true, value: undefined };
    }
    try {
      while (this.#fetches.length < STRIPES_AHEAD_MAX && this.#budget.take()) {
        if (this.#fetchNext(true)) continue;
        this.#budget.giveBack();
        break;
      }
      const value = await fetch.bytes;
      this.#whenRead?.(value);
      return this.#ended ? { done: true, value: undefined } : { done: false, value };
    } catch (error) {
      this.#whenUnreadable();
      this.#end();
      throw error;
    } finally {
      if (fetch.budgeted) this.#budget.giveBack();
    }
  }

  #fetchNext(budgeted: boolean): boolean {
    const next = this.#parts.next();
    if (next.done) return false;
    const bytes = readStripe(this.#context, next.value.segment, next.value.part);
    // It may be met by `next` later, or never if the reader stops before.
    bytes.catch(() => {});
    this.#fetches.push({ bytes, budgeted });
    return true;
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const { budgeted } of this.#fetches) if (budgeted) this.#budget.giveBack();
    this.#fetches.length = 0;
    for (const segment of this.#held.values()) segment.release();
  }
}
