/**
 * Envelopes: what rows, labels and manifests carry of an encrypted blob. An envelope is the blob's data key and the length of its
 * text, sealed under a key of the object that has the blob; with several layers there are as many of them, joined by dots.
 * Objects that share a blob have each an envelope of their own for it.
 */
import { createCipheriv, createDecipheriv } from 'node:crypto';
import { randomBuffer } from '../../lib/ids.ts';
import type { FrameKeys } from './frame-cipher.ts';

const algorithm = 'aes-256-gcm';
const keyBytes = 32;
const nonceBytes = 12;
const tagBytes = 16;
const textBytes = keyBytes + 8;

/** What envelopes are sealed with, one key a layer, the innermost first. */
export type EnvelopeKeys = readonly Buffer[];

/** What an envelope says. */
export interface Opened {
  readonly keys: FrameKeys;
  /** Bytes of the blob's text. */
  readonly length: number;
}

/**
 * Nonces of this process: a random half, and a number. One key of the server seals the envelopes of all its objects, which are
 * more than random nonces alone are safe for.
 */
let prefix = randomBuffer(8);
let sealedWithPrefix = 0;

function nextNonce(): Buffer {
  if (sealedWithPrefix === 2 ** 32) {
    prefix = randomBuffer(8);
    sealedWithPrefix = 0;
  }
  const nonce = Buffer.allocUnsafe(nonceBytes);
  prefix.copy(nonce);
  nonce.writeUInt32BE(sealedWithPrefix, prefix.length);
  sealedWithPrefix += 1;
  return nonce;
}

/** New keys for a blob. */
export function newFrameKeys(layers: number): FrameKeys {
  return Array.from({ length: layers }, () => randomBuffer(keyBytes));
}

export function sealEnvelope({ keys, length }: Opened, sealedBy: EnvelopeKeys): string {
  return keys.map((key, layer) => sealLayer(key, length, keyOf(sealedBy, layer))).join('.');
}

/** Undefined if it was not sealed with these keys. */
export function openEnvelope(envelope: string, sealedBy: EnvelopeKeys): Opened | undefined {
  const layers = envelope.split('.');
  if (layers.length !== sealedBy.length) return undefined;
  const texts = layers.map((sealed, layer) => openLayer(sealed, keyOf(sealedBy, layer)));
  const keys: Buffer[] = [];
  let length: number | undefined;
  for (const text of texts) {
    const said = text && Number(text.readBigUInt64BE(keyBytes));
    if (text === undefined || (length !== undefined && said !== length)) return undefined;
    length = said;
    keys.push(text.subarray(0, keyBytes));
  }
  return length === undefined ? undefined : { keys, length };
}

function keyOf(keys: EnvelopeKeys, layer: number): Buffer {
  const key = keys[layer];
  if (key === undefined) throw new Error('a blob has as many layers as its object has keys');
  return key;
}

function sealLayer(key: Buffer, length: number, sealedBy: Buffer): string {
  const text = Buffer.allocUnsafe(textBytes);
  key.copy(text);
  text.writeBigUInt64BE(BigInt(length), keyBytes);
  const nonce = nextNonce();
  const cipher = createCipheriv(algorithm, sealedBy, nonce);
  const sealed = cipher.update(text);
  cipher.final();
  return Buffer.concat([nonce, sealed, cipher.getAuthTag()]).toString('base64');
}

function openLayer(envelope: string, sealedBy: Buffer): Buffer | undefined {
  const sealed = Buffer.from(envelope, 'base64');
  if (sealed.length !== nonceBytes + textBytes + tagBytes) return undefined;
  const decipher = createDecipheriv(algorithm, sealedBy, sealed.subarray(0, nonceBytes));
  decipher.setAuthTag(sealed.subarray(-tagBytes));
  const text = decipher.update(sealed.subarray(nonceBytes, -tagBytes));
  try {
    decipher.final();
  } catch {
    // The tag does not fit: that is the answer, and there is nothing more to say of it.
    return undefined;
  }
  return text;
}
