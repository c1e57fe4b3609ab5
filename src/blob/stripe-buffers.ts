/**
 * The buffers in which stripes are assembled and encoded: a fixed number of them, in one memory that all encoder threads
 * share. They are the budget of the write path: who finds none free waits in line. A writer holds a buffer only while it
 * fills or stores it, and never waits for a second one while it could finish a first. Whoever fills one for longer than
 * others should wait is asked to do without it, the longest first, so the line moves however slowly some fill theirs.
 *
 * The memory is made for the first buffer that somebody wants, and given up as a whole when none was in use for some seconds: what was
 * touched of it would else stay with the process. The scratch has a memory of its own, for as long as the store is open: used and
 * left within one synchronous step of the thread that made it, never handed out.
 */
import assert from 'node:assert';
import { type Clock, steadyClock } from '../lib/clock.ts';
import { IdleTimer, keptIdleMs } from '../lib/idle-timer.ts';
import { anotherCoder, CODER_RESERVED_BYTES, type Coder } from './coding/coder.ts';
import { ALL_SCHEMES, type Scheme } from './scheme.ts';
import { blockChecksums } from './shard-header.ts';
import { BLOCK_BYTES, BLOCKS_PER_UNIT_MAX, PAGE_BYTES, STRIPE_BYTES_MAX, UNIT_BYTES_MAX } from './stripe.ts';

/** A buffer has room for a stripe of any scheme. */
const PARITY_SHARDS_MAX = Math.max(...ALL_SCHEMES.map(({ parityShards }) => parityShards));
const SHARDS_MAX = Math.max(...ALL_SCHEMES.map(({ shards }) => shards));
/** The first unit begins anywhere in its first page. */
const DATA_BYTES = STRIPE_BYTES_MAX + PAGE_BYTES;
const PARITY_BYTES = PARITY_SHARDS_MAX * UNIT_BYTES_MAX + PAGE_BYTES;
const PARITY_AT = DATA_BYTES;
const CHECKSUMS_AT = PARITY_AT + PARITY_BYTES;
const CHECKSUM_COUNT = SHARDS_MAX * BLOCKS_PER_UNIT_MAX;
const EDGES_AT = CHECKSUMS_AT + PAGE_BYTES;
/** Of every shard the pages that its unit shares with others, and a directory unit with a label of 64 KiB. */
const EDGES_BYTES = 64 * PAGE_BYTES;
const BUFFER_BYTES = EDGES_AT + EDGES_BYTES;

export function stripeMemoryBytes(bufferCount: number): number {
  return CODER_RESERVED_BYTES + bufferCount * BUFFER_BYTES;
}

/** How a stripe lies in a buffer. */
export interface StripeShape {
  readonly scheme: Scheme;
  /** Bytes of each shard. */
  readonly unit: number;
  /** Where the data begins in the buffer, and the parity in its part. Default 0. */
  readonly at?: number;
  /** From one unit to the next, once the stripe is encoded. Before that, and by default, they follow one another. */
  readonly apart?: number;
}

/** One buffer of a coder's memory. */
export class StripeBuffer {
  readonly coder: Coder;
  readonly index: number;
  /** Room for the stripe's data: a unit for each data shard, of any size up to the largest. */
  readonly data: Buffer;
  /** The parity units, of that size. */
  readonly parity: Buffer;
  /** Room for what is stored beside whole pages of the units. */
  readonly edges: Buffer;
  readonly #checksums: Uint32Array;

  constructor(coder: Coder, index: number) {
    const { memory } = coder;
    const at = CODER_RESERVED_BYTES + index * BUFFER_BYTES;
    this.coder = coder;
    this.index = index;
    this.data = Buffer.from(memory.buffer, at, DATA_BYTES);
    this.parity = Buffer.from(memory.buffer, at + PARITY_AT, PARITY_BYTES);
    this.edges = Buffer.from(memory.buffer, at + EDGES_AT, EDGES_BYTES);
    this.#checksums = new Uint32Array(memory.buffer, at + CHECKSUMS_AT, CHECKSUM_COUNT);
  }

  /** Computes parity and checksums of the units that lie in `data`. */
  encode({ scheme, unit, at = 0, apart = unit }: StripeShape): void {
    this.coder.encode(scheme, { input: this.data.byteOffset + at, output: this.parity.byteOffset + at, length: unit });
    for (let shard = 0; shard < scheme.shards; shard++) {
      const bytes = this.unit({ scheme, shard, unit, at });
      this.#checksums.set(blockChecksums(bytes, BLOCK_BYTES), shard * BLOCKS_PER_UNIT_MAX);
    }
    if (apart === unit) return;
    spread(this.data, { count: scheme.dataShards, unit, at, apart });
    spread(this.parity, { count: scheme.parityShards, unit, at, apart });
  }

  /** The bytes of one shard, when each has `unit` bytes. */
  unit({ scheme, shard, unit, at = 0, apart = unit }: StripeShape & { readonly shard: number }): Buffer {
    const parityIndex = shard - scheme.dataShards;
    const [bytes, index] = parityIndex < 0 ? [this.data, shard] : [this.parity, parityIndex];
    return bytes.subarray(at + index * apart, at + index * apart + unit);
  }

