/**
 * Packs small blobs into stripes and makes them durable, many at a time.
 *
 * Blobs gather in the pending stripe of their pool. It is frozen, that is given its segment, offset and unit, at the latest by `flush`,
 * and before that as soon as it is full or someone reads `extents` of a blob in it; the next blob then starts another
 * stripe. So a caller may place blobs, serialise their refs and then flush, in this order, in one tick. A blob never
 * straddles stripes.
 *
 * What is large gathers in stripes of its own, in the buffers that stripes are encoded in, and goes past the system's page
 * cache as bulk writes do, to segments of theirs: each such stripe begins at a page.
 *
 * Flushes run one after another, each with the stripes that were there when it was called. One that fails takes only its
 * own blobs with it, and of these those in the segments that failed; their places in the segment stay empty.
 */
import assert from 'node:assert';
import { copyBytes } from '../lib/copy-bytes.ts';
import { freeBuffer } from '../lib/free-buffer.ts';
import { randomHex } from '../lib/ids.ts';
import { type DirectoryEntry, directoryEntryBytes, encodeDirectory } from './directory.ts';
import type { OpenSegment } from './open-segment.ts';
import { PagedRun, type Placed } from './paged-run.ts';
import { DEFAULT_POOL } from './pool.ts';
import { mentionOf, type Scheme } from './scheme.ts';
import type { Pool } from './segment-pools.ts';
import type { SegmentSource } from './segment-source.ts';
import { stripeBytesMax, stripeShardBytes, unitFor, unitShift } from './stripe.ts';
import type { StripeBuffer, StripeBuffers } from './stripe-buffers.ts';
import type { StripeEncoder, StripePlan } from './stripe-encoder.ts';
import type { StripesAtHand } from './stripes-at-hand.ts';
import { BlobError, type BlobLabel, type BlobRef, type Extent, SegmentsLost, type WriteOptions } from './types.ts';

const PLACED_BYTES_MAX = 1024 * 1024;
const LABEL_BYTES_MAX = 64 * 1024;
/** Stripes up to this size are encoded in place; larger ones go to a thread, if a buffer is free. */
const INLINE_BYTES_MAX = 256 * 1024;
/** Blobs from this size on are large: what they spare is more than the appends to another segment cost. */
const LARGE_BYTES_MIN = 256 * 1024;
/** So many stripes of large blobs gather at once, so that bulk writes find buffers too. */
const LARGE_STRIPES_MAX = 12;
/** Of a stripe of large blobs: with more its edges might not fit. */
const LARGE_DIRECTORY_BYTES_MAX = LABEL_BYTES_MAX + directoryEntryBytes(Buffer.of());

interface Frozen {
  readonly open: OpenSegment;
  readonly plan: StripePlan;
  /** Reserved for it in each shard file. */
  readonly shardBytes: number;
}

/** Largest blob of a scheme that is packed: it never straddles stripes. */
export function placeLimitBytes(scheme: Scheme): number {
  return Math.min(PLACED_BYTES_MAX, stripeBytesMax(scheme));
}

/** What gathers for a pool. */
interface Gathering {
  small: PendingStripe | undefined;
  large: PendingStripe | undefined;
  /** The segment that stripes of large blobs go to until the next flush. */
  openLarge: OpenSegment | undefined;
}

class PendingStripe {
  readonly pool: Pool;
  readonly scheme: Scheme;
  /** Where it gathers and is encoded, if it is one of large blobs. */
  readonly buffer: StripeBuffer | undefined;
  readonly #bytesMax: number;
  readonly #directoryBytesMax: number;
  data: Buffer;
  length = 0;
  directoryBytes = 0;
  readonly entries: DirectoryEntry[] = [];
  frozen: Frozen | undefined;

  constructor(pool: Pool, buffer?: StripeBuffer) {
    this.pool = pool;
    this.scheme = pool.scheme;
    this.buffer = buffer;
    this.#bytesMax = stripeBytesMax(pool.scheme);
    this.#directoryBytesMax = buffer ? LARGE_DIRECTORY_BYTES_MAX : this.#bytesMax;
    // As it will lie in its pages.
    this.data = buffer?.data.subarray(unitShift(0)) ?? Buffer.allocUnsafeSlow(16 * 1024);
  }

  fits(length: number, label: Uint8Array): boolean {
    const directoryBytes = this.directoryBytes + directoryEntryBytes(label);
    return this.length + length <= this.#bytesMax && directoryBytes <= this.#directoryBytesMax;
  }

  /** Copies a blob in; returns where it starts. */
  add(bytes: Uint8Array, { writeId, label }: BlobLabel): number {
    const start = this.length;
    this.#reserve(start + bytes.length);
    copyBytes(bytes, this.data, start);
    this.length += bytes.length;
    this.directoryBytes += directoryEntryBytes(label);
    const entry = { start, length: bytes.length, blobOffset: 0, writeId, isLast: true };
    this.entries.push({ ...entry, label: Uint8Array.from(label) });
    return start;
  }

