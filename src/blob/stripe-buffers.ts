/**
 * The buffers in which stripes are assembled and encoded: a fixed number of them, in one memory that all encoder threads
 * share. They are the budget of the write path: who finds none free waits in line. A writer holds a buffer only while it
 * fills or stores it, and never waits for a second one while it could finish a first, so the line always moves.
 *
 * Buffer 0 is the scratch of the thread that made the memory: used and left within one synchronous step, never handed out.
 */
import assert from 'node:assert';
import { CODER_RESERVED_BYTES, type Coder } from './coding/coder.ts';
import { ALL_SCHEMES, type Scheme } from './scheme.ts';
import { blockChecksums } from './shard-header.ts';
import { BLOCK_BYTES, BLOCKS_PER_UNIT_MAX, STRIPE_BYTES_MAX, UNIT_BYTES_MAX } from './stripe.ts';

/** A buffer has room for a stripe of any scheme. */
const PARITY_SHARDS_MAX = Math.max(...ALL_SCHEMES.map(({ parityShards }) => parityShards));
const SHARDS_MAX = Math.max(...ALL_SCHEMES.map(({ shards }) => shards));
const PARITY_AT = STRIPE_BYTES_MAX;
const CHECKSUMS_AT = PARITY_AT + PARITY_SHARDS_MAX * UNIT_BYTES_MAX;
const CHECKSUM_COUNT = SHARDS_MAX * BLOCKS_PER_UNIT_MAX;
const BUFFER_BYTES = CHECKSUMS_AT + 4096;

export function stripeMemoryBytes(bufferCount: number): number {
  return CODER_RESERVED_BYTES + (bufferCount + 1) * BUFFER_BYTES;
}

/** How a stripe lies in a buffer. */
export interface StripeShape {
  readonly scheme: Scheme;
  /** Bytes of each shard. */
  readonly unit: number;
}

/** One buffer of the shared memory. */
export class StripeBuffer {
  readonly index: number;
  /** The stripe's data: a unit for each data shard, of any size up to the largest, one after another. */
  readonly data: Buffer;
  /** The parity units, of that size. */
  readonly parity: Buffer;
  readonly #checksums: Uint32Array;

  constructor(memory: WebAssembly.Memory, index: number) {
    const at = CODER_RESERVED_BYTES + index * BUFFER_BYTES;
    this.index = index;
    this.data = Buffer.from(memory.buffer, at, STRIPE_BYTES_MAX);
    this.parity = Buffer.from(memory.buffer, at + PARITY_AT, PARITY_SHARDS_MAX * UNIT_BYTES_MAX);
    this.#checksums = new Uint32Array(memory.buffer, at + CHECKSUMS_AT, CHECKSUM_COUNT);
  }

  /** Computes parity and checksums of the units that lie in `data`. */
  encode(coder: Coder, { scheme, unit }: StripeShape): void {
    coder.encode(scheme, { input: this.data.byteOffset, output: this.parity.byteOffset, length: unit });
    for (let shard = 0; shard < scheme.shards; shard++) {
      const bytes = this.unit({ scheme, shard, unit });
      this.#checksums.set(blockChecksums(bytes, BLOCK_BYTES), shard * BLOCKS_PER_UNIT_MAX);
    }
  }

  /** The bytes of one shard, when each has `unit` bytes. */
  unit({ scheme, shard, unit }: StripeShape & { readonly shard: number }): Buffer {
    const parityIndex = shard - scheme.dataShards;
    return parityIndex < 0
      ? this.data.subarray(shard * unit, (shard + 1) * unit)
      : this.parity.subarray(parityIndex * unit, (parityIndex + 1) * unit);
  }

  /** Checksums of the first `blocks` blocks of a shard, as `encode` left them. */
  checksums({ shard, blocks }: { shard: number; blocks: number }): number[] {
    const at = shard * BLOCKS_PER_UNIT_MAX;
    return [...this.#checksums.subarray(at, at + blocks)];
  }
}

export class StripeBuffers {
  readonly scratch: StripeBuffer;
  readonly #free: StripeBuffer[];
  readonly #waiting: ((buffer: StripeBuffer) => void)[] = [];

  constructor(memory: WebAssembly.Memory, count: number) {
    assert(count >= 1, 'a writer needs a buffer');
    this.scratch = new StripeBuffer(memory, 0);
    // The last one freed is the next one taken, so that memory never needed stays untouched.
    this.#free = Array.from({ length: count }, (_, i) => new StripeBuffer(memory, count - i));
  }

  async acquire(): Promise<StripeBuffer> {
    return this.#free.pop() ?? new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** A buffer if one is free now. */
  tryAcquire(): StripeBuffer | undefined {
    return this.#free.pop();
  }

  release(buffer: StripeBuffer): void {
    assert(!this.#free.includes(buffer), 'a buffer is released once');
    const next = this.#waiting.shift();
    if (next) next(buffer);
    else this.#free.push(buffer);
  }
}
