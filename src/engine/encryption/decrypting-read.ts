/**
 * A read of an encrypted blob: frame by frame, as they are asked for. Text is given out only of frames whose tags fit. It is an
 * iterator of its own and no generator, as a generator that is returned before its first `next` would leave the read below open.
 */
import { BlobError } from '../../blob/types.ts';
import { freeBuffer } from '../../lib/free-buffer.ts';
import { decryptFrame, FrameDamaged, type FrameKeys } from './frame-cipher.ts';
import { type Framed, frameBytes } from './frames.ts';

type Step = IteratorResult<Uint8Array, undefined>;

/** What of the frames' text is wanted. */
interface Wanted extends Framed {
  /** Bytes of text from `skip` on. */
  readonly length: number;
}

export class DecryptingRead implements AsyncIterableIterator<Uint8Array, undefined> {
  readonly #source: AsyncIterableIterator<Uint8Array>;
  readonly #keys: FrameKeys;
  #frame: number;
  #skip: number;
  /** Bytes of text that are still to be given. */
  #wanted: number;
  /** Bytes of frames that are still to come from the source. */
  #coming: number;
  /** What has come of the next frames. */
  #chunk: Uint8Array = new Uint8Array();
  #at = 0;

  /** Takes the read over. */
  constructor(source: AsyncIterableIterator<Uint8Array>, keys: FrameKeys, { first, range, skip, length }: Wanted) {
    this.#source = source;
    this.#keys = keys;
    this.#frame = first;
    this.#skip = skip;
    this.#wanted = length;
    this.#coming = range.end - range.start;
  }

  async next(): Promise<Step> {
    if (this.#wanted === 0) {
      await this.#source.return?.();
      return { done: true, value: undefined };
    }
    const size = Math.min(frameBytes, this.#chunk.length - this.#at + this.#coming);
    while (this.#chunk.length - this.#at < size) await this.#readOn();
    const text = this.#decrypt(this.#chunk.subarray(this.#at, this.#at + size));
    this.#at += size;
    if (this.#at === this.#chunk.length) this.#dropChunk();
    const value = text.subarray(this.#skip, this.#skip + this.#wanted);
    this.#skip = 0;
    this.#wanted -= value.length;
    return { done: false, value };
  }

  async return(): Promise<Step> {
    this.#wanted = 0;
    await this.#source.return?.();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async #readOn(): Promise<void> {
    const { done, value } = await this.#source.next();
    if (done === true) throw new Error('a read of an encrypted blob ended early');
    this.#coming -= value.length;
    const left = this.#chunk.subarray(this.#at);
    // Chunks mostly end where frames do.
    const joined = left.length === 0 ? value : Buffer.concat([left, value]);
    this.#dropChunk();
    this.#chunk = joined;
  }

  #decrypt(bytes: Uint8Array): Uint8Array {
    try {
      const text = decryptFrame(bytes, this.#frame, this.#keys);
      this.#frame += 1;
      return text;
    } catch (error) {
      if (error instanceof FrameDamaged) throw damagedFrame(error);
      throw error;
    }
  }

  #dropChunk(): void {
    freeBuffer(this.#chunk);
    this.#chunk = new Uint8Array();
    this.#at = 0;
  }
}

/** Bytes that their blob's blocks say are whole, and that are not those that were written. */
export function damagedFrame(cause: FrameDamaged): BlobError {
  return new BlobError('Unreadable', `Encrypted bytes are damaged: ${cause.message}`, { cause });
}
