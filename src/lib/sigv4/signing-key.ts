/**
 * Keys and strings to sign of Signature Version 4. A signing key is the same for a day, so the last ones are kept.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
 */
import { createHmac, hash, timingSafeEqual } from 'node:crypto';
import { RecentMap } from '../recent-map.ts';
import { HmacKey } from './hmac-key.ts';

/** What a credential scope names. */
export interface Scope {
  /** yyyyMMdd. */
  readonly date: string;
  readonly region: string;
  readonly service: string;
}

/** What it takes to sign the parts of a body that follow the headers. */
export interface SigningContext {
  readonly accessKeyId: string;
  readonly key: HmacKey;
  readonly scope: string;
  /** yyyyMMdd'T'HHmmss'Z', as in the request's own string to sign. */
  readonly timestamp: string;
  /** The request's signature, in hex: the first link of the chain. */
  readonly signature: string;
}

/** A string to sign and the signature in hex that came with it. */
export interface SignedText {
  readonly stringToSign: string;
  readonly signature: string;
}

/** A part of a streamed body: the signature of what came before it, and its own hash, both in hex. */
export interface SignedPart {
  readonly previous: string;
  readonly sha256: string;
}

export const emptySha256 = hash('sha256', '', 'hex');

/** Length of a signature in hex. */
export const signatureDigits = 64;

const keys = new RecentMap<string, HmacKey>(1_000);

export function scopeText({ date, region, service }: Scope): string {
  return `${date}/${region}/${service}/aws4_request`;
}

/** The key that signs for one day, region and service. */
export function signingKey(secret: string, scope: Scope): HmacKey {
  const id = `${scopeText(scope)}/${secret}`;
  const known = keys.get(id);
  if (known !== undefined) return known;
  const key = new HmacKey(deriveKey(secret, scope));
  keys.set(id, key);
  return key;
}

function deriveKey(secret: string, { date, region, service }: Scope): Buffer {
  let key = createHmac('sha256', `AWS4${secret}`).update(date).digest();
  for (const part of [region, service, 'aws4_request']) key = createHmac('sha256', key).update(part).digest();
  return key;
}

/** String to sign of a canonical request, which carries one byte per character. */
export function requestStringToSign(canonical: string, when: { timestamp: string; scope: Scope }): string {
  const { timestamp, scope } = when;
  const digest = hash('sha256', Buffer.from(canonical, 'latin1'), 'hex');
  return `AWS4-HMAC-SHA256\n${timestamp}\n${scopeText(scope)}\n${digest}`;
}

/** String to sign of a chunk of a streamed body. */
export function chunkStringToSign(context: SigningContext, { previous, sha256 }: SignedPart): string {
  return `AWS4-HMAC-SHA256-PAYLOAD\n${context.timestamp}\n${context.scope}\n${previous}\n${emptySha256}\n${sha256}`;
}

/** String to sign of the trailing headers, which follow the last chunk. */
export function trailerStringToSign(context: SigningContext, { previous, sha256 }: SignedPart): string {
  return `AWS4-HMAC-SHA256-TRAILER\n${context.timestamp}\n${context.scope}\n${previous}\n${sha256}`;
}

const given = Buffer.alloc(signatureDigits);
const expected = Buffer.alloc(signatureDigits);

/** Whether the signature, 64 lower-case hex digits, is that of the string. Compared in constant time. */
export function signatureMatches(key: HmacKey, { stringToSign, signature }: SignedText): boolean {
  if (signature.length !== signatureDigits) return false;
  // In UTF-8 no other character can be taken for a digit.
  given.fill(0).write(signature);
  expected.write(key.sign(stringToSign));
  return timingSafeEqual(given, expected);
}

/** The fields that tell a client what was signed here. */
export function mismatchFields(accessKeyId: string, { stringToSign, signature }: SignedText): Record<string, string> {
  return {
    AWSAccessKeyId: accessKeyId,
    StringToSign: stringToSign,
    SignatureProvided: signature,
    StringToSignBytes: spacedHex(Buffer.from(stringToSign, 'utf8')),
  };
}

/** Bytes in hex with a blank between them, as S3 prints them. */
export function spacedHex(bytes: Uint8Array): string {
  return Buffer.from(bytes)
    .toString('hex')
    .replace(/..(?!$)/g, '$& ');
}
