/** Random identifiers. Nothing else in the product makes randomness. */
import { randomBytes } from 'node:crypto';

/** `bytes` random bytes as lower-case hex. */
export function randomHex(bytes: number): string {
  return randomBytes(bytes).toString('hex');
}

/** A request id in the form of S3's: sixteen upper-case characters. */
export function newRequestId(): string {
  return randomBytes(8).toString('hex').toUpperCase();
}
