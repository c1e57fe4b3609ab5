/**
 * Several blob reads as one stream. It is an iterator of its own and no generator, as a generator that is returned before
 * its first `next` runs nothing, and the holds would stay. While the last chunk of a read is under way to the client, the
 * first of the next is being read.
 */
import { toEngineError } from './refusals.ts';

export interface SliceRead {
  readonly iterator: AsyncIterableIterator<Uint8Array>;
  /** Bytes it will give. */
  readonly length: number;
}

/** A stream of more is sent with regard to how fast its client reads. */
const wholeBytesMax = 16 * 1024;

type Step = IteratorResult<Uint8Array, undefined>;
const end: Step = { done: true, value: undefined };

export class ChainedRead implements AsyncIterableIterator<Uint8Array, undefined> {
  readonly #reads: SliceRead[];
  /** The next chunk of the first read, where it has been asked for already. */
  #ahead: Promise<IteratorResult<Uint8Array>> | undefined;
  /** Bytes of the first read that are still to come. */
  #remaining: number;
  /** The end of the read before, whose last byte has been given. */
  #finishing: Promise<unknown> | undefined;

  /** Takes the reads over: they are finished or returned when this one is. */
  constructor(reads: readonly SliceRead[]) {
    this.#reads = [...reads];
    this.#remaining = this.#reads[0]?.length ?? 0;
  }

  /** Waits until the first chunk is at hand. Rejects with the blob store's own error, after giving all reads back. */
  async prime(): Promise<void> {
    const first = this.#reads[0];
    if (first === undefined) return;
    this.#readAhead(first);
    try {
      await this.#ahead;
    } catch (error) {
      await this.return();
      throw error;
    }
  }

  /** After `prime`: all of the bytes, where they are few and have come in one chunk. The read has then ended. */
  async takeWhole(): Promise<Uint8Array | undefined> {
    const step = this.#reads.length === 1 && this.#remaining < wholeBytesMax ? await this.#ahead : undefined;
    if (step === undefined || step.done === true || step.value.length !== this.#remaining) return undefined;
    await this.return();
    return step.value;
  }

  /** Rejects with EngineError if bytes cannot be read; the read has then ended. */
  async next(): Promise<Step> {
    try {
      for (let read = this.#reads[0]; read !== undefined; read = this.#reads[0]) {
        const ahead = this.#ahead ?? read.iterator.next();
        this.#ahead = undefined;
        const step = await ahead;
        await this.#finishing;
        if (step.done !== true) return this.#deliver(step.value);
        if (this.#remaining !== 0) throw new Error(`a read ended ${this.#remaining} bytes early`);
        this.#advance();
      }
      return end;
    } catch (error) {
      await this.return();
      throw toEngineError(error, {});
    }
  }

  async return(): Promise<Step> {
    const reads = this.#reads.splice(0);
    this.#ahead = undefined;
    await Promise.all(reads.map(({ iterator }) => iterator.return?.()));
    return end;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #deliver(chunk: Uint8Array): Step {
    this.#remaining -= chunk.length;
    const [finished, following] = this.#reads;
    if (this.#remaining === 0 && following !== undefined) {
      this.#advance();
      this.#readAhead(following);
      this.#finishing = finished?.iterator.return?.();
      this.#finishing?.catch(() => {});
    }
    return { done: false, value: chunk };
  }

  #advance(): void {
    this.#reads.shift();
    this.#remaining = this.#reads[0]?.length ?? 0;
  }

  #readAhead(read: SliceRead): void {
    // Failures of this and of `finishing` are met by the next call; without one they must not end the process.
    this.#ahead = read.iterator.next();
    this.#ahead.catch(() => {});
  }
}
