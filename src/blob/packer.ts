/**
 * Packs small blobs into stripes and makes them durable, many at a time.
 *
 * Blobs gather in the pending stripe of their scheme. It is frozen, that is given its segment, offset and unit, at the latest by `flush`,
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
import { type DirectoryEntry, directoryEntryBytes, encodeDirectory } from './directory.ts';
import type { OpenSegment } from './open-segment.ts';
import { ALL_SCHEMES, DEFAULT_SCHEME, mentionOf, SCHEMES, type Scheme, type SchemeName } from './scheme.ts';
import type { SegmentSource } from './segment-source.ts';
import { stripeBytesMax, stripeShardBytes, unitFor } from './stripe.ts';
import type { StripeBuffer, StripeBuffers } from './stripe-buffers.ts';
import type { ShardPieces, StripeEncoder, StripePlan } from './stripe-encoder.ts';
import type { StripesAtHand } from './stripes-at-hand.ts';
import type { BlobLabel, BlobRef, Extent, WriteOptions } from './types.ts';

const PLACED_BYTES_MAX = 1024 * 1024;
const LABEL_BYTES_MAX = 64 * 1024;
/** Stripes up to this size are encoded in place; larger ones go to a thread, if a buffer is free. */
const INLINE_BYTES_MAX = 256 * 1024;

interface Frozen {
  readonly open: OpenSegment;
  readonly plan: StripePlan;
}

/** Largest blob of a scheme that is packed: it never straddles stripes. */
export function placeLimitBytes(scheme: Scheme): number {
  return Math.min(PLACED_BYTES_MAX, stripeBytesMax(scheme));
}

class PendingStripe {
  readonly scheme: Scheme;
  readonly #bytesMax: number;
  data = Buffer.allocUnsafeSlow(16 * 1024);
  length = 0;
  directoryBytes = 0;
  readonly entries: DirectoryEntry[] = [];
  frozen: Frozen | undefined;

  constructor(scheme: Scheme) {
    this.scheme = scheme;
    this.#bytesMax = stripeBytesMax(scheme);
  }

  fits(length: number, label: Uint8Array): boolean {
    const directoryBytes = this.directoryBytes + directoryEntryBytes(label);
    return this.length + length <= this.#bytesMax && directoryBytes <= this.#bytesMax;
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
  readonly #pending: Record<SchemeName, PendingStripe | undefined> = { '6+3': undefined, '1+2': undefined };
  #frozen: PendingStripe[] = [];
  #lastFlush: Promise<unknown> = Promise.resolve();

  constructor(source: SegmentSource, encoder: StripeEncoder, buffers: StripeBuffers, atHand: StripesAtHand) {
    this.#source = source;
    this.#encoder = encoder;
    this.#buffers = buffers;
    this.#atHand = atHand;
  }

  place(bytes: Uint8Array, label: Uint8Array, options: WriteOptions): BlobRef {
    const { writeId = randomHex(16), usesReserve } = options;
    const scheme = SCHEMES[options.scheme ?? DEFAULT_SCHEME];
    assert(bytes.length <= placeLimitBytes(scheme), 'a placed blob is small');
    assert(label.length <= LABEL_BYTES_MAX, 'a label is short');
    const size = bytes.length;
    if (size === 0) return { size, extents: [] };
    this.#source.requireQuorum(scheme, usesReserve);
    const stripe = this.#pendingFor(scheme, size, label);
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
    for (const { name } of ALL_SCHEMES) if (this.#pending[name]) this.#freeze(this.#pending[name]);
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
    for (const { name } of ALL_SCHEMES) this.#pending[name] = undefined;
    for (const stripe of this.#frozen.splice(0)) stripe.frozen?.open.leave();
  }

  /** The pending stripe, or a new one if the blob does not fit. */
  #pendingFor(scheme: Scheme, size: number, label: Uint8Array): PendingStripe {
    const pending = this.#pending[scheme.name];
    if (pending?.fits(size, label)) return pending;
    if (pending) this.#freeze(pending);
    const stripe = new PendingStripe(scheme);
    this.#pending[scheme.name] = stripe;
    return stripe;
  }

  #freeze(stripe: PendingStripe): Frozen {
    if (stripe.frozen) return stripe.frozen;
    const { scheme } = stripe;
    const directory = encodeDirectory(stripe.entries);
    const directoryUnit = unitFor(scheme, directory.length);
    const shardBytes = stripeShardBytes({ unit: unitFor(scheme, stripe.length), directoryUnit });
    const open = this.#source.packed(scheme, shardBytes);
    open.enter();
    const offset = open.reserve(shardBytes);
    open.segment.addData(stripe.length);
    for (const _ of stripe.entries) open.segment.hold();
    const plan = { scheme, segment: open.segment.id, offset, dataLength: stripe.length, directory, directoryUnit };
    stripe.frozen = { open, plan };
    this.#frozen.push(stripe);
    if (this.#pending[scheme.name] === stripe) this.#pending[scheme.name] = undefined;
    return stripe.frozen;
  }

  /** Stores stripes of one flush: one write and one sync for each shard file. */
  async #store(stripes: readonly PendingStripe[]): Promise<void> {
    const bySegment = Map.groupBy(stripes, (stripe) => this.#freeze(stripe).open);
    await Promise.all(
      Array.from(bySegment, async ([open, members]) => {
        try {
          await this.#append(open, members);
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
    const release = (): void => {
      for (const { data } of stripes) freeBuffer(data);
      for (const buffer of borrowed) this.#buffers.release(buffer);
    };
    const [first] = stripes;
    if (!first) return;
    let shards: ShardPieces;
    try {
      const encoded = await Promise.all(stripes.map((stripe) => this.#encode(stripe, borrowed)));
      const { shards: length } = open.segment.scheme;
      shards = Array.from({ length }, (_, shard) => encoded.flatMap((pieces) => pieces[shard] ?? []));
    } catch (error) {
      release();
      throw error;
    }
    const { offset } = this.#freeze(first).plan;
    const shardBytes = (shards[0] ?? []).reduce((sum, { length }) => sum + length, 0);
    await open.appendDurably({ offset, shards }, shardBytes, release);
    this.#atHand.noteWritten(open.segment, { start: offset, end: offset + shardBytes });
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
