/** What every facet of the engine works with. */
import type { PoolName } from '../blob/pool.ts';
import type { BlobStore } from '../blob/types.ts';
import type { Clock } from '../lib/clock.ts';
import type { ChecksumAlgorithm, Digested, Digester, Digests } from '../lib/digests/algorithms.ts';
import type { Slice, Version } from '../meta/records.ts';
import type { Index } from '../meta/types.ts';
import type { AccessNotes } from './access-log/notes.ts';
import type { ByteBudget } from './byte-budget.ts';
import type { Keyring } from './encryption/keyring.ts';
import type { VersionIds } from './version-ids.ts';

export interface DigestFunctions {
  /** Digests of a stream; `sizeHintBytes` is its length where that is known. */
  open(algorithms: ReadonlySet<ChecksumAlgorithm>, sizeHintBytes?: number): Digester;
  /** Digests of bytes in memory. */
  digest(algorithms: ReadonlySet<ChecksumAlgorithm>, bytes: Uint8Array): Promise<Digests>;
  /** The same of bytes that are given away, and come back with the answer. */
  digestGiven(algorithms: ReadonlySet<ChecksumAlgorithm>, bytes: Uint8Array): Promise<Digested>;
}

export interface EngineLimits {
  /** Bytes of small bodies that are kept in memory at once, over all requests. */
  readonly bufferedBytesMax: number;
  /** Smallest part of a multipart upload but the last. */
  readonly partSizeMinBytes: number;
}

export interface EngineContext {
  readonly index: Index;
  readonly blobs: BlobStore;
  readonly clock: Clock;
  readonly digests: DigestFunctions;
  readonly limits: EngineLimits;
  readonly ids: VersionIds;
  readonly keyring: Keyring;
  readonly bufferBudget: ByteBudget;
  /** Where what S3 does by itself is noted, for the access logs of buckets. */
  readonly accessNotes: AccessNotes;
  /** How bytes of a storage class are coded, and on which disks they lie. */
  poolOf(storageClass: string): PoolName;
  /**
   * Slices of versions that `find` gave out. A version may be replaced between `find` and `read`; with its slices at hand it
   * can still be read, as the collector leaves what has just died alone for a while.
   */
  readonly foundSlices: WeakMap<Version, readonly Slice[]>;
}
