/**
 * Who makes a request: Signature Version 4 in the Authorization header or in the query, or nobody. Pure but for the key
 * look-up. Checks in this order: form and scope of the claim, access key and token, time, signed headers, signature.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-authenticating-requests.html
 */
import { timingSafeEqual } from 'node:crypto';
import type { Identity } from '../../iam/identity.ts';
import { S3Error } from '../errors.ts';
import {
  type CanonicalParts,
  canonicalRequest,
  type HeaderMap,
  headerValue,
  parseQuery,
  type QueryParameter,
  verbatimRequest,
} from './canonical-request.ts';
import { readClaim, type ScopeRules, type SignatureClaim } from './claim.ts';
import type { HmacKey } from './hmac-key.ts';
import { type PayloadMode, parsePayloadMode } from './payload-mode.ts';
import {
  mismatchFields,
  requestStringToSign,
  type SignedText,
  type SigningContext,
  scopeText,
  signatureMatches,
  signingKey,
  spacedHex,
} from './signing-key.ts';
import { extendedTimestamp } from './timestamps.ts';

export interface SignedRequest {
  /** As on the wire, upper case. */
  readonly method: string;
  /** Path exactly as on the wire, without the query. */
  readonly rawPath: string;
  /** Query exactly as on the wire, without the question mark; empty where there is none. */
  readonly rawQuery: string;
  readonly headers: HeaderMap;
}

/** A secret with whom it belongs to. Temporary keys have a session token that must come with the request. */
export interface AccessKey {
  readonly secret: string;
  readonly identity: Identity;
  readonly sessionToken?: string;
  readonly isExpired?: true;
}

/** Finds the key of an id, and of a session token where one came along. */
export type FindSecret = (accessKeyId: string, sessionToken?: string) => AccessKey | undefined;

export interface AuthenticateOptions {
  readonly findSecret: FindSecret;
  /** The server's own region: accepted, and named where another one is refused. */
  readonly region: string;
  /** Other regions that requests may be signed for. */
  acceptsRegion?(region: string): boolean;
  /** SHA-256 of the body in hex, where it was read already: what other services than S3 sign, whatever a header says. */
  readonly payloadSha256?: string;
  /** Service of the credential scope; s3 unless another is named. */
  readonly service?: string;
  readonly nowMs: number;
}

export type Authentication =
  | { readonly kind: 'anonymous'; readonly payload: PayloadMode }
  | {
      readonly kind: 'signed';
      readonly mode: 'header' | 'presigned';
      readonly identity: Identity;
      readonly accessKeyId: string;
      readonly region: string;
      readonly payload: PayloadMode;
      /** Signs the chunks of a streamed body. */
      readonly signing: SigningContext;
    };

const skewMaxMs = 15 * 60 * 1000;

/**
 * Verifies the signature of a request's head. The body is not looked at: `payload` says what it is to be checked against.
 * Throws S3Error with the codes and sentences of AWS.
 */
export function authenticate(request: SignedRequest, options: AuthenticateOptions): Authentication {
  const query = parseQuery(request.rawQuery);
  const contentSha256 = headerValue(request.headers, 'x-amz-content-sha256');
  const claim = readClaim(request.headers, query, scopeRules(options));
  if (claim === undefined) return { kind: 'anonymous', payload: anonymousPayload(contentSha256) };
  const payloadText = options.payloadSha256 ?? payloadLine(claim, contentSha256, query);
  const payload = parsePayloadMode(payloadText);
  const accessKey = findAccessKey(claim, options);
  requireTime(claim, options.nowMs);
  requireSigned(claim, request.headers);
  const signing = verifySignature(claim, { ...request, payload: payloadText }, accessKey.secret);
  return {
    kind: 'signed',
    mode: claim.mode,
    identity: accessKey.identity,
    accessKeyId: claim.accessKeyId,
    region: claim.scope.region,
    payload,
    signing,
  };
}

function scopeRules(options: AuthenticateOptions): ScopeRules {
  return {
    service: options.service ?? 's3',
    region: options.region,
    acceptsRegion: (region) => region === options.region || options.acceptsRegion?.(region) === true,
  };
}

