/** Bodies on their way in and out. */
import type { ChecksumAlgorithm, Digests } from '../lib/digests/algorithms.ts';

/** A body on its way in. MD5 is always computed, as it is the ETag; `algorithms` adds to it. */
export interface BodySource {
  /** Bytes in order. A chunk is valid until the next one is asked for. */
  readonly stream: AsyncIterable<Uint8Array>;
  /** Decoded length in bytes, where the client has declared it. */
  readonly length?: number;
  readonly algorithms: ReadonlySet<ChecksumAlgorithm>;
  /** Algorithm whose digest is stored as the object's checksum. */
  readonly checksumAlgorithm: ChecksumAlgorithm;
  /** Called after the last byte with all digests, before anything is committed; throws to refuse the body. */
  verify(digests: Digests): void;
}

/** Bytes of a version on their way out. */
export interface BodyRead extends AsyncIterableIterator<Uint8Array> {
  /** Before anything else is asked: all of them, if they are few and at hand. The read has then ended. */
  takeWhole(): Promise<Uint8Array | undefined>;
}
