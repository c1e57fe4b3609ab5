/** What a request says of its own signature, read from the Authorization header or from the query, nothing believed yet. */
import { RecentMap } from '../../lib/recent-map.ts';
import { findRepeated, type HeaderMap, headerValue, type QueryParameter } from '../../lib/sigv4/canonical-request.ts';
import { type Scope, signatureDigits } from '../../lib/sigv4/signing-key.ts';
import { parseBasicTimestamp, parseTimestamp, type Timestamp } from '../../lib/sigv4/timestamps.ts';
import { S3Error } from '../errors.ts';

export interface SignatureClaim {
  readonly mode: 'header' | 'presigned';
  readonly accessKeyId: string;
  readonly scope: Scope;
  /** Lower-case names in the client's order. */
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  readonly timestamp: Timestamp;
  /** The date as the client wrote it. */
  readonly timestampText: string;
  readonly sessionToken?: string;
  /** Seconds for which a presigned request is valid. */
  readonly expiresSeconds?: number;
}

export interface ScopeRules {
  readonly service: string;
  /** Region named where another one is refused. */
  readonly region: string;
  acceptsRegion(region: string): boolean;
}

/** What signs a presigned request; the last for temporary keys alone. */
const presignedParameters = [
  'X-Amz-Algorithm',
  'X-Amz-Credential',
  'X-Amz-Signature',
  'X-Amz-Date',
  'X-Amz-SignedHeaders',
  'X-Amz-Expires',
  'X-Amz-Security-Token',
];
const presignedExpiresMaxSeconds = 604_800;

/** What a request hears that is signed in a way that is not taken. */
export const unsupportedMechanism =
  'The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.';

/** The claim of a request, or undefined where it is not signed. Throws where it is signed in a way that is not understood. */
export function readClaim(
  headers: HeaderMap,
  query: readonly QueryParameter[],
  rules: ScopeRules,
): SignatureClaim | undefined {
  const authorization = headerValue(headers, 'authorization');
  if (query.length === 0)
    return authorization === undefined ? undefined : readHeaderClaim(authorization, headers, rules);
  const parameters = new Map(query.map(({ name, value }) => [name, value]));
  const presigned = ['X-Amz-Algorithm', 'X-Amz-Credential', 'X-Amz-Signature'].some((name) => parameters.has(name));
  const presignedV2 = parameters.has('Signature') && parameters.has('AWSAccessKeyId');
  if ([authorization !== undefined, presigned, presignedV2].filter(Boolean).length > 1) {
    throw new S3Error('InvalidArgument', {
      message:
        'Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter or the Authorization header should be specified',
      fields: { ArgumentName: 'Authorization', ArgumentValue: authorization ?? '' },
    });
  }
  if (authorization !== undefined) return readHeaderClaim(authorization, headers, rules);
  if (presigned) {
    const repeated = findRepeated(query, presignedParameters);
    if (repeated !== undefined) throw malformedQuery(`The ${repeated} parameter may stand in the query once`);
    return readPresignedClaim(parameters, headers, rules);
  }
  if (presignedV2) throw new S3Error('InvalidRequest', { message: unsupportedMechanism });
  return undefined;
}

function readHeaderClaim(authorization: string, headers: HeaderMap, rules: ScopeRules): SignatureClaim {
  const { signer, signature } = readAuthorization(authorization, rules);
  const timestampText = headerValue(headers, 'x-amz-date') ?? headerValue(headers, 'date') ?? '';
  const timestamp = parseTimestamp(timestampText);
  if (timestamp === undefined) {
    throw new S3Error('AccessDenied', { message: 'AWS authentication requires a valid Date or x-amz-date header' });
  }
  requireSameDay(signer.scope, timestamp, malformedHeader);
  return {
    mode: 'header',
    ...signer,
    signature,
    timestamp,
    timestampText,
    ...optionalToken(headerValue(headers, 'x-amz-security-token')),
  };
}

/** What of an Authorization header is the same in all requests of a client on one day. */
interface Signer {
  readonly accessKeyId: string;
  readonly scope: Scope;
  readonly signedHeaders: readonly string[];
}

/** By the text in front of the signature. */
const signers = new RecentMap<string, Signer>(1_000);

function readAuthorization(authorization: string, rules: ScopeRules): { signer: Signer; signature: string } {
  const front = authorization.slice(0, -signatureDigits);
  const back = authorization.slice(-signatureDigits);
  const known = /^[0-9a-f]+$/.test(back) ? signers.get(front) : undefined;
  if (known !== undefined && isAccepted(known.scope, rules)) return { signer: known, signature: back };
  const { credential, signedHeaders, signature } = readComponents(parametersOf(authorization));
  const signer = {
    ...readCredential(credential, malformedHeader, rules),
    signedHeaders: signedHeaders.toLowerCase().split(';'),
  };
  if (signature === back) signers.set(front, signer);
  return { signer, signature };
}

function isAccepted({ service, region }: Scope, rules: ScopeRules): boolean {
  return service === rules.service && rules.acceptsRegion(region);
}

/** What follows the name of the algorithm. */
function parametersOf(authorization: string): string {
  const [, scheme = '', rest = ''] = /^\s*(\S+)\s*([\s\S]*)$/.exec(authorization) ?? [];
  if (scheme === 'AWS' || scheme === 'AWS4-ECDSA-P256-SHA256') {
    throw new S3Error('InvalidRequest', { message: unsupportedMechanism });
  }
  if (scheme !== 'AWS4-HMAC-SHA256') {
    throw new S3Error('InvalidArgument', {
      message: 'Unsupported Authorization Type',
      fields: { ArgumentName: 'Authorization', ArgumentValue: authorization },
    });
  }
  return rest;
}

