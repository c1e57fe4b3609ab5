/**
 * Sealing with the server's key (AES-256-GCM): secrets at rest and session tokens. What is sealed for one purpose opens for
 * no other, and a change of a single bit does not open at all.
 */
import { createCipheriv, createDecipheriv, createHmac } from 'node:crypto';
import { randomHex } from '../lib/ids.ts';

const nonceBytes = 12;
const tagBytes = 16;

export interface Sealer {
  seal(text: Buffer): Buffer;
  /** Undefined if it was not sealed so, with this key. */
  open(sealed: Buffer): Buffer | undefined;
}

/** A sealer for one purpose, with a key of its own that follows from the server's. */
export function createSealer(serverKey: Buffer, purpose: string): Sealer {
  const key = createHmac('sha256', serverKey).update(`ninefold ${purpose}`).digest();
  return {
    seal(text) {
      const nonce = Buffer.from(randomHex(nonceBytes), 'hex');
      const cipher = createCipheriv('aes-256-gcm', key, nonce);
      return Buffer.concat([nonce, cipher.update(text), cipher.final(), cipher.getAuthTag()]);
    },
    open(sealed) {
      if (sealed.length < nonceBytes + tagBytes) return undefined;
      const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, nonceBytes));
      decipher.setAuthTag(sealed.subarray(-tagBytes));
      const text = decipher.update(sealed.subarray(nonceBytes, -tagBytes));
      try {
        return Buffer.concat([text, decipher.final()]);
      } catch {
        // The tag does not fit: that is the answer, and there is nothing more to say of it.
        return undefined;
      }
    },
  };
}
