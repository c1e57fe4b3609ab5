/**
 * The HTTP server: Fastify owns the sockets, their limits and the orderly stop; every S3 request goes to the pipeline with
 * its raw streams, because S3 decides by itself how paths decode and when a body may be read.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import Fastify, { type FastifyInstance } from 'fastify';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import { bucketOfHost } from './addressing.ts';
import { rawErrorAnswer } from './exchange.ts';
import type { Health } from './health.ts';
import type { Pipeline } from './pipeline.ts';
import { type ReservedRoutes, reservedPrefix } from './reserved-routes.ts';

export interface ServerOptions {
  readonly pipeline: Pipeline;
  /** What lies below `/-/` beside the health checks. */
  readonly reserved: ReservedRoutes;
  readonly health: Health;
  readonly clock: Clock;
  readonly log: Log;
  /** From `hostSuffixes`. */
  readonly hostSuffixes: readonly string[];
  readonly limits: {
    readonly requestHeaderBytesMax: number;
    readonly idleTimeoutMs: number;
    readonly stopTimeoutMs: number;
  };
}

export interface S3Server {
  /** Listens and returns the address in use. */
  listen(address: { host: string; port: number }): Promise<AddressInfo>;
  /** Stops accepting, lets running requests finish within the limit, then closes every connection. */
  close(): Promise<void>;
}

/** What anybody may ask, as load balancers and containers do. */
const healthPaths = ['/-/live', '/-/ready'] as const;

export function createServer(options: ServerOptions): S3Server {
  const app = Fastify({
    logger: false,
    requestTimeout: 0,
    connectionTimeout: options.limits.idleTimeoutMs,
    keepAliveTimeout: 75_000,
    forceCloseConnections: 'idle',
    http: {
      // Above S3's own limit, so that the pipeline can answer in S3's words; the parser answers beyond.
      maxHeaderSize: options.limits.requestHeaderBytesMax * 4,
      headersTimeout: 60_000,
      insecureHTTPParser: false,
      requireHostHeader: false,
    },
    rewriteUrl: (request) => (isReserved(request, options.hostSuffixes) ? (request.url ?? '/') : '/'),
    clientErrorHandler: (error, socket) => answerBrokenRequest(error, socket, options.clock),
  });
  endConnectionsAtClose(app);
  serveHealth(app, options.health);
  serveSigned(app, options);
  // By itself node:http would ask for every body before anyone has looked at the head, and answer 417 to other expectations.
  for (const event of ['checkContinue', 'checkExpectation']) {
    app.server.on(event, (request: IncomingMessage, response: ServerResponse) => {
      app.server.emit('request', request, response);
    });
  }
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

/** A virtual-hosted bucket may hold keys that begin with `-/`; they are not ours. */
function isReserved(request: IncomingMessage, suffixes: readonly string[]): boolean {
  return (
    request.url?.startsWith(reservedPrefix) === true && bucketOfHost(request.headers.host ?? '', suffixes) === undefined
  );
}

function serveHealth(app: FastifyInstance, health: Health): void {
  const [live, ready] = healthPaths;
  app.get(live, async () => ({ status: 'live' }));
  app.get(ready, async (_request, reply) => {
    const state = await health.ready();
    return reply.code(state.ready ? 200 : 503).send(state);
  });
}

function serveSigned(app: FastifyInstance, { pipeline, reserved }: ServerOptions): void {
  app.addHook('onRequest', (request, reply, done) => {
    const isReservedUrl = request.url.startsWith(reservedPrefix);
    if (isReservedUrl && healthPaths.some((path) => path === request.url.split('?', 1)[0])) return done();
    reply.hijack();
    (isReservedUrl ? reserved : pipeline).handle(request.raw, reply.raw, request.originalUrl);
  });
  app.all('/', () => undefined);
}

/** Those that are idle when the server closes it ends by itself; the others would be kept alive after their answer. */
function endConnectionsAtClose(app: FastifyInstance): void {
  let isClosing = false;
  app.addHook('preClose', (done) => {
    isClosing = true;
    done();
  });
  app.addHook('onRequest', (request, reply, done) => {
    reply.raw.once('finish', () => {
      if (isClosing) request.raw.socket.destroySoon();
    });
    done();
  });
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
