/**
 * Writes a stream to a bulk segment of its own, stripe by stripe.
 *
 * A stripe is assembled in a stripe buffer, encoded on a thread and appended to the segment's files while the next ones are
 * assembled; a few are under way at once. A full stripe is sent only once more bytes have come, since the last stripe
 * of a blob carries its label. The files are synced now and then in the background, so that the sync at the end is short.
 * A blob that is too long for its segment goes on in another one.
 *
 * If the source fails, what was written is garbage: the segment goes back to the pool and the next blob follows it.
 */
import { randomHex } from '../lib/ids.ts';
import { encodeDirectory } from './directory.ts';
import { FillingStripe } from './filling-stripe.ts';
import type { OpenSegment } from './open-segment.ts';
import { PagedRun, type Placed } from './paged-run.ts';
import { DEFAULT_POOL } from './pool.ts';
import { mentionOf } from './scheme.ts';
import type { Pool } from './segment-pools.ts';
import type { SegmentSource } from './segment-source.ts';
import { continuedDirectoryUnit, stripeBytesMax, stripeShardBytes, unitFor, unitShift } from './stripe.ts';
import type { StripeBuffer, StripeBuffers } from './stripe-buffers.ts';
import type { StripeEncoder, StripePlan } from './stripe-encoder.ts';
import type { BlobRef, Extent, WriteOptions } from './types.ts';

const STRIPES_UNDER_WAY_MAX = 3;
const BACKGROUND_SYNC_BYTES = 32 * 1024 * 1024;
const NO_LABEL = new Uint8Array();

export interface BulkContext {
  readonly source: SegmentSource;
  readonly encoder: StripeEncoder;
  readonly buffers: StripeBuffers;
}

/** See BlobStore.write. */
export async function writeBulk(
  context: BulkContext,
  source: AsyncIterable<Uint8Array>,
  label: () => Promise<Uint8Array>,
  options: WriteOptions = {},
): Promise<BlobRef> {
  const pool = context.source.pool({ ...DEFAULT_POOL, ...options });
  context.source.requireQuorum(pool, options.usesReserve);
  const upload = new BulkUpload(context, pool, options);
  try {
    for await (const chunk of source) await upload.append(chunk);
    return await upload.finish(await label());
  } catch (error) {
    await upload.abandon();
    throw error;
  }
}

/** A segment that the blob is written to, and the run of stripes in it. */
interface BulkSegment {
  readonly open: OpenSegment;
  readonly run: PagedRun;
}

/** A stripe on its way. */
interface Sent {
  readonly plan: StripePlan;
  /** Reserved for it in each shard file. */
  readonly shardBytes: number;
  readonly buffer: StripeBuffer;
  /** The stripe before it has been stored. */
  readonly after: Promise<void>;
}

class BulkUpload {
  readonly #context: BulkContext;
  readonly #pool: Pool;
  readonly #filling: FillingStripe;
  readonly #usesReserve: boolean;
  readonly #writeId: string;
  readonly #segments: BulkSegment[] = [];
  readonly #extents: Extent[] = [];
  /** Stripes on their way; they never reject, what goes wrong is kept in `#failures`. */
  readonly #underWay = new Set<Promise<void>>();
  readonly #failures: unknown[] = [];
  /** Bytes in stripes that were sent. */
  #sent = 0;
  #unsynced = 0;
  /** The stripe that was sent last. */
  #last: Promise<void> = Promise.resolve();

