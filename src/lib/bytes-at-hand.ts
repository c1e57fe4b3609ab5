/**
 * A stream whose bytes are all in memory: whoever wants them as a whole takes them, and spares the steps of an iterator. To
 * all others it is a stream of one chunk.
 */
import { mayBeFreed } from './free-buffer.ts';

export class BytesAtHand implements AsyncIterable<Uint8Array> {
  /** They stay as they are for as long as anybody holds them. */
  readonly bytes: Uint8Array;

  /** Bytes that share their memory with others, who may give it back by hand, are copied. */
  constructor(bytes: Uint8Array) {
    this.bytes = mayBeFreed(bytes.buffer) ? Buffer.copyBytesFrom(bytes) : bytes;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    yield this.bytes;
  }
}