  #reserve(length: number): void {
    if (length <= this.data.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.min(this.#bytesMax, Math.max(length, 2 * this.data.length)));
    this.data.copy(grown, 0, 0, this.length);
    freeBuffer(this.data);
    this.data = grown;
  }
}

export class Packer {
  readonly #source: SegmentSource;
  readonly #encoder: StripeEncoder;
  readonly #buffers: StripeBuffers;
  readonly #atHand: StripesAtHand;
  readonly #gatherings = new Map<Pool, Gathering>();
  #largeStripes = 0;
  #frozen: PendingStripe[] = [];
  #lastFlush: Promise<unknown> = Promise.resolve();

  constructor(source: SegmentSource, encoder: StripeEncoder, buffers: StripeBuffers, atHand: StripesAtHand) {
    this.#source = source;
    this.#encoder = encoder;
    this.#buffers = buffers;
    this.#atHand = atHand;
  }

  place(bytes: Uint8Array, label: Uint8Array, options: WriteOptions): BlobRef {
    const {
      writeId = randomHex(16),
      usesReserve,
      scheme: named = DEFAULT_POOL.scheme,
      group = DEFAULT_POOL.group,
    } = options;
    const pool = this.#source.pool({ scheme: named, group });
    const { scheme } = pool;
    assert(bytes.length <= placeLimitBytes(scheme), 'a placed blob is small');
    assert(label.length <= LABEL_BYTES_MAX, 'a label is short');
    const size = bytes.length;
    if (size === 0) return { size, extents: [] };
    this.#source.requireQuorum(pool, usesReserve);
    const stripe = this.#pendingFor(pool, size, label);
    const start = stripe.add(bytes, { writeId, label });
    const locate = (): Extent[] => {
      const { segment, offset, dataLength } = this.#freeze(stripe).plan;
      return [{ segment, offset, unit: unitFor(scheme, dataLength), start, length: size }];
    };
    let extents: Extent[] | undefined;
    // An own, enumerable getter: the ref serialises and clones as the plain value it stands for.
    return {
      size,
      writeId,
      ...mentionOf(scheme),
      get extents() {
        extents ??= locate();
        return extents;
      },
    };
  }

  flush(): Promise<void> {
    for (const gathering of this.#gatherings.values()) {
      if (gathering.small) this.#freeze(gathering.small);
      if (gathering.large) this.#freeze(gathering.large);
      this.#returnLarge(gathering);
    }
    const stripes = this.#frozen;
    this.#frozen = [];
    const flushed = this.#lastFlush.then(() => this.#store(stripes));
    this.#lastFlush = flushed.catch(() => {});
    return flushed;
  }

  /**
   * Waits for the flushes that were called and gives up what was placed since: nobody flushes it any more, and its
   * segment could not be closed.
   */
  async settled(): Promise<void> {
    await this.#lastFlush;
    for (const gathering of this.#gatherings.values()) {
      gathering.small = undefined;
      gathering.large = undefined;
      this.#returnLarge(gathering);
    }
    for (const stripe of this.#frozen.splice(0)) stripe.frozen?.open.leave();
  }

  /** The pending stripe, or a new one if the blob does not fit. */
  #pendingFor(pool: Pool, size: number, label: Uint8Array): PendingStripe {
    const large = size >= LARGE_BYTES_MIN ? this.#pendingLargeFor(pool, size, label) : undefined;
    if (large) return large;
    const gathering = this.#gatheringFor(pool);
    if (gathering.small?.fits(size, label)) return gathering.small;
    if (gathering.small) this.#freeze(gathering.small);
    gathering.small = new PendingStripe(pool);
    return gathering.small;
  }

  /** The same of large blobs; undefined if there is no buffer for another one. */
  #pendingLargeFor(pool: Pool, size: number, label: Uint8Array): PendingStripe | undefined {
    const gathering = this.#gatheringFor(pool);
    if (gathering.large?.fits(size, label)) return gathering.large;
    const buffer = this.#largeStripes < LARGE_STRIPES_MAX ? this.#buffers.tryAcquire() : undefined;
    if (!buffer) return undefined;
    this.#largeStripes++;
    if (gathering.large) this.#freeze(gathering.large);
    gathering.large = new PendingStripe(pool, buffer);
    return gathering.large;
  }