  /** Checksums of the first `blocks` blocks of a shard, as `encode` left them. */
  checksums({ shard, blocks }: { shard: number; blocks: number }): number[] {
    const at = shard * BLOCKS_PER_UNIT_MAX;
    return [...this.#checksums.subarray(at, at + blocks)];
  }
}

/** Moves units that follow one another apart, the last one first. */
function spread(
  bytes: Buffer,
  { count, unit, at, apart }: { count: number; unit: number; at: number; apart: number },
): void {
  for (let i = count - 1; i > 0; i--) bytes.copyWithin(at + i * apart, at + i * unit, at + (i + 1) * unit);
}

/** Who fills a buffer as its bytes come. */
export interface Filler {
  /** Gives its buffer up and goes on without it; undefined if it cannot. */
  giveUp(): StripeBuffer | undefined;
}

/** How long a buffer may be filled while others wait for one. */
const FILL_MS_MAX = 1000;
/** Memory for the stripes of those who gave their buffers up. */
const OWN_BYTES_MAX = 32 * 1024 * 1024;

export interface StripeBuffersOptions {
  readonly clock?: Clock;
  readonly fillMsMax?: number | undefined;
  readonly ownBytesMax?: number;
  /** After so long without one in use, the buffers are given up. Default some seconds. */
  readonly idleMsMax?: number;
}

export class StripeBuffers {
  readonly scratch: StripeBuffer;
  readonly #count: number;
  /** Absent while there is no memory for them. */
  #free: StripeBuffer[] | undefined;
  readonly #idle: IdleTimer;
  readonly #waiting: ((buffer: StripeBuffer) => void)[] = [];
  /** Since when each fills its buffer, the longest first. */
  readonly #fillers = new Map<Filler, number>();
  readonly #clock: Clock;
  readonly #fillMsMax: number;
  #ownBytesLeft: number;
  #timer: NodeJS.Timeout | undefined;

  /** The coder has memory for one buffer, the scratch; that of the others is made when it is needed. */
  constructor(coder: Coder, count: number, options: StripeBuffersOptions = {}) {
    this.#clock = options.clock ?? steadyClock;
    this.#fillMsMax = options.fillMsMax ?? FILL_MS_MAX;
    this.#ownBytesLeft = options.ownBytesMax ?? OWN_BYTES_MAX;
    assert(count >= 1, 'a writer needs a buffer');
    this.scratch = new StripeBuffer(coder, 0);
    this.#count = count;
    this.#idle = new IdleTimer(options.idleMsMax ?? keptIdleMs, () => {
      if (this.#free?.length === count) this.#free = undefined;
    });
  }

  /** Whether there is memory for buffers now. */
  get hasMemory(): boolean {
    return this.#free !== undefined;
  }

  async acquire(): Promise<StripeBuffer> {
    const buffer = this.tryAcquire() ?? (this.#waiting.length === 0 ? this.#reclaim() : undefined);
    if (buffer) return buffer;
    const turn = new Promise<StripeBuffer>((resolve) => this.#waiting.push(resolve));
    this.#wakeForReclaim();
    return turn;
  }

  /** A buffer if one is free now. */
  tryAcquire(): StripeBuffer | undefined {
    this.#free ??= this.#make();
    return this.#free.pop();
  }

  release(buffer: StripeBuffer): void {
    const free = this.#free;
    assert(free && !free.includes(buffer), 'a buffer is released once');
    const next = this.#waiting.shift();
    if (next) next(buffer);
    else free.push(buffer);
    if (free.length === this.#count) this.#idle.note();
  }

  /** The last one freed is the next one taken, so that memory never needed stays untouched. */
  #make(): StripeBuffer[] {
    const count = this.#count;
    const coder = anotherCoder(this.scratch.coder, stripeMemoryBytes(count));
    return Array.from({ length: count }, (_, i) => new StripeBuffer(coder, count - 1 - i));
  }

  /** A writer begins to fill its buffer as bytes come. */
  filling(filler: Filler): void {
    this.#fillers.set(filler, this.#clock.nowMs());
    if (this.#waiting.length > 0) this.#wakeForReclaim();
  }

  /** It has ended that. */
  filled(filler: Filler): void {
    this.#fillers.delete(filler);
  }

  /** Takes of the memory for stripes without a buffer, or gives back; false if there is too little. */
  reserveOwn(bytes: number): boolean {
    if (bytes > this.#ownBytesLeft) return false;
    this.#ownBytesLeft -= bytes;
    return true;
  }

  /** The buffer of the first that has filled it for long enough and can do without. */
  #reclaim(): StripeBuffer | undefined {
    const beforeMs = this.#clock.nowMs() - this.#fillMsMax;
    for (const [filler, sinceMs] of this.#fillers) {
      if (sinceMs > beforeMs) return undefined;
      const buffer = filler.giveUp();
      if (buffer === undefined) continue;
      this.#fillers.delete(filler);
      return buffer;
    }
    return undefined;
  }

  /** Serves those who wait once a buffer has been filled for long enough. */
  #wakeForReclaim(): void {
    const [sinceMs] = this.#fillers.values();
    if (this.#timer !== undefined || sinceMs === undefined) return;
    const dueMs = Math.max(sinceMs + this.#fillMsMax - this.#clock.nowMs(), this.#fillMsMax / 10);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      while (this.#waiting.length > 0) {
        const buffer = this.#reclaim();
        if (buffer === undefined) break;
        this.#waiting.shift()?.(buffer);
      }
      if (this.#waiting.length > 0) this.#wakeForReclaim();
    }, dueMs).unref();
  }
}
