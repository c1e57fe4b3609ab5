/** A stream that stands still while it has no credit, so that whatever is done with it is done in steps. */
export class CreditedStream {
  readonly #source: () => AsyncIterable<Uint8Array>;
  #credit = 0;
  #bytes = 0;
  #isAborted = false;
  /** Resolves when there is credit again, and when the stream has none. */
  #resumed = Promise.withResolvers<void>();
  #starved = Promise.withResolvers<void>();

  constructor(source: () => AsyncIterable<Uint8Array>) {
    this.#source = source;
  }

  /** Gives credit for about so many bytes, and waits until it is used up or the work on the stream has ended. */
  async advance<T>(
    bytes: number,
    ended: Promise<T>,
  ): Promise<{ readonly bytes: number; readonly outcome: T | 'under way' }> {
    const before = this.#bytes;
    this.#starved = Promise.withResolvers();
    this.#credit += bytes;
    this.#resumed.resolve();
    const outcome = await Promise.race([ended, this.#starved.promise.then((): 'under way' => 'under way')]);
    return { bytes: this.#bytes - before, outcome };
  }

  /** Ends the stream with an error. */
  abort(): void {
    this.#isAborted = true;
    this.#resumed.resolve();
  }

  async *chunks(): AsyncGenerator<Uint8Array> {
    for await (const chunk of this.#source()) {
      await this.#haveCredit();
      this.#credit -= chunk.length;
      this.#bytes += chunk.length;
      yield chunk;
    }
  }

  async #haveCredit(): Promise<void> {
    while (this.#credit <= 0 && !this.#isAborted) {
      this.#resumed = Promise.withResolvers();
      this.#starved.resolve();
      await this.#resumed.promise;
    }
    if (this.#isAborted) throw new Error('The move was given up.');
  }
}
