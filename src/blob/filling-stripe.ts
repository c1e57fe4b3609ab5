/**
 * The stripe that an upload fills as its bytes come in. It is filled in a stripe buffer, where it is encoded later without
 * another copy, as long as that goes quickly. Who takes longer than a moment over one stripe gives the buffer up to whoever waits for one, and
 * goes on in memory of its own, which grows with what has come: then it needs a buffer only for a stripe that is whole. So a
 * few slow uploads never hold all buffers, and what they hold of the memory set aside for them is about what they have sent.
 *
 * Where that memory is used up, buffers are kept as they are, and others wait.
 */
import assert from 'node:assert';
import { copyBytes } from '../lib/copy-bytes.ts';
import { freeBuffer } from '../lib/free-buffer.ts';
import type { Filler, StripeBuffer, StripeBuffers } from './stripe-buffers.ts';

/** What an upload begins with in memory of its own. */
const OWN_BYTES_MIN = 64 * 1024;

/** A stripe buffer with a stripe's data in it. */
export interface FilledStripe {
  readonly buffer: StripeBuffer;
  /** Where the data begins in the buffer. */
  readonly shift: number;
  readonly length: number;
}

export class FillingStripe implements Filler {
  readonly #buffers: StripeBuffers;
  readonly #bytesMax: number;
  /** Where the next stripe will most likely begin in its page. */
  readonly #nextShift: () => number;
  #buffer: StripeBuffer | undefined;
  #own: Buffer | undefined;
  #isSlow = false;
  #shift = 0;
  #length = 0;

  /** `bytesMax` are those of a full stripe. */
  constructor(buffers: StripeBuffers, bytesMax: number, nextShift: () => number) {
    this.#buffers = buffers;
    this.#bytesMax = bytesMax;
    this.#nextShift = nextShift;
  }

  get length(): number {
    return this.#length;
  }

  get isFull(): boolean {
    return this.#length === this.#bytesMax;
  }

  /** Takes in as much as there is room for in the stripe; returns how much that was. */
  async add(bytes: Uint8Array): Promise<number> {
    const part = bytes.subarray(0, this.#bytesMax - this.#length);
    while (!this.#buffer && !this.#fitsOwn(part.length)) await this.#takeBuffer();
    if (this.#buffer) copyBytes(part, this.#buffer.data, this.#shift + this.#length);
    else this.#own?.set(part, this.#length);
    this.#length += part.length;
    return part.length;
  }

  /** Nothing more is added to the stripe: it lies in a buffer, to be handed over or dropped. */
  async settle(): Promise<void> {
    while (!this.#buffer) await this.#takeBuffer();
    this.#buffers.filled(this);
  }

  /** Hands the settled stripe over and begins the next one. */
  take(): FilledStripe {
    const buffer = this.#buffer;
    assert(buffer, 'a stripe that is handed over was settled');
    const filled = { buffer, shift: this.#shift, length: this.#length };
    this.#buffer = undefined;
    this.#length = 0;
    return filled;
  }

  /** Lets go of everything. */
  drop(): void {
    this.#buffers.filled(this);
    if (this.#buffer) this.#buffers.release(this.#buffer);
    this.#buffer = undefined;
    this.#freeOwn();
  }

  /** See Filler. */
  giveUp(): StripeBuffer | undefined {
    const buffer = this.#buffer;
    if (!buffer || !this.#resizeOwn(this.#length)) return undefined;
    this.#own?.set(buffer.data.subarray(this.#shift, this.#shift + this.#length));
    this.#buffer = undefined;
    this.#isSlow = true;
    return buffer;
  }

  /** Whether so many bytes more go into memory of its own; only slow uploads have any. */
  #fitsOwn(bytes: number): boolean {
    if (!this.#isSlow) return false;
    const needed = this.#length + bytes;
    return needed <= (this.#own?.length ?? 0) || this.#resizeOwn(needed);
  }

  /** Makes room for at least so many bytes, keeping what is there; false if there is too little memory for that. */
  #resizeOwn(needed: number): boolean {
    const before = this.#own;
    const doubled = 2 ** Math.ceil(Math.log2(needed));
    const size = Math.min(this.#bytesMax, Math.max(OWN_BYTES_MIN, doubled));
    if (!this.#buffers.reserveOwn(size - (before?.length ?? 0))) return false;
    const own = Buffer.allocUnsafeSlow(size);
    before?.copy(own, 0, 0, this.#length);
    if (before) freeBuffer(before);
    this.#own = own;
    return true;
  }

  /** Has the stripe, as far as it has come, lie in a buffer. */
  async #takeBuffer(): Promise<void> {
    const buffer = await this.#buffers.acquire();
    this.#shift = this.#nextShift();
    if (this.#own) copyBytes(this.#own.subarray(0, this.#length), buffer.data, this.#shift);
    this.#freeOwn();
    this.#buffer = buffer;
    this.#buffers.filling(this);
  }

  #freeOwn(): void {
    if (!this.#own) return;
    this.#buffers.reserveOwn(-this.#own.length);
    freeBuffer(this.#own);
    this.#own = undefined;
  }
}
