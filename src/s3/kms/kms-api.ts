/**
 * KMS on the S3 port, in AWS's JSON protocol: the action in a header, and one document each way. This side says who asks; what is
 * answered `src/kms` decides. Nothing of what is sent or answered is in the log: it may be a key, or what one protects.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Iam } from '../../iam/iam.ts';
import type { Identity } from '../../iam/identity.ts';
import { KmsError } from '../../kms/errors.ts';
import type { KeyCaller } from '../../kms/key-access.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import { type AuditTrail, noteService } from '../audit.ts';
import type { Door, Visit } from '../door/door.ts';
import { S3Error, type S3ErrorCode } from '../errors.ts';
import { Exchange } from '../exchange.ts';
import type { Regions } from '../regions.ts';
import { readSignedPost } from '../signed-post.ts';

const targetPrefix = 'TrentService.';
/** A policy, escaped, is the longest that is sent. */
const bodyBytesMax = 256 * 1024;

export interface KmsApiOptions {
  /** Answers an action by the names of AWS's model. Rejects with KmsError to refuse. */
  readonly answer: (caller: KeyCaller, asked: { readonly action: string; readonly input: unknown }) => Promise<object>;
  readonly iam: Pick<Iam, 'callers'>;
  readonly regions: Regions;
  readonly door: Door;
  readonly clock: Clock;
  readonly log: Log;
  /** Where acts are noted; absent where nobody wants that. */
  readonly audit?: AuditTrail | undefined;
}

/** What is known of a request so far. */
interface Trace {
  readonly action: string;
  identity?: Identity;
  accessKeyId?: string;
  sourceAddress?: string | undefined;
  input?: unknown;
}

interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly message: string;
}

/** Whether a request is one to KMS. */
export function isKmsRequest({ method, headers }: IncomingMessage): boolean {
  return method === 'POST' && headers['x-amz-target']?.toString().startsWith(targetPrefix) === true;
}

export class KmsApi {
  readonly #options: KmsApiOptions;

  constructor(options: KmsApiOptions) {
    this.#options = options;
  }

  /** Answers one request. Never rejects. */
  async handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const { door, log } = this.#options;
    const exchange = new Exchange(incoming, response, door.pacing);
    const { requestId } = exchange;
    const trace: Trace = { action: String(incoming.headers['x-amz-target']).slice(targetPrefix.length) };
    let output: object | undefined;
    let refusal: Refusal | undefined;
    try {
      output = await this.#answer(exchange, door.enter(incoming, response), trace);
    } catch (error) {
      refusal = refusalOf(error);
      if (refusal.status >= 500) log.error({ requestId, err: error }, 'A request to KMS failed');
    }
    const { input, ...asked } = trace;
    const parametersOf = () => input;
    await noteService(this.#options.audit, exchange, {
      ...asked,
      service: 'kms',
      parametersOf,
      response: output,
      error: refusal,
    });
    const answer = refusal === undefined ? output : { __type: refusal.code, message: refusal.message };
    try {
      const headers = ['content-type', 'application/x-amz-json-1.1', 'x-amzn-requestid', requestId];
      await exchange.send({ status: refusal?.status ?? 200, headers, body: Buffer.from(JSON.stringify(answer)) });
    } catch (error) {
      log.error({ requestId, err: error }, 'A request could not be answered');
      response.destroy();
    }
    const line = { requestId, service: 'kms', action: trace.action, caller: trace.identity?.arn, code: refusal?.code };
    log.debug(line, refusal === undefined ? 'Request' : 'Request refused');
  }

  async #answer(exchange: Exchange, visit: Visit, trace: Trace): Promise<object> {
    const { request, requestId } = exchange;
    const nowMs = this.#options.clock.nowMs();
    const { address: ip, isSecure } = visit.arrival;
    trace.sourceAddress = ip;
    const options = { ...this.#options, service: 'kms', bodyBytesMax };
    const { identity, accessKeyId, body } = await readSignedPost(exchange, { visit, nowMs }, options);
    if (accessKeyId === undefined) throw new S3Error('AccessDenied');
    trace.accessKeyId = accessKeyId;
    trace.identity = identity;
    trace.input = parse(body);
    const source = { ip, userAgent: request.headers['user-agent'], isSecure, nowMs };
    return await this.#options.answer({ identity, source, requestId }, { action: trace.action, input: trace.input });
  }
}

/** Throws SerializationException. */
function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch (cause) {
    throw new KmsError('SerializationException', 'The body is not JSON.', { cause });
  }
}

const invalidToken = 'The security token included in the request is invalid.';
/** How KMS calls what is wrong with a signature. */
const codes: Readonly<Partial<Record<S3ErrorCode, readonly [code: string, message?: string]>>> = {
  AccessDenied: ['MissingAuthenticationTokenException', 'Missing Authentication Token'],
  ExpiredToken: ['ExpiredTokenException', 'The security token included in the request is expired'],
  InvalidAccessKeyId: ['UnrecognizedClientException', invalidToken],
  InvalidToken: ['UnrecognizedClientException', invalidToken],
  MaxMessageLengthExceeded: ['ValidationException'],
  RequestTimeTooSkewed: ['InvalidSignatureException'],
  SignatureDoesNotMatch: ['InvalidSignatureException'],
  SlowDown: ['ThrottlingException', 'Rate exceeded'],
};

function refusalOf(error: unknown): Refusal {
  if (error instanceof KmsError) return { status: 400, code: error.code, message: error.message };
  if (error instanceof S3Error && (error.status < 500 || error.code === 'SlowDown')) {
    const [code, message = error.message] = codes[error.code] ?? ['IncompleteSignatureException'];
    return { status: 400, code, message };
  }
  return { status: 500, code: 'KMSInternalException', message: 'The request could not be answered now.' };
}
