/**
 * SQS on the S3 port, for queues of events, in both of its protocols. This side says who asks and whether they may; what is
 * answered the queues decide.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Iam } from '../../iam/iam.ts';
import type { Identity } from '../../iam/identity.ts';
import { noteRefusal } from '../../iam/permission.ts';
import { type AccessQuestion, decide, type NamedPolicy } from '../../iam/policy/decide.ts';
import { permissionsOf } from '../../iam/policy/permissions.ts';
import { refusalText } from '../../iam/policy/refusal-text.ts';
import type { Tag } from '../../iam/records.ts';
import { requestContext, requestTagKeys, tagKeys } from '../../iam/request-context.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import { type AuditTrail, noteService } from '../audit.ts';
import type { Door, Visit } from '../door/door.ts';
import { S3Error } from '../errors.ts';
import { Exchange } from '../exchange.ts';
import type { Regions } from '../regions.ts';
import { readSignedPost } from '../signed-post.ts';
import { jsonProtocol, targetPrefix } from './json-protocol.ts';
import type { AskedAction, QueueProtocol, QueueRefusal } from './protocol.ts';
import { queryProtocol } from './query-protocol.ts';

/** Messages are a mebibyte at most, of which any byte may be three: é, which is two, is `\u00e9` in JSON and `%C3%A9` in a form. */
const bodyBytesMax = 4 * 1024 * 1024;

/** A request to a queue that its caller may make. */
export interface QueueRequest {
  readonly action: string;
  readonly input: unknown;
  /** Scheme and host the client used. */
  readonly origin: string;
  /** Account of whoever asks. */
  readonly accountId: string;
  /** Id of whoever asks, as `aws:userid` has it. */
  readonly senderId: string;
  /** Aborts once nobody waits for the answer any more. */
  readonly gone: AbortSignal;
}

/** What a request wants to do with a queue, as policies see it. */
export interface AskedQueue {
  /** With its service. */
  readonly action: string;
  /** Whether or not it is there; where the request names none, of all that the account has. */
  readonly arn: string;
  readonly policy: NamedPolicy | undefined;
  readonly tags: readonly Tag[];
  /** Tags that the request brings. */
  readonly sentTags: readonly Tag[];
}

/** Queues, as this side sees them. */
export interface Queues {
  /** All that a request of an account must be allowed. */
  asked(request: AskedAction, accountId: string): readonly AskedQueue[];
  /** Answers by the names of AWS's model, where the action has an answer. Rejects with a refusal of its own, which has a code and a shape. */
  answer(request: QueueRequest): Promise<object | undefined>;
}

export interface QueueApiOptions {
  readonly queues: Queues;
  readonly iam: Pick<Iam, 'callers' | 'refusals'>;
  readonly regions: Regions;
  readonly door: Door;
  readonly clock: Clock;
  readonly log: Log;
  /** Where acts are noted; absent where nobody wants that. */
  readonly audit?: AuditTrail | undefined;
}

/** What is known of a request so far. */
interface Trace extends Partial<AskedAction> {
  identity?: Identity;
  accessKeyId?: string;
  sourceAddress?: string | undefined;
}

/** How a request came in. */
interface QueueAsking {
  readonly visit: Visit;
  readonly nowMs: number;
  readonly requestId: string;
}

/** The protocol of a request to SQS; undefined for any other request. */
export function queueProtocolOf({ method, headers }: IncomingMessage): QueueProtocol | undefined {
  if (method !== 'POST') return undefined;
  if (headers['x-amz-target']?.toString().startsWith(targetPrefix) === true) return jsonProtocol;
  const isForm = headers['content-type']?.startsWith('application/x-www-form-urlencoded') === true;
  return isForm && /Credential=[^,\s]+\/sqs\/aws4_request/.test(headers.authorization ?? '')
    ? queryProtocol
    : undefined;
}

export class QueueApi {
  readonly #options: QueueApiOptions;

  constructor(options: QueueApiOptions) {
    this.#options = options;
  }

