/**
 * Signature Version 2, which AWS has retired and old clients still speak: `Authorization: AWS key:signature`, or
 * `AWSAccessKeyId`, `Expires` and `Signature` in the query. It covers less than Version 4: of the headers only `x-amz-*`,
 * Content-MD5, Content-Type and Date, of the query only what selects the resource, and nothing of the body but its
 * Content-MD5. So it is a setting, and off by default.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/RESTAuthentication.html
 *
 * Two things stand here that AWS's page leaves open. Every query parameter that selects an operation must be signed, also
 * those that are younger than the page's list: a link to a bucket would else open its policy too. And a decoded value that
 * could be read as further parameters is refused, as the text that is signed does not tell them apart.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { findRepeated, type HeaderMap, headerValue, type QueryParameter } from '../../lib/sigv4/canonical-request.ts';
import { mismatchFields } from '../../lib/sigv4/signing-key.ts';
import { parseTimestamp } from '../../lib/sigv4/timestamps.ts';
import { S3Error } from '../errors.ts';
import { hoistedByV2 } from '../hoisted-headers.ts';
import { subResources } from '../model/router.ts';
import { findAccessKey } from './access-key.ts';
import { parsePlainPayloadMode } from './payload-mode.ts';
import type { Authentication, FindSecret, SignedRequest } from './types.ts';
import { requireRecent, requireUnexpired } from './validity.ts';

export interface VersionTwoOptions {
  readonly findSecret: FindSecret;
  /** The server's own region; the signature names none. */
  readonly region: string;
  readonly nowMs: number;
}

/** Parameters that change an answer without selecting an operation, and are signed all the same. */
const furtherParameters = [
  'partNumber',
  'versionId',
  'select-type',
  'response-cache-control',
  'response-content-disposition',
  'response-content-encoding',
  'response-content-language',
  'response-content-type',
  'response-expires',
];
const signedParameters: ReadonlySet<string> = new Set([...subResources, ...furtherParameters]);

const presignedParameters = ['AWSAccessKeyId', 'Expires', 'Signature'];
const versionFour = ['X-Amz-Algorithm', 'X-Amz-Credential', 'X-Amz-Signature'];

/** Whether a request is signed in this way, and in no other. */
export function isSignedByV2(headers: HeaderMap, query: readonly QueryParameter[]): boolean {
  const names = new Set(query.map(({ name }) => name));
  if (versionFour.some((name) => names.has(name))) return false;
  const authorization = headerValue(headers, 'authorization');
  if (authorization === undefined) return names.has('Signature') || names.has('AWSAccessKeyId');
  return /^\s*AWS(\s|$)/.test(authorization) && !(names.has('Signature') && names.has('AWSAccessKeyId'));
}

/** Verifies a request that `isSignedByV2`. Throws S3Error with the codes and sentences of AWS. */
export function authenticateV2(
  request: SignedRequest,
  query: readonly QueryParameter[],
  { findSecret, region, nowMs }: VersionTwoOptions,
): Authentication {
  const { headers } = request;
  requireOnce(query);
  // Of a repeated parameter the first counts, as everywhere.
  const parameters = new Map(query.toReversed().map(({ name, value }) => [name, value]));
  const authorization = headerValue(headers, 'authorization');
  const claim = authorization === undefined ? presignedClaim(parameters, headers) : headerClaim(authorization, headers);
  const payload = parsePlainPayloadMode(claim.header('x-amz-content-sha256'));
  const sessionToken = claim.header('x-amz-security-token');
  const { secret, identity } = findAccessKey({ accessKeyId: claim.accessKeyId, sessionToken }, findSecret);
  if (claim.mode === 'presigned') requireUnexpired(claim.expiresMs, { nowMs });
  else requireRecent({ signedMs: claim.signedMs, text: claim.timeText, nowMs });
  requireUnambiguous(query);
  const signed = { head: signedHead(request.method, claim), resources: canonicalResources(request, query) };
  requireSignature(signed, claim, secret);
  const { accessKeyId, mode, signedMs } = claim;
  return { kind: 'signed', version: 'AWS', mode, identity, accessKeyId, region, signedMs, payload };
}

/** Whether the signature, in base64, is that of the text, which has one byte a character. Compared in constant time. */
export function signatureV2Matches(
  secret: string,
  signed: { readonly text: string; readonly signature: string },
): boolean {
  const expected = Buffer.from(createHmac('sha1', secret).update(signed.text, 'latin1').digest('base64'));
  const given = Buffer.from(signed.signature);
  return given.length === expected.length && timingSafeEqual(given, expected);
}

interface Claim {
  readonly accessKeyId: string;
  readonly signature: string;
  /** The line of the string to sign that says when. */
  readonly timeLine: string;
  /** Names and values of `x-amz-*`. */
  readonly amzNames: readonly string[];
  /** Value of a header, or of the parameter that stands for it. */
  header(name: string): string | undefined;
}

type HeaderClaim = Claim & { readonly mode: 'header'; readonly signedMs: number; readonly timeText: string };
type PresignedClaim = Claim & { readonly mode: 'presigned'; readonly signedMs: undefined; readonly expiresMs: number };

