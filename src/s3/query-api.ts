/**
 * IAM, SNS and STS on the S3 port: AWS's query protocol, a form posted to `/` (or, as presigned links have it, a query of GET).
 * This side says who asks and that the body is what was signed; what is answered `src/iam` and the topics decide. The form is read
 * before the signature is verified, as the signature covers its hash; it is bounded, and believed only afterwards.
 */
import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { EngineError } from '../engine/errors.ts';
import { answerIam, type QueryAnswer, type QueryRequest } from '../iam/api/answer.ts';
import { IamError, type IamErrorCode } from '../iam/errors.ts';
import type { Iam } from '../iam/iam.ts';
import { anonymous, type Identity } from '../iam/identity.ts';
import { decodeInput } from '../iam/model/decode.ts';
import { encodeError } from '../iam/model/encode.ts';
import { iamTable, snsTable, stsTable } from '../iam/model/table.generated.ts';
import { answerSts } from '../iam/sts/answer.ts';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import { bucketOfHost } from './addressing.ts';
import { type AuditTrail, noteService } from './audit.ts';
import { authenticate } from './auth/authenticate.ts';
import type { Door, Visit } from './door/door.ts';
import { S3Error, type S3ErrorCode } from './errors.ts';
import { Exchange } from './exchange.ts';
import { acceptsRegion, type Regions } from './regions.ts';

/** Longest form, in bytes: a few policies or a message, each escaped. */
const formBytesMax = 1024 * 1024;
/** IAM's clients sign for this region wherever they are. */
const globalRegion = 'us-east-1';

export interface QueryApiOptions {
  readonly iam: Iam;
  /** Answers requests to SNS. Rejects with IamError to refuse. */
  readonly answerSns: (request: QueryRequest) => Promise<QueryAnswer>;
  readonly regions: Regions;
  /** From `hostSuffixes`. */
  readonly hostSuffixes: readonly string[];
  readonly door: Door;
  readonly clock: Clock;
  readonly log: Log;
  /** Where acts are noted; absent where nobody wants that. */
  readonly audit?: AuditTrail | undefined;
}

type Service = 'iam' | 'sns' | 'sts';

const tables: Readonly<Record<Service, typeof iamTable>> = { iam: iamTable, sns: snsTable, sts: stsTable };

/** Whether a request is one of the query protocol and no one of S3. */
export function isQueryRequest(
  request: IncomingMessage,
  { door, hostSuffixes }: Pick<QueryApiOptions, 'door' | 'hostSuffixes'>,
): boolean {
  const { method, url = '/', headers } = request;
  if (url !== '/' && !url.startsWith('/?')) return false;
  const isForm = headers['content-type']?.startsWith('application/x-www-form-urlencoded') === true;
  const isCall = method === 'POST' ? isForm : method === 'GET' && /[?&]Action=/.test(url);
  return isCall && bucketOfHost(door.readArrival(request).host, hostSuffixes) === undefined;
}

/** What the stages have found out of a request so far; also what the log line tells. */
interface Trace {
  service: Service;
  action?: string;
  identity?: Identity;
  accessKeyId?: string;
  sourceAddress?: string | undefined;
  /** As it was sent. */
  parameters?: URLSearchParams;
}

interface Arrived {
  readonly url: string;
  readonly visit: Visit;
}

/** What the signature of a form is held against beside its head. */
interface SignedForm {
  readonly service: Service;
  readonly body: Buffer;
  readonly nowMs: number;
  readonly visit: Visit;
}

export class QueryApi {
  readonly #options: QueryApiOptions;

  constructor(options: QueryApiOptions) {
    this.#options = options;
  }

  /** Answers one request. Never rejects. */
  async handle(incoming: IncomingMessage, response: ServerResponse, url: string): Promise<void> {
    const exchange = new Exchange(incoming, response, this.#options.door.pacing);
    const { requestId } = exchange;
    const trace: Trace = { service: 'iam' };
    let refusal: IamError | undefined;
    let text: string;
    let output: object | undefined;
    try {
      const visit = this.#options.door.enter(incoming, response);
      ({ text, output } = await this.#answer(exchange, { url, visit }, trace));
    } catch (error) {
      refusal = toIamError(error);
      text = encodeError(tables[trace.service], refusal, requestId);
    }
    const { service, action = '', parameters, ...asked } = trace;
    const parametersOf = () => parameters && decodedOf(tables[service], action, parameters);
    const told = { response: output, error: refusal };
    await noteService(this.#options.audit, exchange, { ...asked, ...told, service, action, parametersOf });
    try {
      const headers = ['content-type', 'text/xml', 'x-amzn-requestid', requestId];
      await exchange.send({ status: refusal?.status ?? 200, headers, body: Buffer.from(text) });
    } catch (error) {
      this.#options.log.error({ requestId, err: error }, 'A request could not be answered');
      response.destroy();
    }
    this.#log(trace, requestId, refusal);
  }

  async #answer(exchange: Exchange, { url, visit }: Arrived, trace: Trace): Promise<QueryAnswer> {
    const { iam, clock } = this.#options;
    const { request, requestId } = exchange;
    const nowMs = clock.nowMs();
    const body = await readForm(exchange);
    const [rawPath = '/', rawQuery = ''] = url.split(/\?(.*)/s, 2);
    const parameters = new URLSearchParams(request.method === 'GET' ? rawQuery : body.toString('utf8'));
    trace.service = serviceOf(request, parameters);
    trace.action = parameters.get('Action') ?? '';
    trace.parameters = parameters;
    trace.sourceAddress = visit.arrival.address;
    const { identity, accessKeyId, origin } = this.#authenticate(
      { method: request.method ?? '', rawPath, rawQuery, headers: visit.headers() },
      { service: trace.service, body, nowMs, visit },
    );
    trace.identity = identity;
    if (accessKeyId !== undefined) trace.accessKeyId = accessKeyId;
    const source = {
      ip: visit.arrival.address,
      userAgent: request.headers['user-agent'],
      isSecure: visit.arrival.isSecure,
      nowMs,
    };
    const query: QueryRequest = { identity, parameters, source, requestId, origin };
    if (trace.service === 'sns') return await this.#options.answerSns(query);
    return await (trace.service === 'iam' ? answerIam(iam, query) : answerSts(iam, query));
  }

  #authenticate(
    signed: Parameters<typeof authenticate>[0],
    { service, body, nowMs, visit }: SignedForm,
  ): { identity: Identity; accessKeyId?: string; origin: string } {
    const { iam, regions, door } = this.#options;
    const found = authenticate(signed, {
      findSecret: (accessKeyId, sessionToken) => iam.callers.findKey(accessKeyId, sessionToken),
      region: regions.own,
      acceptsRegion: (region) => region === globalRegion || acceptsRegion(regions, region),
      service,
      otherHosts: visit.otherHosts,
      payloadSha256: createHash('sha256').update(body).digest('hex'),
      nowMs,
    });
    const origin = visit.originFor(found);
    if (found.kind === 'anonymous') return { identity: anonymous, origin };
    iam.callers.noteUse(found.accessKeyId, { atMs: nowMs, region: found.region, service });
    door.admission.admitKey(found.accessKeyId);
    return { identity: found.identity, accessKeyId: found.accessKeyId, origin };
  }

