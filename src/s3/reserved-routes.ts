/**
 * What lies below `/-/` beside the health checks: the operator's interface. This side says who asks and whether the body
 * is what was signed; what is answered, another layer decides, which comes in by constructor.
 *
 * Only a key of the root of the server's own account opens it, by an Authorization header: a presigned link to it could be passed on; what is collected
 * by machines, a token of the configuration too. Errors are
 * JSON, with the codes and sentences of S3 where the signature is at fault.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../lib/clock.ts';
import { digest } from '../lib/digests/digester.ts';
import type { Log } from '../lib/log.ts';
import type { AuditEvent, AuditTrail } from './audit.ts';
import { authenticate } from './auth/authenticate.ts';
import type { Authentication, FindSecret, Signed } from './auth/types.ts';
import { openBody } from './body.ts';
import type { Door } from './door/door.ts';
import { S3Error } from './errors.ts';
import { Exchange } from './exchange.ts';
import { acceptsRegion, type Regions } from './regions.ts';

/** A request of the root account, whose body is as it was signed. */
export interface ReservedRequest {
  readonly method: string;
  /** Path below `/-/`, as on the wire. */
  readonly path: string;
  /** Query as on the wire; empty where there is none. */
  readonly query: string;
  readonly body: string;
}

export interface ReservedAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON, or as it is where it is text of the type named. */
  readonly body: unknown;
  readonly contentType?: string | undefined;
}

/** What answers. It rejects only where the fault is its own. */
export type AnswerReserved = (request: ReservedRequest) => Promise<ReservedAnswer>;

export interface ReservedRoutesOptions {
  readonly answer: AnswerReserved;
  readonly findSecret: FindSecret;
  /** Number of the account whose root is the operator. */
  readonly operator: string;
  /** Paths that are read with a token, too: those who collect figures cannot sign. */
  readonly collecting?: { readonly token: string; readonly paths: ReadonlySet<string> } | undefined;
  readonly regions: Regions;
  readonly door: Door;
  readonly clock: Clock;
  readonly log: Log;
  /** Where acts are noted; absent where nobody wants that. */
  readonly audit?: AuditTrail | undefined;
}

/** All that belongs to the server itself begins so; no bucket can have this name. */
export const reservedPrefix = '/-/';

/** Longest body, in bytes: a document of a few members. */
const bodyBytesMax = 64 * 1024;

export class ReservedRoutes {
  readonly #options: ReservedRoutesOptions;

  constructor(options: ReservedRoutesOptions) {
    this.#options = options;
  }

