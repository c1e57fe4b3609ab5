/**
 * The move of a blob that is too large for one step: it is streamed into segments of its own, and the stream stands still
 * while it has no credit. `advance` gives credit and waits until it is used up or the move has ended.
 */
import type { PoolName } from '../blob/pool.ts';
import type { BlobStore } from '../blob/types.ts';
import type { Index, SegmentBlob } from '../meta/types.ts';
import { CreditedStream } from './credited-stream.ts';
import { isUnreadable, relocate } from './moving.ts';

export interface LargeMoveParts {
  readonly index: Index;
  readonly blobs: BlobStore;
}

type Outcome = 'moved' | 'unreadable';

export class LargeMove {
  readonly #parts: LargeMoveParts;
  readonly #entry: SegmentBlob;
  readonly #ended: Promise<Outcome>;
  readonly #stream: CreditedStream;

  private constructor(parts: LargeMoveParts, entry: SegmentBlob, { label, writeId, pool }: Target) {
    this.#parts = parts;
    this.#entry = entry;
    const { location } = entry;
    this.#stream = new CreditedStream(() => parts.blobs.read(location, { start: 0, end: location.size }));
    this.#ended = this.#run({ label, writeId, pool });
    // Met by `advance` or `abort`; until then it must not end the process.
    this.#ended.catch(() => {});
  }

  /** Rejects if the blob's label cannot be read. */
  static async begin(parts: LargeMoveParts, entry: SegmentBlob, pool: PoolName): Promise<LargeMove> {
    return new LargeMove(parts, entry, { ...(await parts.blobs.labelOf(entry.location)), pool });
  }

  /** Goes on for about so many bytes. Rejects with what the write or the commit rejects with; the move has then ended. */
  async advance(bytes: number): Promise<{ readonly bytes: number; readonly outcome: Outcome | 'under way' }> {
    return this.#stream.advance(bytes, this.#ended);
  }

  /** Gives the move up and waits until nothing of it is under way. */
  async abort(): Promise<void> {
    this.#stream.abort();
    await this.#ended.catch(() => {});
  }

  async #run({ label, writeId, pool }: Target): Promise<Outcome> {
    const { blobs, index } = this.#parts;
    try {
      const to = await blobs.write(this.#stream.chunks(), async () => label, { writeId, ...pool, usesReserve: true });
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
}

interface Target {
  readonly label: Uint8Array;
  readonly writeId: string;
  readonly pool: PoolName;
}
