/**
 * The cipher of bodies: AES-256-GCM, a frame at a time, each frame under its number as nonce. The keys are those of one blob and are
 * used for nothing else, so no nonce is used twice; a frame that was moved, or is of another blob, does not open. That frames
 * are missing at the end is noticed by the blob's envelope, which says how long the text is.
 *
 * With several keys a frame is encrypted by each in turn, the tag of one being text to the next.
 */
import { type CipherGCM, createCipheriv, createDecipheriv } from 'node:crypto';
import { freeBuffer } from '../../lib/free-buffer.ts';
import { encryptedSize, tagBytes, textBytesOf } from './frames.ts';

const algorithm = 'aes-256-gcm';

/** A frame is not what was encrypted with these keys under this number. */
export class FrameDamaged extends Error {
  override readonly name = 'FrameDamaged';
}

/** The keys of one blob, the innermost first. */
export type FrameKeys = readonly Buffer[];

function nonceOf(frame: number): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeUInt32BE(frame, 8);
  return nonce;
}

/** Encrypts one text as it comes in. */
export class FrameEncryptor {
  readonly #keys: FrameKeys;
  /** Those of the frame that is open. */
  #ciphers: CipherGCM[] = [];
  #frame = 0;
  /** Bytes of text that are missing to a full frame. */
  #room: number;
  #textSize = 0;

  constructor(keys: FrameKeys) {
    this.#keys = keys;
    this.#room = textBytesOf(keys.length);
  }

  /** Bytes of text so far. */
  get textSize(): number {
    return this.#textSize;
  }

  /** What the next bytes of text become, in pieces. The text is not needed any more. */
  *update(text: Uint8Array): Generator<Uint8Array> {
    let rest = text;
    while (rest.length > 0) {
      if (this.#ciphers.length === 0) this.#openFrame();
      const part = rest.subarray(0, this.#room);
      rest = rest.subarray(part.length);
      this.#room -= part.length;
      this.#textSize += part.length;
      yield this.#encrypt(part);
      if (this.#room === 0) yield this.#closeFrame();
    }
  }

  /** The end of what was encrypted; empty where there is nothing more to say. */
  finish(): Uint8Array {
    return this.#ciphers.length === 0 ? new Uint8Array() : this.#closeFrame();
  }

  #openFrame(): void {
    const nonce = nonceOf(this.#frame);
    this.#ciphers = this.#keys.map((key) => createCipheriv(algorithm, key, nonce));
    this.#frame += 1;
  }

  #encrypt(text: Uint8Array): Uint8Array {
    let bytes = text;
    for (const cipher of this.#ciphers) {
      const encrypted = cipher.update(bytes);
      if (bytes !== text) freeBuffer(bytes);
      bytes = encrypted;
    }
    return bytes;
  }

  /** The tags of the frame, those of the inner layers encrypted by the outer ones. */
  #closeFrame(): Uint8Array {
    let tags = Buffer.alloc(0);
    for (const cipher of this.#ciphers) {
      const encrypted = tags.length > 0 ? [cipher.update(tags)] : [];
      cipher.final();
      tags = Buffer.concat([...encrypted, cipher.getAuthTag()]);
    }
    this.#ciphers = [];
    this.#room = textBytesOf(this.#keys.length);
    return tags;
  }
}

/** Encrypts a text that is in memory. */
export function encryptText(text: Uint8Array, keys: FrameKeys): Buffer {
  const encryptor = new FrameEncryptor(keys);
  const encrypted = Buffer.allocUnsafeSlow(encryptedSize({ length: text.length, layers: keys.length }));
  let at = 0;
  const take = (piece: Uint8Array) => {
    encrypted.set(piece, at);
    at += piece.length;
    freeBuffer(piece);
  };
  for (const piece of encryptor.update(text)) take(piece);
  take(encryptor.finish());
  return encrypted;
}

/** The text of a frame, with its tags behind it. Throws FrameDamaged. */
export function decryptFrame(bytes: Uint8Array, frame: number, keys: FrameKeys): Uint8Array {
  const nonce = nonceOf(frame);
  return keys.reduceRight((text, key) => openLayer(text, key, nonce), bytes);
}

function openLayer(bytes: Uint8Array, key: Buffer, nonce: Buffer): Uint8Array {
  if (bytes.length <= tagBytes) throw new FrameDamaged('a frame is shorter than its tag');
  const decipher = createDecipheriv(algorithm, key, nonce);
  decipher.setAuthTag(bytes.subarray(-tagBytes));
  const text = decipher.update(bytes.subarray(0, -tagBytes));
  try {
    decipher.final();
  } catch (cause) {
    throw new FrameDamaged('the tag of a frame does not fit its bytes', { cause });
  }
  return text;
}