function headerClaim(authorization: string, headers: HeaderMap): HeaderClaim {
  const [, accessKeyId, signature] = /^\s*AWS\s+(\S+):([^\s:]+)\s*$/.exec(authorization) ?? [];
  if (accessKeyId === undefined || signature === undefined) {
    throw new S3Error('InvalidArgument', {
      message: 'AWS authorization header is invalid.  Expected AwsAccessKeyId:signature',
      fields: { ArgumentName: 'Authorization', ArgumentValue: authorization },
    });
  }
  const amzDate = headerValue(headers, 'x-amz-date');
  const timeText = amzDate ?? headerValue(headers, 'date') ?? '';
  const signedMs = parseTimestamp(timeText)?.epochMs;
  // AWS takes no time before 1970 for one, where Version 2 is spoken.
  if (signedMs === undefined || signedMs < 0) {
    throw new S3Error('AccessDenied', { message: 'AWS authentication requires a valid Date or x-amz-date header' });
  }
  return {
    mode: 'header',
    accessKeyId,
    signature,
    timeLine: amzDate === undefined ? timeText : '',
    timeText,
    signedMs,
    amzNames: [...headers.keys()].filter(isAmz),
    header: (name) => headerValue(headers, name),
  };
}

function presignedClaim(parameters: ReadonlyMap<string, string>, headers: HeaderMap): PresignedClaim {
  const [accessKeyId, expires, signature] = presignedParameters.map((name) => parameters.get(name));
  if (!accessKeyId || !signature || !expires) {
    const message = 'Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters';
    throw new S3Error('AccessDenied', { message });
  }
  if (!/^\d{1,15}$/.test(expires)) {
    throw new S3Error('AccessDenied', { message: `Invalid date (should be seconds since epoch): ${expires}` });
  }
  const hoisted = hoistedByV2(parameters);
  return {
    mode: 'presigned',
    accessKeyId,
    signature,
    timeLine: expires,
    signedMs: undefined,
    expiresMs: Number(expires) * 1000,
    amzNames: [...new Set([...headers.keys(), ...hoisted.keys()])].filter(isAmz),
    header: (name) => headerValue(headers, name) ?? hoisted.get(name),
  };
}

function isAmz(name: string): boolean {
  return name.startsWith('x-amz-');
}

/** The string to sign up to the resource, one byte a character. */
function signedHead(method: string, claim: Claim): string {
  const lines = [method, claim.header('content-md5') ?? '', claim.header('content-type') ?? '', claim.timeLine];
  const amz = claim.amzNames.toSorted().map((name) => `${name}:${claim.header(name)?.trim()}`);
  return [...lines.map((line) => line.trim()), ...amz, ''].join('\n');
}

function requireSignature(
  { head, resources }: { head: string; resources: string[] },
  claim: Claim,
  secret: string,
): void {
  const { signature, accessKeyId } = claim;
  if (resources.some((resource) => signatureV2Matches(secret, { text: head + resource, signature }))) return;
  const stringToSign = Buffer.from(head + (resources[0] ?? ''), 'latin1').toString('utf8');
  throw new S3Error('SignatureDoesNotMatch', { fields: mismatchFields(accessKeyId, { stringToSign, signature }) });
}

/**
 * The ways to write the resource, which mean the same: clients sign `/bucket/` for `/bucket`, and `?acl` for `?acl=`. The
 * path is as on the wire, the values of parameters are decoded.
 */
function canonicalResources({ rawPath, hostBucket }: SignedRequest, query: readonly QueryParameter[]): string[] {
  const path = hostBucket === undefined ? rawPath : `/${hostBucket}${rawPath}`;
  const isBareBucket = /^\/[^/]+$/.test(path);
  const paths = isBareBucket ? [path, `${path}/`] : [path];
  const queries = new Set([canonicalParameters(query, ''), canonicalParameters(query, '=')]);
  return paths.flatMap((each) => [...queries].map((query) => each + query));
}

/** The parameters that are signed, in the order of their names, with the question mark; empty where there are none. */
function canonicalParameters(query: readonly QueryParameter[], emptyValue: '' | '='): string {
  const signed = query.filter(({ name }) => signedParameters.has(name));
  signed.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  const pairs = signed.map(({ name, value }) => (value === '' ? name + emptyValue : `${name}=${value}`));
  return pairs.length === 0 ? '' : Buffer.from(`?${pairs.join('&')}`).toString('latin1');
}

function requireOnce(query: readonly QueryParameter[]): void {
  const repeated = findRepeated(query, presignedParameters);
  if (repeated === undefined) return;
  const message = `The ${repeated} parameter may stand in the query once`;
  throw new S3Error('InvalidArgument', { message, fields: { ArgumentName: repeated } });
}

/** `a&versionId=b` as the value of one parameter would be signed as two. */
function requireUnambiguous(query: readonly QueryParameter[]): void {
  const isTwofold = (part: string) => signedParameters.has(part.split('=', 1)[0] ?? '');
  const twofold = query.find(
    ({ name, value }) => signedParameters.has(name) && value.split('&').slice(1).some(isTwofold),
  );
  if (twofold === undefined) return;
  throw new S3Error('InvalidArgument', {
    message: 'The value holds another parameter, which Signature Version 2 cannot tell from one of the request',
    fields: { ArgumentName: twofold.name, ArgumentValue: twofold.value },
  });
}
