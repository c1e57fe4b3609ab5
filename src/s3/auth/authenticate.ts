/**
 * Who makes a request: Signature Version 4 (or 2, `signature-v2.ts`) in the Authorization header or in the query, or nobody. Pure but for the key
 * look-up. Checks in this order: form and scope of the claim, access key and token, time, signed headers, signature.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-authenticating-requests.html
 */

import { readHeaderText } from '../../lib/header-text.ts';
import {
  type CanonicalParts,
  canonicalRequest,
  type HeaderMap,
  headerValue,
  parseQuery,
  type QueryParameter,
  verbatimRequest,
} from '../../lib/sigv4/canonical-request.ts';
import type { HmacKey } from '../../lib/sigv4/hmac-key.ts';
import {
  mismatchFields,
  requestStringToSign,
  type SignedText,
  type SigningContext,
  scopeText,
  signatureMatches,
  signingKey,
  spacedHex,
} from '../../lib/sigv4/signing-key.ts';
import { extendedTimestamp } from '../../lib/sigv4/timestamps.ts';
import { S3Error } from '../errors.ts';
import { findAccessKey } from './access-key.ts';
import { readClaim, type ScopeRules, type SignatureClaim } from './claim.ts';
import { parsePayloadMode, parsePlainPayloadMode } from './payload-mode.ts';
import { authenticateV2, isSignedByV2 } from './signature-v2.ts';
import type { Authentication, FindSecret, SignedRequest } from './types.ts';
import { requireRecent, requireUnexpired, skewMaxMs } from './validity.ts';

export interface AuthenticateOptions {
  readonly findSecret: FindSecret;
  /** The server's own region: accepted, and named where another one is refused. */
  readonly region: string;
  /** Other regions that requests may be signed for. */
  acceptsRegion?(region: string): boolean;
  /** SHA-256 of the body in hex, where it was read already: what other services than S3 sign, whatever a header says. */
  readonly payloadSha256?: string;
  /** Hosts that the request may have been signed for instead of the one in its headers. */
  readonly otherHosts?: readonly string[];
  /** Service of the credential scope; s3 unless another is named. */
  readonly service?: string;
  /** Whether Version 2 is taken as well. */
  readonly signatureVersion2?: boolean;
  readonly nowMs: number;
}

/**
 * Verifies the signature of a request's head. The body is not looked at: `payload` says what it is to be checked against.
 * Throws S3Error with the codes and sentences of AWS.
 */
export function authenticate(request: SignedRequest, options: AuthenticateOptions): Authentication {
  const query = parseQuery(request.rawQuery);
  if (options.signatureVersion2 === true && isSignedByV2(request.headers, query)) {
    return authenticateV2(request, query, options);
  }
  const contentSha256 = headerValue(request.headers, 'x-amz-content-sha256');
  const claim = readClaim(request.headers, query, scopeRules(options));
  if (claim === undefined) return { kind: 'anonymous', payload: parsePlainPayloadMode(contentSha256) };
  const payloadText = options.payloadSha256 ?? payloadLine(claim, contentSha256, query);
  const payload = parsePayloadMode(payloadText);
  const accessKey = findAccessKey(claim, options.findSecret);
  requireTime(claim, options.nowMs);
  requireSigned(claim, request.headers);
  const { secret } = accessKey;
  const verified = verifySignature(claim, { ...request, payload: payloadText }, { secret, ...options });
  return {
    kind: 'signed',
    version: 'AWS4-HMAC-SHA256',
    mode: claim.mode,
    identity: accessKey.identity,
    accessKeyId: claim.accessKeyId,
    region: claim.scope.region,
    signedMs: claim.timestamp.epochMs,
    payload,
    ...verified,
  };
}

/** What a credential may name here. */
export function scopeRules(options: Pick<AuthenticateOptions, 'service' | 'region' | 'acceptsRegion'>): ScopeRules {
  return {
    service: options.service ?? 's3',
    region: options.region,
    acceptsRegion: (region) => region === options.region || options.acceptsRegion?.(region) === true,
  };
}

/** The last line of the canonical request. */
function payloadLine(
  claim: SignatureClaim,
  contentSha256: string | undefined,
  query: readonly QueryParameter[],
): string {
  const presigned = query.find(({ name }) => name === 'X-Amz-Content-Sha256')?.value;
  const text = claim.mode === 'presigned' ? (presigned ?? contentSha256 ?? 'UNSIGNED-PAYLOAD') : contentSha256;
  if (text !== undefined) return text;
  throw new S3Error('InvalidRequest', { message: 'Missing required header for this request: x-amz-content-sha256' });
}

