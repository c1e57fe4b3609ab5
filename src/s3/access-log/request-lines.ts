/** The lines that access logs have of a request, once it is answered. */
import type { TLSSocket } from 'node:tls';
import { knownLogging } from '../../engine/access-log/configuration.ts';
import type { LogLine } from '../../engine/access-log/line.ts';
import { EngineError } from '../../engine/errors.ts';
import type { AccessLogs, Bucket, Buckets } from '../../engine/types.ts';
import type { Identity } from '../../iam/identity.ts';
import type { Target } from '../addressing.ts';
import type { Exchange } from '../exchange.ts';
import type { Trace } from '../trace.ts';
import { loggedOperation } from './operation-names.ts';
import type { RequestNotes } from './request-notes.ts';

export interface LoggedRequest {
  readonly url: string;
  /** When it came in. */
  readonly atMs: number;
  readonly totalMs: number;
  readonly trace: Trace;
}

/** Writes them. Requests whose bucket is not known, or is not there, have none. Never rejects. */
export async function logAccess(
  { accessLogs, buckets }: { accessLogs: AccessLogs; buckets: Pick<Buckets, 'get'> },
  exchange: Exchange,
  logged: LoggedRequest,
): Promise<void> {
  const { notes, target } = logged.trace;
  if (notes === undefined) return;
  const bucket = notes.bucket ?? (await findBucket(buckets, target));
  const isLogged = bucket !== undefined && knownLogging(bucket) !== 'none';
  if (!isLogged && notes.further.length === 0) return;
  const common = commonFields(exchange, notes, logged);
  for (const { bucket: other, ...line } of notes.further) accessLogs.note(other, { ...common, ...line });
  if (isLogged) accessLogs.note(bucket, { ...common, ...ownFields(exchange, notes, logged) });
}

/** Of a request that was refused before its bucket was looked up. */
async function findBucket(buckets: Pick<Buckets, 'get'>, target: Target | undefined): Promise<Bucket | undefined> {
  if (target?.bucket === undefined) return undefined;
  try {
    return await buckets.get(target.bucket);
  } catch (error) {
    if (error instanceof EngineError) return undefined;
    throw error;
  }
}

/** What all lines of a request have. */
function commonFields({ request, requestId, hostId }: Exchange, notes: RequestNotes, { atMs, trace }: LoggedRequest) {
  const { arrival, authentication } = notes;
  const { socket } = request;
  const isForm = authentication?.kind === 'signed' && authentication.mode === 'form';
  return {
    atMs,
    remoteIp: arrival?.address,
    requester: trace.identity && requesterOf(trace.identity),
    requestId,
    hostId,
    ...signatureOf(request.headers.authorization, trace.target?.query),
    ...(isForm && { signatureVersion: authentication.version === 'AWS' ? 'SigV2' : 'SigV4' }),
    hostHeader: arrival?.host,
    tlsVersion: arrival?.tlsVersion,
    cipherSuite: arrival?.tlsVersion === undefined ? undefined : (socket as TLSSocket).getCipher().name,
  };
}

/** What the line of the request itself has beside. */
function ownFields(
  exchange: Exchange,
  notes: RequestNotes,
  { url, totalMs, trace }: LoggedRequest,
): Omit<LogLine, 'atMs' | 'requestId'> {
  const { request, status, bytesSent } = exchange;
  const { aclRequired, objectSize } = notes;
  const { target, startedMs = 0, answeredMs = startedMs } = trace;
  const { method = '', httpVersion, headers } = request;
  const isOnObject = target?.key !== undefined;
  return {
    operation: loggedOperation(trace.operation, { method, isOnObject }),
    key: target?.key,
    head: {
      requestLine: `${method} ${withoutSecrets(url)} HTTP/${httpVersion}`,
      referrer: headers.referer,
      userAgent: headers['user-agent'],
    },
    status: status === 0 ? undefined : status,
    errorCode: status === 304 ? undefined : trace.error?.code,
    bytesSent,
    objectSize,
    totalMs: Math.round(totalMs),
    turnAroundMs: Math.round(answeredMs - (exchange.bodyEndedMs ?? startedMs)),
    versionId: target?.query.get('versionId'),
    aclRequired,
  };
}

/** As S3 has it, the root of an account is known by its canonical id, and anyone else by name. */
function requesterOf({ kind, canonicalId, arn }: Identity): string | undefined {
  if (kind === 'anonymous') return undefined;
  return kind === 'root' ? canonicalId : arn;
}

/** How the request says that it is signed, whether or not it is. */
function signatureOf(
  header: string | undefined,
  query: ReadonlyMap<string, string> | undefined,
): Pick<LogLine, 'signatureVersion' | 'authentication'> {
  if (header !== undefined) {
    return { signatureVersion: header.startsWith('AWS4') ? 'SigV4' : 'SigV2', authentication: 'AuthHeader' };
  }
  if (query?.has('X-Amz-Algorithm')) return { signatureVersion: 'SigV4', authentication: 'QueryString' };
  if (query?.has('Signature')) return { signatureVersion: 'SigV2', authentication: 'QueryString' };
  return {};
}

/** Parameters of presigned URLs that let their reader do what they allow, or are keys of clients, which nobody may keep. */
const secretParameters: ReadonlySet<string> = new Set([
  'x-amz-signature',
  'x-amz-security-token',
  'signature',
  'x-amz-server-side-encryption-customer-key',
  'x-amz-copy-source-server-side-encryption-customer-key',
]);

/** However a client encodes the names, as they count however they are encoded. */
function withoutSecrets(url: string): string {
  return url.replaceAll(/(?<=[?&])([^=&]*=)[^&]*/g, (whole, name: string) => {
    const plain = name.replaceAll(/%[0-9a-f]{2}/gi, (code) => String.fromCharCode(Number.parseInt(code.slice(1), 16)));
    return secretParameters.has(plain.slice(0, -1).toLowerCase()) ? `${name}REDACTED` : whole;
  });
}