  /** Answers one request. Never rejects. */
  async handle(incoming: IncomingMessage, response: ServerResponse, protocol: QueueProtocol): Promise<void> {
    const { door, log } = this.#options;
    const exchange = new Exchange(incoming, response, door.pacing);
    const { requestId } = exchange;
    const trace: Trace = {};
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    let output: object | undefined;
    let refusal: QueueRefusal | undefined;
    try {
      output = await this.#answer(
        exchange,
        { protocol, enter: () => door.enter(incoming, response), gone: gone.signal },
        trace,
      );
    } catch (error) {
      refusal = refusalOf(error);
      if (refusal.status >= 500) log.error({ requestId, err: error }, 'A request to a queue failed');
    }
    const { input, ...asked } = trace;
    const parametersOf = () => input;
    await noteService(this.#options.audit, exchange, {
      ...asked,
      service: 'sqs',
      parametersOf,
      response: output,
      error: refusal,
    });
    try {
      const { text, headers: more = [] } =
        refusal === undefined
          ? { text: protocol.encode({ action: trace.action ?? '', output, requestId }) }
          : protocol.encodeRefusal(refusal, requestId);
      const headers = ['content-type', protocol.contentType, 'x-amzn-requestid', requestId, ...more];
      await exchange.send({ status: refusal?.status ?? 200, headers, body: Buffer.from(text) });
    } catch (error) {
      log.error({ requestId, err: error }, 'A request could not be answered');
      response.destroy();
    }
  }

  async #answer(
    exchange: Exchange,
    { protocol, enter, gone }: { protocol: QueueProtocol; enter: () => Visit; gone: AbortSignal },
    trace: Trace,
  ): Promise<object | undefined> {
    const { queues, clock, log } = this.#options;
    const { request, requestId } = exchange;
    const nowMs = clock.nowMs();
    const visit = enter();
    trace.sourceAddress = visit.arrival.address;
    const options = { ...this.#options, service: 'sqs', bodyBytesMax };
    const { identity, accessKeyId, path, body, origin } = await readSignedPost(exchange, { visit, nowMs }, options);
    if (accessKeyId !== undefined) trace.accessKeyId = accessKeyId;
    const { action, input } = protocol.read({ target: String(request.headers['x-amz-target']), path, body });
    Object.assign(trace, { identity, action, input });
    const { accountId } = identity;
    for (const asked of queues.asked({ action, input }, accountId)) {
      this.#authorise(identity, asked, { visit, nowMs, requestId });
    }
    log.debug({ requestId, service: 'sqs', action, caller: identity.arn }, 'Request');
    return await queues.answer({ action, input, accountId, senderId: identity.userId, origin, gone });
  }

  /** The root of the account that has the queue may do everything, others what their policies and the queue's say. Throws AccessDenied. */
  #authorise(
    identity: Identity,
    { action, arn: resource, policy, tags, sentTags }: AskedQueue,
    { visit, nowMs, requestId }: QueueAsking,
  ): void {
    const { iam } = this.#options;
    const resourceAccountId = resource.split(':')[4] ?? '';
    const isOwn = identity.accountId === resourceAccountId;
    if (isOwn && identity.kind === 'root' && identity.session === undefined) return;
    const { address: ip, isSecure } = visit.arrival;
    const keys = { ...requestTagKeys(sentTags), ...tagKeys('aws:resourcetag', tags) };
    const question: AccessQuestion = {
      ...{ principal: identity, permissions: permissionsOf(iam.callers.policiesOf(identity)) },
      ...{ action, resource, resourceAccountId, resourcePolicy: policy },
      context: requestContext(identity, { ip, userAgent: undefined, isSecure, nowMs }, keys),
    };
    const decision = decide(question);
    if (decision.outcome === 'allow') return;
    noteRefusal({ iam, requestId }, question);
    throw new S3Error('AccessDenied', { message: refusalText(question, decision) });
  }
}

function refusalOf(error: unknown): QueueRefusal {
  if (error instanceof S3Error && error.code !== 'InternalError') {
    const { message } = error;
    const code = error.code === 'InvalidAccessKeyId' ? 'InvalidClientTokenId' : error.code;
    return { status: error.status < 500 ? error.status : 503, shape: code, code, message };
  }
  const { code, shape, message } = Object(error) as Partial<QueueRefusal>;
  if (code !== undefined && shape !== undefined) return { status: 400, shape, code, message: message ?? '' };
  const failed = 'The request could not be answered now.';
  return { status: 500, shape: 'InternalError', code: 'InternalError', message: failed };
}
