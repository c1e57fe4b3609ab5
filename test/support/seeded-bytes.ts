/** Bytes that look random and follow from a seed, as fast as they can be sent. */
import { createCipheriv, hash } from 'node:crypto';

/** The same seed and length give the same bytes, and a longer length begins with those of a shorter one. */
export function seededBytes(seed: number | string, length: number): Buffer {
  const key = hash('sha256', String(seed), 'buffer').subarray(0, 16);
  return createCipheriv('aes-128-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(length));
}
