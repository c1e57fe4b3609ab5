/**
 * SQS on the S3 port, for queues of events: AWS's JSON protocol, a POST whose header names the action. This side says who
 * asks and whether they may; what is answered the queues decide. The body is read before the signature is verified, as the
 * signature covers its hash; it is bounded, and believed only afterwards.
 */
import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Iam } from '../iam/iam.ts';
import { anonymous, type Identity } from '../iam/identity.ts';
import { decide } from '../iam/policy/decide.ts';
import { permissionsOf } from '../iam/policy/permissions.ts';
import { requestContext } from '../iam/request-context.ts';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import { authenticate } from './auth/authenticate.ts';
import type { Door, Visit } from './door/door.ts';
import { S3Error } from './errors.ts';
import { Exchange } from './exchange.ts';
import { acceptsRegion, type Regions } from './regions.ts';

const targetPrefix = 'AmazonSQS.';
/** As SQS has it. */
const bodyBytesMax = 1024 * 1024;

/** A request to a queue that its caller may make. */
export interface QueueRequest {
  readonly action: string;
  readonly input: unknown;
  /** Scheme and host the client used. */
  readonly origin: string;
  /** Account of whoever asks. */
  readonly accountId: string;
  isGone(): boolean;
}

/** Queues, as this side sees them. */
export interface Queues {
  /** ARN of the queue that a request of an account names, whether or not it is there; of none, of all that the account has. */
  arnOf(input: unknown, accountId: string): string;
  /** Answers with what is sent as JSON. Rejects with a refusal of its own, which has a code and a shape. */
  answer(request: QueueRequest): Promise<object>;
}

export interface QueueApiOptions {
  readonly queues: Queues;
  readonly iam: Pick<Iam, 'callers'>;
  readonly regions: Regions;
  readonly door: Door;
  readonly clock: Clock;
  readonly log: Log;
}

/** What a request is refused with. */
interface Refusal {
  readonly status: number;
  /** As clients of the JSON protocol know it. */
  readonly shape: string;
  /** As older clients know it. */
  readonly code: string;
  readonly message: string;
}

/** Whether a request is one to SQS. */
export function isQueueRequest({ method, headers }: IncomingMessage): boolean {
  return method === 'POST' && headers['x-amz-target']?.toString().startsWith(targetPrefix) === true;
}

export class QueueApi {
  readonly #options: QueueApiOptions;

  constructor(options: QueueApiOptions) {
    this.#options = options;
  }

