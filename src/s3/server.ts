/**
 * The HTTP server. Every S3 request goes from the socket's parser straight to the pipeline with its raw streams, because S3
 * decides by itself how paths decode and when a body may be read. Fastify has what lies below `/-/`, and the orderly stop.
 */
import {
  createServer as createHttpServer,
  type ServerOptions as HttpServerOptions,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { SecureContextOptions } from 'node:tls';
import Fastify, { type FastifyInstance } from 'fastify';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import { bucketOfHost } from './addressing.ts';
import type { CertificateRoute } from './certificate-route.ts';
import { type ConnectionLimits, limitConnections } from './door/connections.ts';
import type { Door } from './door/door.ts';
import { rawErrorAnswer } from './exchange.ts';
import type { Health } from './health.ts';
import { isKmsRequest, type KmsApi } from './kms/kms-api.ts';
import type { Pipeline } from './pipeline.ts';
import { isQueryRequest, type QueryApi } from './query-api.ts';
import { type QueueApi, queueProtocolOf } from './queues/queue-api.ts';
import { type ReservedRoutes, reservedPrefix } from './reserved-routes.ts';

export interface ServerOptions {
  readonly pipeline: Pipeline;
  /** Answers IAM and STS. */
  readonly queryApi: QueryApi;
  /** Answers SQS. */
  readonly queueApi: QueueApi;
  /** Answers KMS. */
  readonly kmsApi: KmsApi;
  /** Answers whoever verifies messages of topics. */
  readonly certificates: CertificateRoute;
  /** What lies below `/-/` beside the health checks. */
  readonly reserved: ReservedRoutes;
  readonly health: Health;
  /** Without it, the port speaks plain HTTP. */
  readonly tls?: TlsIdentity | undefined;
  readonly clock: Clock;
  readonly log: Log;
  /** From `hostSuffixes`. */
  readonly hostSuffixes: readonly string[];
  readonly door: Door;
  readonly limits: ConnectionLimits & {
    readonly requestHeaderBytesMax: number;
    readonly idleTimeoutMs: number;
    readonly headerTimeoutMs: number;
    readonly keepAliveTimeoutMs: number;
    readonly stopTimeoutMs: number;
  };
}

/** With what the port shows itself to clients, which may change. */
export interface TlsIdentity {
  /** In PEM. */
  readonly pair: { readonly certificate: string; readonly key: string };
  onChange(listener: (pair: TlsIdentity['pair']) => void): void;
}

export interface S3Server {
  /** Listens and returns the address in use. */
  listen(address: { host: string; port: number }): Promise<AddressInfo>;
  /** Stops accepting, lets running requests finish within the limit, then closes every connection. */
  close(): Promise<void>;
}

/** What anybody may ask, as load balancers and containers do. */
const healthPaths = ['/-/live', '/-/ready'] as const;

/** Where MinIO asks whether a server that it replicates to is there. */
const minioHealthPath = '/minio/health/live';

/** On the socket itself: a map of sockets would be looked through at every collection of garbage. */
const lastAnswer = Symbol('last answer');

type AnsweredSocket = Socket & { [lastAnswer]?: ServerResponse };

type Listener = (request: IncomingMessage, response: ServerResponse) => void;

export function createServer(options: ServerOptions): S3Server {
  const app = Fastify({
    logger: false,
    forceCloseConnections: 'idle',
    serverFactory: (reserved) =>
      listenWith(
        options,
        endingAtClose(() => isClosing, remembering(divide(options, reserved))),
      ),
    clientErrorHandler: (error, socket: AnsweredSocket) => {
      if (!endAfter(socket[lastAnswer])) answerBrokenRequest(error, socket, options.clock);
    },
  });
  let isClosing = false;
  app.addHook('preClose', (done) => {
    isClosing = true;
    done();
  });
  serveHealth(app, options.health);
  serveSigned(app, options.reserved);
  return {
    async listen({ host, port }) {
      await app.listen({ host, port });
      const address = app.server.address();
      if (address === null || typeof address === 'string') throw new Error('The server has no TCP address');
      return address;
    },
    close: () => closeWithin(app, options),
  };
}

function listenWith({ limits, door, tls, log }: ServerOptions, listener: Listener): Server {
  const server = newServer(
    {
      // Above S3's own limit, so that the pipeline can answer in S3's words; the parser answers beyond.
      maxHeaderSize: limits.requestHeaderBytesMax * 4,
      headersTimeout: limits.headerTimeoutMs,
      connectionsCheckingInterval: Math.min(limits.headerTimeoutMs / 2, 30_000),
      requestTimeout: 0,
      keepAliveTimeout: limits.keepAliveTimeoutMs,
      insecureHTTPParser: false,
      // A request without a body needs none of the events of one.
      optimizeEmptyRequests: true,
      requireHostHeader: false,
    },
    { tls, listener },
  );
  server.setTimeout(limits.idleTimeoutMs);
  limitConnections(server, { limits, proxies: door.proxies, clock: door.pacing.clock, log });
  // By itself node:http would ask for every body before anyone has looked at the head, and answer 417 to other expectations.
  server.on('checkContinue', listener);
  server.on('checkExpectation', listener);
  return server;
}

/** Connections that are open when the certificate changes go on with the one before. */
function newServer(
  options: HttpServerOptions,
  { tls, listener }: Pick<ServerOptions, 'tls'> & { listener: Listener },
): Server {
  if (tls === undefined) return createHttpServer(options, listener);
  const contextOf = ({ certificate, key }: TlsIdentity['pair']): SecureContextOptions => {
    return { cert: certificate, key, minVersion: 'TLSv1.2' };
  };
  const handshakeTimeout = options.headersTimeout;
  const server = createHttpsServer({ ...options, ...contextOf(tls.pair), handshakeTimeout }, listener);
  tls.onChange((pair) => server.setSecureContext(contextOf(pair)));
  return server;
}

function divide(options: ServerOptions, reserved: Listener): Listener {
  const { pipeline, queryApi, queueApi, kmsApi, certificates } = options;
  return (request, response) => {
    const queueProtocol = queueProtocolOf(request);
    if (isReserved(request, options)) reserved(request, response);
    else if (isCertificate(request, options)) certificates.handle(request, response, request.url ?? '/');
    else if (request.url === minioHealthPath && isOfMinio(request)) response.end();
    else if (queueProtocol !== undefined) queueApi.handle(request, response, queueProtocol);
    else if (isKmsRequest(request)) kmsApi.handle(request, response);
    else if (isQueryRequest(request, options)) queryApi.handle(request, response, request.url ?? '/');
    else pipeline.handle(request, response, request.url ?? '/');
  };
}

/** Connections that are idle when the server closes end by themselves; the others would be kept alive after their answer. */
function endingAtClose(isClosing: () => boolean, listener: Listener): Listener {
  function endAtClose(this: ServerResponse): void {
    if (isClosing()) this.req.socket.destroySoon();
  }
  return (request, response) => {
    if (isClosing()) response.shouldKeepAlive = false;
    response.on('finish', endAtClose);
    listener(request, response);
  };
}

/** It asks without a signature, as its language's client. Anybody else means an object of a bucket. */
function isOfMinio({ headers }: IncomingMessage): boolean {
  return headers['user-agent']?.startsWith('Go-http-client/') === true && headers.authorization === undefined;
}

/** A virtual-hosted bucket may hold keys that begin with `-/`; they are not ours. */
function isReserved(request: IncomingMessage, options: ServerOptions): boolean {
  return request.url?.startsWith(reservedPrefix) === true && !isOfBucket(request, options);
}

function isCertificate(request: IncomingMessage, options: ServerOptions): boolean {
  return options.certificates.has(request.url) && !isOfBucket(request, options);
}

function isOfBucket(request: IncomingMessage, { door, hostSuffixes }: ServerOptions): boolean {
  return bucketOfHost(door.readArrival(request).host, hostSuffixes) !== undefined;
}

function serveHealth(app: FastifyInstance, health: Health): void {
  const [live, ready] = healthPaths;
  app.get(live, async () => ({ status: 'live' }));
  app.get(ready, async (_request, reply) => {
    const state = await health.ready();
    return reply.code(state.ready ? 200 : 503).send(state);
  });
}

function serveSigned(app: FastifyInstance, reserved: ReservedRoutes): void {
  app.addHook('onRequest', (request, reply, done) => {
    if (healthPaths.some((path) => path === request.url.split('?', 1)[0])) return done();
    reply.hijack();
    reserved.handle(request.raw, reply.raw, request.originalUrl);
  });
}

/** Keeps of every connection the answer that is given last. Behind one that ends the connection nothing is done any more. */
function remembering(listener: Listener): Listener {
  return (request, response) => {
    const socket: AnsweredSocket = request.socket;
    const before = socket[lastAnswer];
    if (before?.shouldKeepAlive === false) {
      if (before.writableFinished) socket.destroy();
      return;
    }
    socket[lastAnswer] = response;
    listener(request, response);
  };
}

/**
 * What follows a whole request and is none ends the connection, once that request is answered: another answer in front of
 * it or behind it would be taken for one to what the client asks. False if there is no request that can still be answered.
 */
function endAfter(answer: ServerResponse | undefined): boolean {
  if (answer === undefined || !answer.req.complete || answer.writableFinished) return false;
  if (!answer.shouldKeepAlive) return true;
  answer.shouldKeepAlive = false;
  answer.once('finish', () => answer.req.socket.destroySoon());
  return true;
}

function answerBrokenRequest(error: Error & { code?: string }, socket: Socket, clock: Clock): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const tooLarge = error.code === 'HPE_HEADER_OVERFLOW';
  const timedOut = error.code === 'ERR_HTTP_REQUEST_TIMEOUT';
  const code = tooLarge ? 'RequestHeaderSectionTooLarge' : timedOut ? 'RequestTimeout' : 'BadRequest';
  socket.end(rawErrorAnswer(code, clock.nowMs()));
}

async function closeWithin(app: FastifyInstance, options: ServerOptions): Promise<void> {
  const timer = setTimeout(() => {
    options.log.warn(
      { limitMs: options.limits.stopTimeoutMs },
      'Requests were still running at the stop limit and are cut off',
    );
    app.server.closeAllConnections();
  }, options.limits.stopTimeoutMs);
  await app.close();
  clearTimeout(timer);
}
