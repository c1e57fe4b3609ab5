/** What several commands have. */
import type { BlobLocation, Tag } from './records.ts';

/** A blob just written whose bytes describe the row to a rebuild of the index, and which the row holds for its life. */
export interface Described {
  readonly manifest?: BlobLocation;
}

/**
 * What background work saw of a version when it decided to remove it. If it is otherwise by then, as a client has changed
 * something meanwhile, the command is rejected with `VersionChanged`.
 */
export interface SeenVersion {
  readonly ordinal: number;
  /** Tags that decided: it still has all of them. */
  readonly tags?: readonly Tag[];
  /** The key has no other version. */
  readonly isAlone?: boolean;
  /** Ordinal of a newer version that is still there, so that this one has not been current since. */
  readonly below?: number;
  /** There are at least so many newer versions that are not current. */
  readonly newerNoncurrent?: number;
}

/** Bytes of a new version or part: a blob just written, or slices of blobs that rows of the index already name. */
export type Content = NewContent | { readonly kind: 'shared'; readonly slices: readonly SharedSlice[] };

export interface NewContent {
  readonly kind: 'new';
  readonly location: BlobLocation;
  /** Of an encrypted blob: its data key, sealed, and the bytes that it says when it is decrypted. */
  readonly sealed?: { readonly envelope: string; readonly length: number };
}

export interface SharedSlice {
  /** Blob id. Rejected with `SourceGone` if no row names the blob any more. */
  readonly blob: number;
  readonly offset: number;
  readonly length: number;
  /** Of an encrypted blob, for the row that is made. */
  readonly envelope?: string;
}
