/**
 * Continuation tokens: where a listing goes on, in a form that clients can only give back. The text is veiled, so that
 * nobody comes to build tokens of their own, and sealed by a digest, so that a damaged or foreign token is known as such.
 * Neither is a secret: a token grants nothing.
 */
import { createHash } from 'node:crypto';
import { S3Error } from './errors.ts';

/** Which listing a token belongs to: the one is no token for the other. */
export type TokenKind = 'analytics' | 'annotations' | 'buckets' | 'inventories' | 'metrics' | 'objects' | 'tierings';

const formatVersion = 1;
const sealBytes = 8;

export function encodeToken(kind: TokenKind, position: string): string {
  const text = Buffer.from(position, 'utf8');
  const seal = sealOf(kind, text);
  return Buffer.concat([Buffer.of(formatVersion), seal, veil(text, seal)]).toString('base64url');
}

/** The position a token names. Throws InvalidArgument for what is no token of this kind. */
export function decodeToken(kind: TokenKind, token: string): string {
  const bytes = Buffer.from(token, 'base64url');
  const seal = bytes.subarray(1, 1 + sealBytes);
  const text = veil(bytes.subarray(1 + sealBytes), seal);
  const isWhole = bytes[0] === formatVersion && seal.length === sealBytes && sealOf(kind, text).equals(seal);
  if (!isWhole || bytes.toString('base64url') !== token) {
    throw new S3Error('InvalidArgument', {
      message: 'The continuation token provided is incorrect',
      fields: { ArgumentName: 'continuation-token' },
    });
  }
  return text.toString('utf8');
}

function sealOf(kind: TokenKind, text: Uint8Array): Buffer {
  return createHash('sha256').update(kind).update('\0').update(text).digest().subarray(0, sealBytes);
}

/** Adds a key stream grown from the seal; its own inverse. */
function veil(text: Uint8Array, seal: Uint8Array): Buffer {
  const stream = createHash('shake256', { outputLength: Math.max(1, text.length) })
    .update(seal)
    .digest();
  return Buffer.from(text.map((byte, at) => byte ^ (stream[at] ?? 0)));
}