  /** Answers one request. Never rejects. */
  async handle(incoming: IncomingMessage, response: ServerResponse, url: string): Promise<void> {
    const { door, log } = this.#options;
    const exchange = new Exchange(incoming, response, door.pacing);
    const { requestId } = exchange;
    try {
      const answered = await this.#answer(exchange, url, () => door.enter(incoming, response)).then(
        (body) => ({ status: 200, headers: [], body }),
        (error: unknown) => this.#refuse(requestId, error),
      );
      const headers = [
        'content-type',
        'application/x-amz-json-1.0',
        'x-amzn-requestid',
        requestId,
        ...answered.headers,
      ];
      await exchange.send({ status: answered.status, headers, body: Buffer.from(JSON.stringify(answered.body)) });
    } catch (error) {
      log.error({ requestId, err: error }, 'A request could not be answered');
      response.destroy();
    }
  }

  async #answer(exchange: Exchange, url: string, enter: () => Visit): Promise<object> {
    const { queues, iam, regions, clock, log } = this.#options;
    const { request, requestId } = exchange;
    const nowMs = clock.nowMs();
    const visit = enter();
    const body = await readBody(exchange);
    const [rawPath = '/', rawQuery = ''] = url.split(/\?(.*)/s, 2);
    const authentication = authenticate(
      { method: 'POST', rawPath, rawQuery, headers: visit.headers() },
      {
        findSecret: (accessKeyId, sessionToken) => iam.callers.findKey(accessKeyId, sessionToken),
        region: regions.own,
        acceptsRegion: (region) => acceptsRegion(regions, region),
        service: 'sqs',
        otherHosts: visit.otherHosts,
        payloadSha256: createHash('sha256').update(body).digest('hex'),
        nowMs,
      },
    );
    const isSigned = authentication.kind === 'signed';
    if (isSigned) {
      const { accessKeyId, region } = authentication;
      iam.callers.noteUse(accessKeyId, { atMs: nowMs, region, service: 'sqs' });
      this.#options.door.admission.admitKey(accessKeyId);
    }
    const identity = isSigned ? authentication.identity : anonymous;
    const action = String(request.headers['x-amz-target']).slice(targetPrefix.length);
    const input = parseInput(body);
    const { accountId } = identity;
    this.#authorise(identity, { action, arn: queues.arnOf(input, accountId), visit, nowMs });
    log.debug({ requestId, service: 'sqs', action, caller: identity.arn }, 'Request');
    const isGone = () => request.socket.destroyed;
    return await queues.answer({ action, input, accountId, origin: visit.originFor(authentication), isGone });
  }

  /** The root of the account that has the queue may do everything, others of it what their policies say. Throws AccessDenied. */
  #authorise(
    identity: Identity,
    { action, arn: resource, visit, nowMs }: { action: string; arn: string; visit: Visit; nowMs: number },
  ): void {
    const { iam } = this.#options;
    const resourceAccountId = resource.split(':')[4] ?? '';
    const isOwn = identity.accountId === resourceAccountId;
    if (isOwn && identity.kind === 'root' && identity.session === undefined) return;
    const { address: ip, isSecure } = visit.arrival;
    const asked = `sqs:${action.replace(/Batch$/, '')}`;
    const decision =
      isOwn &&
      decide({
        ...{ principal: identity, permissions: permissionsOf(iam.callers.policiesOf(identity)) },
        ...{ action: asked, resource, resourceAccountId },
        context: requestContext(identity, { ip, userAgent: undefined, isSecure, nowMs }, {}),
      });
    if (decision !== false && decision.outcome === 'allow') return;
    throw new S3Error('AccessDenied', {
      message: `User: ${identity.arn || 'anonymous'} is not authorized to perform: ${asked} on resource: ${resource}`,
    });
  }

  #refuse(requestId: string, error: unknown): { status: number; headers: readonly string[]; body: object } {
    const { status, shape, code, message } = refusalOf(error);
    if (status >= 500) this.#options.log.error({ requestId, err: error }, 'A request to a queue failed');
    return {
      status,
      headers: ['x-amzn-query-error', `${code};${status < 500 ? 'Sender' : 'Receiver'}`],
      body: { __type: `com.amazonaws.sqs#${shape}`, message },
    };
  }
}

function refusalOf(error: unknown): Refusal {
  if (error instanceof S3Error && error.code !== 'InternalError') {
    const { code, message } = error;
    return { status: error.status < 500 ? error.status : 503, shape: code, code, message };
  }
  const { code, shape, message } = Object(error) as Partial<Refusal>;
  if (code !== undefined && shape !== undefined) return { status: 400, shape, code, message: message ?? '' };
  const failed = 'The request could not be answered now.';
  return { status: 500, shape: 'InternalError', code: 'InternalError', message: failed };
}

async function readBody(exchange: Exchange): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of exchange.body()) {
    size += chunk.length;
    if (size > bodyBytesMax) throw new S3Error('MaxMessageLengthExceeded');
    // A chunk is valid until the next one is asked for.
    chunks.push(Uint8Array.from(chunk));
  }
  return Buffer.concat(chunks, size);
}

/** Throws InvalidRequest. */
function parseInput(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch (error) {
    throw new S3Error('InvalidRequest', { message: 'The body is not JSON.', cause: error });
  }
}