function readComponents(text: string): { credential: string; signedHeaders: string; signature: string } {
  const components = new Map<string, string>();
  for (const part of text.split(',')) {
    const component = part.trim();
    const at = component.indexOf('=');
    if (component === '') continue;
    if (at < 0 || components.has(component.slice(0, at))) {
      throw malformedHeader(`the authorization component "${component}" is malformed.`);
    }
    components.set(component.slice(0, at), component.slice(at + 1));
  }
  const [credential, signedHeaders, signature] = ['Credential', 'SignedHeaders', 'Signature'].map((name) =>
    components.get(name),
  );
  if (!credential || !signedHeaders || !signature) {
    throw malformedHeader(
      'the authorization header requires three components: Credential, SignedHeaders, and Signature.',
    );
  }
  return { credential, signedHeaders, signature };
}

function readPresignedClaim(
  parameters: ReadonlyMap<string, string>,
  headers: HeaderMap,
  rules: ScopeRules,
): SignatureClaim {
  const [algorithm, credential, signature, timestampText, signedHeaders, expires] = presignedParameters.map((name) =>
    parameters.get(name),
  );
  if (!algorithm || !credential || !signature || !timestampText || !signedHeaders || !expires) {
    throw malformedQuery(
      'Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.',
    );
  }
  if (algorithm !== 'AWS4-HMAC-SHA256') throw malformedQuery('X-Amz-Algorithm only supports "AWS4-HMAC-SHA256"');
  const timestamp = parseBasicTimestamp(timestampText);
  if (timestamp === undefined) {
    throw malformedQuery(`X-Amz-Date must be in the ISO8601 Long Format "yyyyMMdd'T'HHmmss'Z'"`);
  }
  const { accessKeyId, scope } = readCredential(credential, malformedCredential, rules);
  requireSameDay(scope, timestamp, malformedCredential);
  return {
    mode: 'presigned',
    accessKeyId,
    scope,
    signedHeaders: signedHeaders.toLowerCase().split(';'),
    signature,
    timestamp,
    timestampText,
    expiresSeconds: readExpires(expires),
    ...optionalToken(parameters.get('X-Amz-Security-Token') ?? headerValue(headers, 'x-amz-security-token')),
  };
}

function readExpires(text: string): number {
  if (/^-\d+$/.test(text)) throw malformedQuery('X-Amz-Expires must be non-negative');
  if (!/^\d+$/.test(text)) throw malformedQuery('X-Amz-Expires should be a number');
  const seconds = Number(text);
  if (seconds > presignedExpiresMaxSeconds) {
    throw malformedQuery(
      'X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 seconds',
    );
  }
  return seconds;
}

type Refusal = (reason: string, fields?: Record<string, string>) => S3Error;

/** The key and scope that a credential names. What is wrong with it `refuse` words. */
export function readCredential(
  text: string,
  refuse: Refusal,
  rules: ScopeRules,
): { accessKeyId: string; scope: Scope } {
  // An access key id may contain slashes, so the scope is counted from the end.
  const parts = text.split('/');
  const [date, region, service, terminal] = parts.slice(-4);
  if (parts.length < 5 || date === undefined || region === undefined || service === undefined) {
    throw refuse('the Credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".');
  }
  const accessKeyId = parts.slice(0, -4).join('/');
  if (accessKeyId === '') throw refuse('a non-empty Access Key (AKID) must be provided in the credential.');
  if (!/^\d{8}$/.test(date)) {
    throw refuse(`incorrect date format "${date}". This date in the credential must be in the format "yyyyMMdd".`);
  }
  if (terminal !== 'aws4_request') {
    throw refuse(`incorrect terminal "${terminal}". This endpoint uses "aws4_request".`);
  }
  if (service !== rules.service) {
    throw refuse(`incorrect service "${service}". This endpoint belongs to "${rules.service}".`);
  }
  if (!rules.acceptsRegion(region)) {
    throw refuse(`the region '${region}' is wrong; expecting '${rules.region}'`, { Region: rules.region });
  }
  return { accessKeyId, scope: { date, region, service } };
}

/** A key signs for the day of its scope. */
export function requireSameDay(scope: Scope, timestamp: Timestamp, refuse: Refusal): void {
  const day = timestamp.basic.slice(0, 8);
  if (scope.date === day) return;
  throw refuse(`Invalid credential date "${scope.date}". This date is not the same as X-Amz-Date: "${day}".`);
}

function malformedHeader(reason: string, fields: Record<string, string> = {}): S3Error {
  return new S3Error('AuthorizationHeaderMalformed', {
    message: `The authorization header is malformed; ${reason}`,
    fields,
  });
}

function malformedCredential(reason: string, fields: Record<string, string> = {}): S3Error {
  return malformedQuery(`Error parsing the X-Amz-Credential parameter; ${reason}`, fields);
}

function malformedQuery(message: string, fields: Record<string, string> = {}): S3Error {
  return new S3Error('AuthorizationQueryParametersError', { message, fields });
}

function optionalToken(sessionToken: string | undefined): { sessionToken?: string } {
  return sessionToken === undefined ? {} : { sessionToken };
}