  #gatheringFor(pool: Pool): Gathering {
    const known = this.#gatherings.get(pool);
    if (known) return known;
    const gathering = { small: undefined, large: undefined, openLarge: undefined };
    this.#gatherings.set(pool, gathering);
    return gathering;
  }

  #freeze(stripe: PendingStripe): Frozen {
    if (stripe.frozen) return stripe.frozen;
    const { scheme, pool } = stripe;
    const directory = encodeDirectory(stripe.entries);
    const directoryUnit = unitFor(scheme, directory.length);
    const shardBytes = stripeShardBytes({ unit: unitFor(scheme, stripe.length), directoryUnit });
    const inPages = stripe.buffer !== undefined;
    const open = inPages ? this.#large(pool, shardBytes) : this.#source.packed(pool, shardBytes);
    open.enter();
    const offset = open.reserve(shardBytes);
    open.segment.addData(stripe.length);
    for (const _ of stripe.entries) open.segment.hold();
    const named = { scheme, segment: open.segment.id, offset, dataLength: stripe.length };
    stripe.frozen = { open, plan: { ...named, directory, directoryUnit, inPages }, shardBytes };
    this.#frozen.push(stripe);
    const gathering = this.#gatheringFor(pool);
    if (gathering.small === stripe) gathering.small = undefined;
    if (gathering.large === stripe) gathering.large = undefined;
    return stripe.frozen;
  }

  /** The segment for a stripe of large blobs, whose next stripe begins at a page. */
  #large(pool: Pool, shardBytes: number): OpenSegment {
    const gathering = this.#gatheringFor(pool);
    const current = gathering.openLarge;
    if (current && this.#source.accepts(current, shardBytes)) {
      current.skipToPage();
      return current;
    }
    this.#returnLarge(gathering);
    gathering.openLarge = this.#source.takePaged(pool, shardBytes);
    return gathering.openLarge;
  }

  /** Whoever takes the segment next may write behind what was frozen: stripes of large blobs share no page. */
  #returnLarge(gathering: Gathering): void {
    const open = gathering.openLarge;
    gathering.openLarge = undefined;
    if (open) this.#source.returnBulk(open);
  }

  /** Stores stripes of one flush: one write and one sync for each shard file. */
  async #store(stripes: readonly PendingStripe[]): Promise<void> {
    const bySegment = Map.groupBy(stripes, (stripe) => this.#freeze(stripe).open);
    const lost = new Map<string, BlobError>();
    const outcomes = await Promise.allSettled(
      Array.from(bySegment, async ([open, members]) => {
        try {
          await this.#append(open, members);
        } finally {
          this.#source.retireIfDamaged(open);
          for (const _ of members) open.leave();
        }
        try {
          this.#source.requireGood(open);
        } catch (error) {
          if (!(error instanceof BlobError)) throw error;
          lost.set(open.segment.id, error);
        }
      }),
    );
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
    const [first] = lost.values();
    if (first) throw new SegmentsLost(first, new Set(lost.keys()));
  }

  /** Stripes frozen for one segment one after another lie one after another, so they go out as one write. */
  async #append(open: OpenSegment, stripes: readonly PendingStripe[]): Promise<void> {
    const borrowed = stripes.flatMap(({ buffer }) => buffer ?? []);
    const release = (): void => {
      for (const { data, buffer } of stripes) {
        if (buffer) this.#largeStripes--;
        else freeBuffer(data);
      }
      for (const buffer of borrowed) this.#buffers.release(buffer);
    };
    let encoded: readonly Placed[];
    try {
      encoded = await Promise.all(stripes.map((stripe) => this.#encode(stripe, borrowed)));
    } catch (error) {
      release();
      throw error;
    }
    const [first] = encoded;
    if (!first) return;
    const { offset } = first;
    const shards = first.shards.map((_, shard) => encoded.flatMap((placed) => placed.shards[shard] ?? []));
    const shardBytes = stripes.reduce((sum, stripe) => sum + this.#freeze(stripe).shardBytes, 0);
    await open.appendDurably({ offset, shards }, shardBytes, release);
    if (stripes[0]?.buffer) return;
    this.#atHand.noteWritten(open.segment, { start: offset, end: offset + shardBytes });
  }

  /** What each shard file gets. The pieces of all but small stripes are views of a buffer, to be given back once they are stored. */
  async #encode(stripe: PendingStripe, borrowed: StripeBuffer[]): Promise<Placed> {
    const { plan } = this.#freeze(stripe);
    const { offset, dataLength } = plan;
    if (stripe.buffer) {
      const shards = await this.#encoder.encode(plan, stripe.buffer);
      return new PagedRun().next({ offset, shards }, stripe.buffer.edges);
    }
    const buffer = dataLength > INLINE_BYTES_MAX ? this.#buffers.tryAcquire() : undefined;
    if (!buffer) return { offset, shards: this.#encoder.encodeCopy(plan, stripe.data) };
    borrowed.push(buffer);
    stripe.data.copy(buffer.data, 0, 0, dataLength);
    return { offset, shards: await this.#encoder.encode(plan, buffer) };
  }
}
