/** The encryption of one new blob, under keys of its own. */
import { freeBuffer } from '../../lib/free-buffer.ts';
import type { NewContent } from '../../meta/commands.ts';
import { type EnvelopeKeys, newFrameKeys, sealEnvelope } from './envelopes.ts';
import { encryptText, FrameEncryptor, type FrameKeys } from './frame-cipher.ts';

type Sealed = NonNullable<NewContent['sealed']>;

/** Encrypts a text that is in memory and not empty. */
export function encryptBlob(text: Uint8Array, sealedBy: EnvelopeKeys): { stored: Uint8Array; sealed: Sealed } {
  const keys = newFrameKeys(sealedBy.length);
  const { length } = text;
  return { stored: encryptText(text, keys), sealed: { envelope: sealEnvelope({ keys, length }, sealedBy), length } };
}

/** Encrypts a text as it comes in. */
export class BlobEncryption {
  readonly #sealedBy: EnvelopeKeys;
  readonly #keys: FrameKeys;
  readonly #encryptor: FrameEncryptor;
  #sealed: Sealed | undefined;

  constructor(sealedBy: EnvelopeKeys) {
    this.#sealedBy = sealedBy;
    this.#keys = newFrameKeys(sealedBy.length);
    this.#encryptor = new FrameEncryptor(this.#keys);
  }

  /** What the next bytes become, in pieces, each valid until the next one is asked for. */
  *update(text: Uint8Array): Generator<Uint8Array> {
    for (const piece of this.#encryptor.update(text)) {
      yield piece;
      freeBuffer(piece);
    }
  }

  /** The end of it. */
  finish(): Uint8Array {
    return this.#encryptor.finish();
  }

  /** After the end: what opens the blob. */
  get sealed(): Sealed {
    const length = this.#encryptor.textSize;
    this.#sealed ??= { envelope: sealEnvelope({ keys: this.#keys, length }, this.#sealedBy), length };
    return this.#sealed;
  }
}
