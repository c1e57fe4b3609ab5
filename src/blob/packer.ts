/**
 * Packs small blobs into stripes and makes them durable, many at a time.
 *
 * Blobs gather in the pending stripe. It is frozen, that is given its segment, offset and unit, at the latest by `flush`,
 * and before that as soon as it is full or someone reads `extents` of a blob in it; the next blob then starts another
 * stripe. So a caller may place blobs, serialise their refs and then flush, in this order, in one tick. A blob never
 * straddles stripes.
 *
 * Flushes run one after another, each with the stripes that were there when it was called. One that fails takes only its
 * own blobs with it; their places in the segment stay empty.
 */
import assert from 'node:assert';
import { freeBuffer } from '../lib/free-buffer.ts';
import { randomHex } from '../lib/ids.ts';
import { SHARDS } from './coding/reed-solomon.ts';
import { type DirectoryEntry, directoryEntryBytes, encodeDirectory } from './directory.ts';
import type { OpenSegment } from './open-segment.ts';
import type { SegmentSource } from './segment-source.ts';
import { STRIPE_BYTES_MAX, stripeShardBytes, unitFor } from './stripe.ts';
import type { StripeBuffer, StripeBuffers } from './stripe-buffers.ts';
import type { ShardPieces, StripeEncoder, StripePlan } from './stripe-encoder.ts';
import type { BlobLabel, BlobRef, Extent, WriteOptions } from './types.ts';

export const PLACE_LIMIT_BYTES = 1024 * 1024;
const LABEL_BYTES_MAX = 64 * 1024;
/** Stripes up to this size are encoded in place; larger ones go to a thread, if a buffer is free. */
const INLINE_BYTES_MAX = 256 * 1024;

interface Frozen {
  readonly open: OpenSegment;
  readonly plan: StripePlan;
}

class PendingStripe {
  data = Buffer.allocUnsafeSlow(16 * 1024);
  length = 0;
  directoryBytes = 0;
  readonly entries: DirectoryEntry[] = [];
  frozen: Frozen | undefined;

  fits(length: number, label: Uint8Array): boolean {
    const directoryBytes = this.directoryBytes + directoryEntryBytes(label);
    return this.length + length <= STRIPE_BYTES_MAX && directoryBytes <= STRIPE_BYTES_MAX;
  }

  /** Copies a blob in; returns where it starts. */
  add(bytes: Uint8Array, { writeId, label }: BlobLabel): number {
    const start = this.length;
    this.#reserve(start + bytes.length);
    this.data.set(bytes, start);
    this.length += bytes.length;
    this.directoryBytes += directoryEntryBytes(label);
    const entry = { start, length: bytes.length, blobOffset: 0, writeId, isLast: true };
    this.entries.push({ ...entry, label: Uint8Array.from(label) });
    return start;
  }

  #reserve(length: number): void {
    if (length <= this.data.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.min(STRIPE_BYTES_MAX, Math.max(length, 2 * this.data.length)));
    this.data.copy(grown, 0, 0, this.length);
    freeBuffer(this.data);
    this.data = grown;
  }
}

export class Packer {
  readonly #source: SegmentSource;
  readonly #encoder: StripeEncoder;
  readonly #buffers: StripeBuffers;
  #pending: PendingStripe | undefined;
  #frozen: PendingStripe[] = [];
  #lastFlush: Promise<unknown> = Promise.resolve();

  constructor(source: SegmentSource, encoder: StripeEncoder, buffers: StripeBuffers) {
    this.#source = source;
    this.#encoder = encoder;
    this.#buffers = buffers;
  }

  place(bytes: Uint8Array, label: Uint8Array, { writeId = randomHex(16) }: WriteOptions = {}): BlobRef {
    assert(bytes.length <= PLACE_LIMIT_BYTES, 'a placed blob is small');
    assert(label.length <= LABEL_BYTES_MAX, 'a label is short');
    const size = bytes.length;
    if (size === 0) return { size, extents: [] };
    this.#source.requireQuorum();
    if (this.#pending && !this.#pending.fits(size, label)) this.#freeze(this.#pending);
    this.#pending ??= new PendingStripe();
    const stripe = this.#pending;
    const start = stripe.add(bytes, { writeId, label });
    const locate = (): Extent[] => {
      const { segment, offset, dataLength } = this.#freeze(stripe).plan;
      return [{ segment, offset, unit: unitFor(dataLength), start, length: size }];
    };
    let extents: Extent[] | undefined;
    // An own, enumerable getter: the ref serialises and clones as the plain value it stands for.
    return {
      size,
      writeId,
      get extents() {
        extents ??= locate();
        return extents;
      },
    };
  }

  flush(): Promise<void> {
    if (this.#pending) this.#freeze(this.#pending);
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
    this.#pending = undefined;
    for (const stripe of this.#frozen.splice(0)) stripe.frozen?.open.leave();
  }

  #freeze(stripe: PendingStripe): Frozen {
    if (stripe.frozen) return stripe.frozen;
    const directory = encodeDirectory(stripe.entries);
    const directoryUnit = unitFor(directory.length);
    const shardBytes = stripeShardBytes({ unit: unitFor(stripe.length), directoryUnit });
    const open = this.#source.packed(shardBytes);
    open.enter();
    const offset = open.reserve(shardBytes);
    for (const _ of stripe.entries) open.segment.hold();
    const plan = { segment: open.segment.id, offset, dataLength: stripe.length, directory, directoryUnit };
    stripe.frozen = { open, plan };
    this.#frozen.push(stripe);
    if (this.#pending === stripe) this.#pending = undefined;
    return stripe.frozen;
  }

  /** Stores stripes of one flush: one write and one sync for each shard file. */
  async #store(stripes: readonly PendingStripe[]): Promise<void> {
    const bySegment = Map.groupBy(stripes, (stripe) => this.#freeze(stripe).open);
    await Promise.all(
      Array.from(bySegment, async ([open, members]) => {
        try {
          await this.#append(open, members);
          await open.sync();
        } finally {
          this.#source.retireIfDamaged(open);
          for (const _ of members) open.leave();
        }
      }),
    );
    for (const open of bySegment.keys()) this.#source.requireGood(open);
  }

  /** Stripes frozen for one segment one after another lie one after another, so they go out as one write. */
  async #append(open: OpenSegment, stripes: readonly PendingStripe[]): Promise<void> {
    const borrowed: StripeBuffer[] = [];
    try {
      const encoded = await Promise.all(stripes.map((stripe) => this.#encode(stripe, borrowed)));
      const shards = Array.from({ length: SHARDS }, (_, shard) => encoded.flatMap((pieces) => pieces[shard] ?? []));
      const first = stripes[0];
      if (first) await open.append(this.#freeze(first).plan.offset, shards);
    } finally {
      for (const { data } of stripes) freeBuffer(data);
      for (const buffer of borrowed) this.#buffers.release(buffer);
    }
  }

  /** The pieces of a large stripe are views of a buffer, which the caller gives back once they are stored. */
  async #encode(stripe: PendingStripe, borrowed: StripeBuffer[]): Promise<ShardPieces> {
    const { plan } = this.#freeze(stripe);
    const buffer = plan.dataLength > INLINE_BYTES_MAX ? this.#buffers.tryAcquire() : undefined;
    if (!buffer) return this.#encoder.encodeCopy(plan, stripe.data);
    borrowed.push(buffer);
    stripe.data.copy(buffer.data, 0, 0, plan.dataLength);
    return this.#encoder.encode(plan, buffer);
  }
}