  /** Answers one request. Never rejects. */
  async handle(incoming: IncomingMessage, response: ServerResponse, url: string): Promise<void> {
    const exchange = new Exchange(incoming, response, this.#options.door.pacing);
    try {
      const {
        status,
        headers,
        body,
        contentType = 'application/json',
      } = await this.#answer(exchange, url).catch((error: unknown) => this.#refusal(exchange, error));
      const isText = contentType !== 'application/json';
      const encoded = Buffer.from(isText ? String(body) : `${JSON.stringify(body, null, 2)}\n`);
      const own = ['content-type', contentType, 'cache-control', 'no-store'];
      await exchange.send({ status, headers: [...own, ...Object.entries(headers ?? {}).flat()], body: encoded });
    } catch (error) {
      this.#options.log.error({ requestId: exchange.requestId, err: error }, 'A request could not be answered');
      response.destroy();
    }
    const line = { requestId: exchange.requestId, method: incoming.method, path: url.split('?', 1)[0] };
    this.#options.log.debug({ ...line, status: exchange.status }, 'Request');
  }

  async #answer(exchange: Exchange, url: string): Promise<ReservedAnswer> {
    const { answer, findSecret, regions, door, clock } = this.#options;
    const { method = '' } = exchange.request;
    const [rawPath = '', rawQuery = ''] = url.split(/\?(.*)/s, 2);
    const path = rawPath.slice(reservedPrefix.length);
    if (method === 'GET' && this.#isCollecting(exchange.request, path)) {
      return answer({ method, path, query: rawQuery, body: '' });
    }
    const visit = door.visit(exchange.request);
    const headers = visit.headers();
    const authentication = authenticate(
      { method, rawPath, rawQuery, headers },
      {
        findSecret,
        region: regions.own,
        acceptsRegion: (region) => acceptsRegion(regions, region),
        otherHosts: visit.otherHosts,
        nowMs: clock.nowMs(),
      },
    );
    const { identity, accessKeyId } = requireOperator(authentication, this.#options.operator);
    const source = openBody({ source: exchange.body(), headers, authentication }, { maxBytes: bodyBytesMax });
    const chunks: Uint8Array[] = [];
    // A chunk is valid until the next one is asked for.
    for await (const chunk of source.stream) chunks.push(Uint8Array.from(chunk));
    const body = Buffer.concat(chunks);
    source.verify(await digest(source.algorithms, body));
    const answered = await answer({ method, path, query: rawQuery, body: body.toString('utf8') });
    if (method !== 'GET' && path !== 'explain') {
      const who = { identity, accessKeyId, sourceAddress: visit.arrival.address };
      await this.#audit(exchange, { ...who, name: `${method} ${rawPath}`, body: body.toString('utf8') }, answered);
    }
    return answered;
  }

  /** Whether a request has the token for what it asks for. Throws AccessDenied for another one. */
  #isCollecting({ headers }: IncomingMessage, path: string): boolean {
    const { collecting } = this.#options;
    const [, given] = /^Bearer (.*)$/i.exec(headers.authorization ?? '') ?? [];
    if (given === undefined || collecting?.paths.has(path) !== true) return false;
    const digestOf = (token: string) => createHash('sha256').update(token).digest();
    if (timingSafeEqual(digestOf(given), digestOf(collecting.token))) return true;
    throw new S3Error('AccessDenied', { message: 'The token is not the one that the configuration names.' });
  }

  async #audit(
    exchange: Exchange,
    { body, ...act }: Omit<AuditEvent, 'service'> & { body: string },
    { status, body: answered }: ReservedAnswer,
  ): Promise<void> {
    const { code, message } = Object(answered);
    await this.#options.audit?.note(exchange, {
      ...act,
      service: 'ninefold',
      parameters: parametersOf(body),
      response: Object(answered),
      error: status < 400 ? undefined : { code: String(code), message: String(message) },
    });
  }

  #refusal(exchange: Exchange, error: unknown): ReservedAnswer {
    const refusal = error instanceof S3Error ? error : new S3Error('InternalError', { cause: error });
    const { code, status, message, fields } = refusal;
    const { requestId } = exchange;
    if (status >= 500) this.#options.log.error({ requestId, err: error }, 'A request of the operator failed');
    return { status, body: { code, message, ...fields, requestId } };
  }
}

/** Undefined for a body that is no JSON object, which was refused. */
function parametersOf(body: string): object | undefined {
  try {
    const parsed: unknown = body === '' ? undefined : JSON.parse(body);
    return typeof parsed === 'object' && parsed !== null ? parsed : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function requireOperator(authentication: Authentication, operator: string): Signed {
  if (authentication.kind === 'anonymous') {
    throw new S3Error('AccessDenied', { message: 'This is for the operator: sign the request with the root key.' });
  }
  if (authentication.mode === 'presigned') {
    throw new S3Error('AccessDenied', { message: 'This takes a signature in the Authorization header only.' });
  }
  const { kind, accountId } = authentication.identity;
  if (kind !== 'root' || accountId !== operator) throw new S3Error('AccessDenied');
  if (authentication.payload.kind !== 'sha256') {
    throw new S3Error('AccessDenied', { message: 'This takes a body only whose SHA-256 is in x-amz-content-sha256.' });
  }
  return authentication;
}