function anonymousPayload(contentSha256: string | undefined): PayloadMode {
  const payload = parsePayloadMode(contentSha256);
  if (payload.kind !== 'streaming-signed') return payload;
  throw new S3Error('InvalidRequest', { message: 'A body of signed chunks requires a signed request.' });
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

function findAccessKey(claim: SignatureClaim, options: AuthenticateOptions): AccessKey {
  const { sessionToken } = claim;
  const accessKey = options.findSecret(claim.accessKeyId, sessionToken);
  if (sessionToken !== undefined && !tokenMatches(accessKey?.sessionToken, sessionToken)) {
    throw new S3Error('InvalidToken', { fields: { 'Token-0': sessionToken } });
  }
  if (accessKey === undefined || (accessKey.sessionToken !== undefined && sessionToken === undefined)) {
    throw new S3Error('InvalidAccessKeyId', { fields: { AWSAccessKeyId: claim.accessKeyId } });
  }
  if (accessKey.isExpired) throw new S3Error('ExpiredToken', { fields: { 'Token-0': sessionToken ?? '' } });
  return accessKey;
}

function tokenMatches(expected: string | undefined, given: string): boolean {
  if (expected === undefined) return false;
  const [a, b] = [Buffer.from(expected), Buffer.from(given)];
  return a.length === b.length && timingSafeEqual(a, b);
}

function requireTime(claim: SignatureClaim, nowMs: number): void {
  const { epochMs } = claim.timestamp;
  const serverTime = () => ({ ServerTime: extendedTimestamp(nowMs) });
  if (claim.expiresSeconds === undefined) {
    if (Math.abs(nowMs - epochMs) <= skewMaxMs) return;
    throw new S3Error('RequestTimeTooSkewed', {
      fields: {
        RequestTime: claim.timestampText,
        ...serverTime(),
        MaxAllowedSkewMilliseconds: String(skewMaxMs),
      },
    });
  }
  if (epochMs - nowMs > skewMaxMs) {
    throw new S3Error('AccessDenied', {
      message: 'Request is not yet valid',
      fields: { 'X-Amz-Date': claim.timestampText, ...serverTime() },
    });
  }
  const expiresMs = epochMs + claim.expiresSeconds * 1000;
  if (nowMs <= expiresMs) return;
  throw new S3Error('AccessDenied', {
    message: 'Request has expired',
    fields: {
      'X-Amz-Expires': String(claim.expiresSeconds),
      Expires: extendedTimestamp(expiresMs),
      ...serverTime(),
    },
  });
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

function verifySignature(
  claim: SignatureClaim,
  request: SignedRequest & { payload: string },
  secret: string,
): SigningContext {
  const parts = { ...request, signedHeaders: claim.signedHeaders };
  const canonical = canonicalRequest(parts);
  const signed = signedText(claim, canonical);
  const key = signingKey(secret, claim.scope);
  if (!signatureMatches(key, signed) && !verbatimMatches(claim, parts, key)) {
    const bytes = Buffer.from(canonical, 'latin1');
    throw new S3Error('SignatureDoesNotMatch', {
      fields: {
        ...mismatchFields(claim.accessKeyId, signed),
        CanonicalRequest: bytes.toString('utf8'),
        CanonicalRequestBytes: spacedHex(bytes),
      },
    });
  }
  return {
    accessKeyId: claim.accessKeyId,
    key,
    scope: scopeText(claim.scope),
    timestamp: claim.timestamp.basic,
    signature: claim.signature,
  };
}

/**
 * Whether the client has signed the request line as it stands on the wire. That binds the request at least as tightly as
 * the canonical form does, so nothing is lost by accepting it.
 */
function verbatimMatches(claim: SignatureClaim, parts: CanonicalParts, key: HmacKey): boolean {
  return claim.mode === 'header' && signatureMatches(key, signedText(claim, verbatimRequest(parts)));
}

function signedText(claim: SignatureClaim, canonical: string): SignedText {
  const when = { timestamp: claim.timestamp.basic, scope: claim.scope };
  return { stringToSign: requestStringToSign(canonical, when), signature: claim.signature };
}
