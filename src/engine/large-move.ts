/**
 * The move of a blob that is too large for one step: it is streamed into segments of its own, and the stream stands still
 * while it has no credit. `advance` gives credit and waits until it is used up or the move has ended.
 */
import type { SchemeName } from '../blob/scheme.ts';
import type { BlobStore } from '../blob/types.ts';
import type { Index, SegmentBlob } from '../meta/types.ts';
import { isUnreadable, relocate } from './moving.ts';

export interface LargeMoveParts {
  readonly index: Index;
  readonly blobs: BlobStore;
}

type Outcome = 'moved' | 'unreadable' | 'under way';

export class LargeMove {
  readonly #parts: LargeMoveParts;
  readonly #entry: SegmentBlob;
  readonly #ended: Promise<Outcome>;
  #credit = 0;
  #bytes = 0;
  #isAborted = false;
  /** Resolves when there is credit again, and when the stream has none. */
  #resumed = Promise.withResolvers<void>();
  #starved = Promise.withResolvers<void>();

  private constructor(parts: LargeMoveParts, entry: SegmentBlob, { label, writeId, scheme }: Target) {
    this.#parts = parts;
    this.#entry = entry;
    this.#ended = this.#run({ label, writeId, scheme });
    // Met by `advance` or `abort`; until then it must not end the process.
    this.#ended.catch(() => {});
  }

  /** Rejects if the blob's label cannot be read. */
  static async begin(parts: LargeMoveParts, entry: SegmentBlob, scheme: SchemeName): Promise<LargeMove> {
    return new LargeMove(parts, entry, { ...(await parts.blobs.labelOf(entry.location)), scheme });
  }

  /** Goes on for about so many bytes. Rejects with what the write or the commit rejects with; the move has then ended. */
  async advance(bytes: number): Promise<{ readonly bytes: number; readonly outcome: Outcome }> {
    const before = this.#bytes;
    this.#starved = Promise.withResolvers();
    this.#credit += bytes;
    this.#resumed.resolve();
    const outcome = await Promise.race([this.#ended, this.#starved.promise.then((): Outcome => 'under way')]);
    return { bytes: this.#bytes - before, outcome };
  }

  /** Gives the move up and waits until nothing of it is under way. */
  async abort(): Promise<void> {
    this.#isAborted = true;
    this.#resumed.resolve();
    await this.#ended.catch(() => {});
  }

  async #run({ label, writeId, scheme }: Target): Promise<Outcome> {
    const { blobs, index } = this.#parts;
    try {
      const to = await blobs.write(this.#source(), async () => label, { writeId, scheme, usesReserve: true });
      try {
        await relocate(index, this.#entry, to);
      } finally {
        blobs.release(to);
      }
      return 'moved';
    } catch (error) {
      if (isUnreadable(error)) return 'unreadable';
      throw error;
    }
  }

  async *#source(): AsyncGenerator<Uint8Array> {
    const { location } = this.#entry;
    for await (const chunk of this.#parts.blobs.read(location, { start: 0, end: location.size })) {
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

interface Target {
  readonly label: Uint8Array;
  readonly writeId: string;
  readonly scheme: SchemeName;
}
