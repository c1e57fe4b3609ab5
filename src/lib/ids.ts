/** Random identifiers. Nothing else in the product makes randomness. */
import { randomFillSync, randomUUID } from 'node:crypto';

/** Randomness is drawn a few KiB at a time: a call into the system for every id would be a fortieth of a small request. */
const drawn = Buffer.allocUnsafeSlow(8192);
let used = drawn.length;

/** `bytes` random bytes as lower-case hex. */
export function randomHex(bytes: number): string {
  return draw(bytes).toString('hex');
}

/** `bytes` random bytes in base64. */
export function randomBase64(bytes: number): string {
  return draw(bytes).toString('base64');
}

/** `bytes` random bytes, for keys: in memory of their own. */
export function randomBuffer(bytes: number): Buffer {
  return Buffer.from(draw(bytes));
}

/** A request id in the form of S3's: sixteen upper-case characters. */
export function newRequestId(): string {
  return randomHex(8).toUpperCase();
}

/** A random number from 0 on, below 1. */
export function randomShare(): number {
  return draw(4).readUInt32BE() / 2 ** 32;
}

/** What S3 says beside a request's id, `x-amz-id-2`. */
export function newHostId(): string {
  return randomBase64(24);
}

/** Random bytes that nobody gets again; valid until the next call. */
function draw(bytes: number): Buffer {
  if (used + bytes > drawn.length) {
    randomFillSync(drawn);
    used = 0;
  }
  used += bytes;
  return drawn.subarray(used - bytes, used);
}

export function randomUuid(): string {
  return randomUUID();
}