  /** One line a request, without its parameters. What may have changed something is told of always. */
  #log({ service, action, identity }: Trace, requestId: string, refusal: IamError | undefined): void {
    const { log } = this.#options;
    const line = { requestId, service, action, caller: identity?.arn };
    const isFault = refusal !== undefined && refusal.status >= 500 && refusal.code !== 'NotImplemented';
    if (isFault) log.error({ ...line, code: refusal.code, err: refusal.cause }, 'Request refused');
    else if (refusal) log.info({ ...line, code: refusal.code, reason: refusal.message }, 'Request refused');
    else log[/^(Get|List)/.test(action ?? '') ? 'debug' : 'info'](line, 'Request');
  }
}

/** Parameters as the model has them; none where they do not fit it. */
function decodedOf(table: typeof iamTable, action: string, parameters: URLSearchParams): object | undefined {
  try {
    return decodeInput(table, action, parameters);
  } catch (error) {
    if (error instanceof IamError) return undefined;
    throw error;
  }
}

async function readForm(exchange: Exchange): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of exchange.body()) {
    size += chunk.length;
    if (size > formBytesMax)
      throw new IamError('RequestEntityTooLarge', `The request is longer than ${formBytesMax} bytes.`);
    // A chunk is valid until the next one is asked for.
    chunks.push(Uint8Array.from(chunk));
  }
  return Buffer.concat(chunks, size);
}

/** The service that the signature is for. */
function serviceOf(request: IncomingMessage, parameters: URLSearchParams): Service {
  const credential =
    /Credential=([^,\s]+)/.exec(request.headers.authorization ?? '')?.[1] ?? parameters.get('X-Amz-Credential');
  const named = credential?.split('/').at(-2);
  if (named === undefined) return unsignedServiceOf(parameters);
  if (named === 'iam' || named === 'sns' || named === 'sts') return named;
  throw new IamError('InvalidAction', `There is no service ${named} here.`);
}

/** By its version; the links in messages of topics name none. */
function unsignedServiceOf(parameters: URLSearchParams): Service {
  const isLink = /^(ConfirmSubscription|Unsubscribe)$/.test(parameters.get('Action') ?? '');
  if (isLink) return 'sns';
  const version = parameters.get('Version');
  return (['sns', 'sts'] as const).find((service) => tables[service].version === version) ?? 'iam';
}

const codes: Readonly<Partial<Record<S3ErrorCode, readonly [IamErrorCode, string?]>>> = {
  InvalidAccessKeyId: ['InvalidClientTokenId', 'The security token included in the request is invalid.'],
  InvalidToken: ['InvalidClientTokenId', 'The security token included in the request is invalid.'],
  ExpiredToken: ['ExpiredToken', 'The security token included in the request is expired'],
  RequestTimeTooSkewed: ['SignatureDoesNotMatch', 'Signature expired: the time of the request is too far from now.'],
  SignatureDoesNotMatch: ['SignatureDoesNotMatch'],
  AccessDenied: ['IncompleteSignature'],
  RequestTimeout: ['RequestTimeout'],
  SlowDown: ['Throttling', 'Rate exceeded'],
};

function toIamError(error: unknown): IamError {
  if (error instanceof IamError) return error;
  if (error instanceof EngineError) {
    return new IamError('ServiceUnavailable', 'The service cannot make changes durable now.', { cause: error });
  }
  if (error instanceof S3Error && (error.status < 500 || error.code === 'SlowDown')) {
    const [code, message = error.message] = codes[error.code] ?? ['IncompleteSignature'];
    return new IamError(code, message, { cause: error });
  }
  return new IamError('InternalFailure', 'The request processing has failed because of an unknown error.', {
    cause: error,
  });
}
