/**
 * The CRC of a concatenation from the CRCs of its pieces, which is how a multipart object gets its FULL_OBJECT checksum
 * without reading a byte. With A followed by B, crc(AB) = crc(A) * x^(8 |B|) + crc(B) in GF(2)[x] modulo the polynomial;
 * the pre- and post-conditioning of the three CRCs (all ones) cancels out of this.
 */
import assert from 'node:assert/strict';
import type { ChecksumAlgorithm } from './algorithms.ts';
import { type CrcAlgorithm, type CrcDefinition, crcDefinitions } from './crc/types.ts';

interface Field extends CrcDefinition {
  /** x^(8 * 2^k), by k; grows as lengths ask for it. */
  readonly powers: bigint[];
}

const fields: Readonly<Record<CrcAlgorithm, Field>> = {
  CRC32: field(crcDefinitions.CRC32),
  CRC32C: field(crcDefinitions.CRC32C),
  CRC64NVME: field(crcDefinitions.CRC64NVME),
};

/** Parts of an object usually have one length, so the last shift of each algorithm is remembered. */
const lastShift = new Map<CrcAlgorithm, { lengthBytes: number; factor: bigint }>();

/** Whether checksums of this algorithm can be combined. */
export function isCrc(algorithm: ChecksumAlgorithm): algorithm is CrcAlgorithm {
  return algorithm in fields;
}

/**
 * Digest of A followed by B, from the digest of A, the digest of B, and B's length in bytes.
 */
export function combineCrc(
  algorithm: CrcAlgorithm,
  crcA: Uint8Array,
  crcB: Uint8Array,
  lengthBytesB: number,
): Uint8Array {
  const { widthBytes } = fields[algorithm];
  assert(crcA.length === widthBytes && crcB.length === widthBytes, `not a digest of ${algorithm}`);
  assert(Number.isSafeInteger(lengthBytesB) && lengthBytesB >= 0, 'length must be a whole number');
  const shifted = multiply(fields[algorithm], toBigInt(crcA), shiftFactor(algorithm, lengthBytesB));
  return fromBigInt(shifted ^ toBigInt(crcB), widthBytes);
}

function field(definition: CrcDefinition): Field {
  const highestBit = BigInt(definition.widthBytes * 8 - 1);
  return { ...definition, powers: [1n << (highestBit - 8n)] };
}

/** x^(8 * lengthBytes). */
function shiftFactor(algorithm: CrcAlgorithm, lengthBytes: number): bigint {
  const last = lastShift.get(algorithm);
  if (last?.lengthBytes === lengthBytes) return last.factor;
  const { powers, widthBytes } = fields[algorithm];
  let factor = 1n << BigInt(widthBytes * 8 - 1);
  let power = powers[0] ?? 0n;
  for (let rest = lengthBytes, k = 0; rest > 0; rest = Math.floor(rest / 2), k++) {
    power = powers[k] ?? multiply(fields[algorithm], power, power);
    powers[k] = power;
    if (rest % 2 === 1) factor = multiply(fields[algorithm], factor, power);
  }
  lastShift.set(algorithm, { lengthBytes, factor });
  return factor;
}

/** Product of two reflected polynomials modulo the field's. */
function multiply({ widthBytes, polynomial }: Field, a: bigint, b: bigint): bigint {
  let product = 0n;
  let shifted = b;
  for (let bit = 1n << BigInt(widthBytes * 8 - 1); bit > 0n; bit >>= 1n) {
    if ((a & bit) !== 0n) product ^= shifted;
    shifted = (shifted & 1n) === 0n ? shifted >> 1n : (shifted >> 1n) ^ polynomial;
  }
  return product;
}

function toBigInt(digest: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(digest).toString('hex')}`);
}

function fromBigInt(value: bigint, widthBytes: number): Uint8Array {
  return Buffer.from(value.toString(16).padStart(widthBytes * 2, '0'), 'hex');
}