function requireTime(claim: SignatureClaim, nowMs: number): void {
  const { timestampText, timestamp, expiresSeconds } = claim;
  const { epochMs } = timestamp;
  if (expiresSeconds === undefined) {
    requireRecent({ signedMs: epochMs, text: timestampText, nowMs });
    return;
  }
  if (epochMs - nowMs > skewMaxMs) {
    throw new S3Error('AccessDenied', {
      message: 'Request is not yet valid',
      fields: { 'X-Amz-Date': timestampText, ServerTime: extendedTimestamp(nowMs) },
    });
  }
  const fields = { 'X-Amz-Expires': String(expiresSeconds) };
  requireUnexpired(epochMs + expiresSeconds * 1000, { nowMs, fields });
}

/** The host and every x-amz-* header must be signed; x-amz-content-sha256 always is, as the last canonical line. */
function requireSigned(claim: SignatureClaim, headers: HeaderMap): void {
  const unsigned: string[] = [];
  for (const name of headers.keys()) {
    const mustBeSigned = name === 'host' || (name.startsWith('x-amz-') && name !== 'x-amz-content-sha256');
    if (mustBeSigned && !claim.signedHeaders.includes(name)) unsigned.push(name);
  }
  if (!headers.has('host') && !claim.signedHeaders.includes('host')) unsigned.push('host');
  if (unsigned.length === 0) return;
  throw new S3Error('AccessDenied', {
    message: 'There were headers present in the request which were not signed',
    fields: { HeadersNotSigned: unsigned.join(', ') },
  });
}

interface Verified {
  readonly signing: SigningContext;
  readonly otherHost?: string;
}

function verifySignature(
  claim: SignatureClaim,
  request: SignedRequest & { payload: string },
  { secret, otherHosts = [] }: { secret: string; otherHosts?: readonly string[] },
): Verified {
  const parts = { ...request, signedHeaders: claim.signedHeaders };
  const canonical = canonicalRequest(parts);
  const signed = signedText(claim, canonical);
  const key = signingKey(secret, claim.scope);
  const isOwnHost =
    signatureMatches(key, signed) || verbatimMatches(claim, parts, key) || latin1Matches(claim, parts, key);
  const otherHost = isOwnHost ? undefined : otherHosts.find((host) => hostMatches(claim, withHost(parts, host), key));
  if (!isOwnHost && otherHost === undefined) {
    const bytes = Buffer.from(canonical, 'latin1');
    throw new S3Error('SignatureDoesNotMatch', {
      fields: {
        ...mismatchFields(claim.accessKeyId, signed),
        CanonicalRequest: bytes.toString('utf8'),
        CanonicalRequestBytes: spacedHex(bytes),
      },
    });
  }
  const signing = {
    accessKeyId: claim.accessKeyId,
    key,
    scope: scopeText(claim.scope),
    timestamp: claim.timestamp.basic,
    signature: claim.signature,
  };
  return { signing, ...(otherHost !== undefined && { otherHost }) };
}

function hostMatches(claim: SignatureClaim, parts: CanonicalParts, key: HmacKey): boolean {
  return signatureMatches(key, signedText(claim, canonicalRequest(parts))) || verbatimMatches(claim, parts, key);
}

function withHost(parts: CanonicalParts, host: string): CanonicalParts {
  return { ...parts, headers: new Map([...parts.headers, ['host', [host]]]) };
}

/**
 * Whether the client has signed the request line as it stands on the wire. That binds the request at least as tightly as
 * the canonical form does, so nothing is lost by accepting it.
 */
function verbatimMatches(claim: SignatureClaim, parts: CanonicalParts, key: HmacKey): boolean {
  return claim.mode === 'header' && signatureMatches(key, signedText(claim, verbatimRequest(parts)));
}

/**
 * Whether the client has signed UTF-8 of header values that it sends as Latin-1, as node:http does. A value is taken for Latin-1
 * where it is read as that: where its bytes are no UTF-8. https://github.com/aws/aws-sdk-js/issues/1297
 */
function latin1Matches(claim: SignatureClaim, parts: CanonicalParts, key: HmacKey): boolean {
  const headers = new Map(
    Array.from(parts.headers, ([name, values]) => [name, values.map((value) => utf8Bytes(readHeaderText(value)))]),
  );
  return signatureMatches(key, signedText(claim, canonicalRequest({ ...parts, headers })));
}

/** One character a byte, as node:http gives them. */
function utf8Bytes(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

function signedText(claim: SignatureClaim, canonical: string): SignedText {
  const when = { timestamp: claim.timestamp.basic, scope: claim.scope };
  return { stringToSign: requestStringToSign(canonical, when), signature: claim.signature };
}
