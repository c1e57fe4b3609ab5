/** What a digest thread and its owner say to each other. Bytes travel in shared memory; messages only name slots. */
import type { ChecksumAlgorithm } from './algorithms.ts';

/** The shared memory of one thread: `slots` regions of `slotBytes`, and one flag per region. */
export interface SharedRing {
  readonly bytes: SharedArrayBuffer;
  /** One Int32 per slot (1 = filled or being read, 0 = free), and after them one that says that the owner waits. */
  readonly states: SharedArrayBuffer;
  readonly slots: number;
  readonly slotBytes: number;
}

/** A slot has been filled with the next bytes of a stream. */
export interface UpdateMessage {
  readonly kind: 'update';
  readonly stream: number;
  readonly slot: number;
  /** Bytes in the slot, from its start. */
  readonly length: number;
}

/** A whole byte string; its memory goes along, and comes back with the answer. */
export interface WholeMessage {
  readonly kind: 'whole';
  readonly stream: number;
  readonly algorithms: readonly ChecksumAlgorithm[];
  readonly bytes: Uint8Array<ArrayBuffer>;
}

export type ToDigestThread =
  | { readonly kind: 'open'; readonly stream: number; readonly algorithms: readonly ChecksumAlgorithm[] }
  | UpdateMessage
  | WholeMessage
  | { readonly kind: 'finish'; readonly stream: number }
  | { readonly kind: 'abort'; readonly stream: number };

export type FromDigestThread =
  | { readonly kind: 'slot-free' }
  | {
      readonly kind: 'finished';
      readonly stream: number;
      readonly digests: readonly (readonly [ChecksumAlgorithm, Uint8Array])[];
      /** Those of a `whole`. */
      readonly bytes?: Uint8Array<ArrayBuffer>;
    }
  | { readonly kind: 'failed'; readonly stream: number; readonly message: string };