  constructor(context: BulkContext, pool: Pool, { writeId, usesReserve = false }: WriteOptions) {
    this.#context = context;
    this.#pool = pool;
    const nextShift = () => unitShift(this.#segments.at(-1)?.open.tail ?? 0);
    this.#filling = new FillingStripe(context.buffers, stripeBytesMax(pool.scheme), nextShift);
    this.#usesReserve = usesReserve;
    this.#writeId = writeId ?? randomHex(16);
  }

  async append(chunk: Uint8Array): Promise<void> {
    let rest = chunk;
    while (rest.length > 0) {
      if (this.#filling.isFull) await this.#send(NO_LABEL, false);
      rest = rest.subarray(await this.#filling.add(rest));
    }
  }

  async finish(label: Uint8Array): Promise<BlobRef> {
    if (this.#filling.length > 0) await this.#send(label, true);
    await Promise.all(this.#underWay);
    this.#throwFailure();
    await Promise.all(this.#segments.map(({ open }) => open.sync()));
    for (const { open } of this.#segments) this.#context.source.requireGood(open);
    this.#returnSegments();
    if (this.#sent === 0) return { size: 0, extents: [] };
    return { size: this.#sent, extents: this.#extents, writeId: this.#writeId, ...mentionOf(this.#pool.scheme) };
  }

  async abandon(): Promise<void> {
    await Promise.all(this.#underWay);
    this.#filling.drop();
    for (const { open } of this.#segments) open.segment.release();
    this.#returnSegments();
  }

  #returnSegments(): void {
    for (const { open } of this.#segments) this.#context.source.returnBulk(open);
    this.#segments.length = 0;
  }

  /** Sends the assembled stripe on its way; waits if too many are. */
  async #send(label: Uint8Array, isLast: boolean): Promise<void> {
    await this.#filling.settle();
    const { scheme } = this.#pool;
    const { length } = this.#filling;
    const entry = { start: 0, length, blobOffset: this.#sent, writeId: this.#writeId, isLast, label };
    const directory = encodeDirectory([entry]);
    const directoryUnit = isLast ? unitFor(scheme, directory.length) : continuedDirectoryUnit(scheme);
    const shardBytes = stripeShardBytes({ unit: unitFor(scheme, length), directoryUnit });
    const segment = this.#segmentFor(shardBytes);
    const { open } = segment;
    const offset = open.reserve(shardBytes);
    open.segment.addData(length);
    this.#extend(open.segment.id, offset, length);
    this.#sent += length;

    const { buffer, shift: lies } = this.#filling.take();
    const shift = unitShift(offset);
    if (shift !== lies) buffer.data.copyWithin(shift, lies, lies + length);
    const named = { scheme, segment: open.segment.id, offset, dataLength: length };
    const plan = { ...named, directory, directoryUnit, inPages: true };
    const stored = this.#store(segment, { plan, shardBytes, buffer, after: this.#last })
      .catch((error: unknown) => {
        this.#failures.push(error);
      })
      .finally(() => this.#underWay.delete(stored));
    this.#last = stored;
    this.#underWay.add(stored);
    if (this.#underWay.size >= STRIPES_UNDER_WAY_MAX) await Promise.race(this.#underWay);
    this.#throwFailure();
    this.#context.source.requireGood(open);
  }

  #throwFailure(): void {
    if (this.#failures.length > 0) throw this.#failures[0];
  }

  async #store({ open, run }: BulkSegment, { plan, shardBytes, buffer, after }: Sent): Promise<void> {
    const { buffers, encoder } = this.#context;
    const release = (): void => buffers.release(buffer);
    let paged: Placed;
    try {
      const shards = await encoder.encode(plan, buffer);
      // They share a page.
      await after;
      paged = run.next({ offset: plan.offset, shards }, buffer.edges);
    } catch (error) {
      release();
      throw error;
    }
    await open.append(paged, shardBytes, release);
    this.#unsynced += plan.dataLength;
    if (this.#unsynced >= BACKGROUND_SYNC_BYTES) {
      this.#unsynced = 0;
      open.syncInBackground();
    }
  }

  /** The blob goes on in another segment when this one is full, or was retired because a disk came or went. */
  #segmentFor(shardBytes: number): BulkSegment {
    const current = this.#segments.at(-1);
    if (current && this.#context.source.accepts(current.open, shardBytes)) return current;
    const next = {
      open: this.#context.source.takeBulk(this.#pool, shardBytes, this.#usesReserve),
      run: new PagedRun(),
    };
    next.open.segment.hold();
    this.#segments.push(next);
    return next;
  }

  /** A stripe that follows the last one in its segment extends the extent; any other begins one. */
  #extend(segment: string, offset: number, length: number): void {
    const last = this.#extents.at(-1);
    if (last?.segment === segment) {
      this.#extents[this.#extents.length - 1] = { ...last, length: last.length + length };
    } else {
      this.#extents.push({ segment, offset, unit: unitFor(this.#pool.scheme, length), start: 0, length });
    }
  }
}
