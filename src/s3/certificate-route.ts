/** The certificate that messages of topics are verified with: anybody may read it, as whoever gets a message must. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Log } from '../lib/log.ts';
import type { Door } from './door/door.ts';
import { S3Error } from './errors.ts';
import { Exchange } from './exchange.ts';

export interface Certificates {
  /** What all their paths begin with, and no bucket's name. */
  readonly prefix: string;
  /** In PEM; undefined if there is none at a path. */
  at(path: string): string | undefined;
}

export interface CertificateRouteOptions {
  readonly certificates: Certificates;
  readonly door: Door;
  readonly log: Log;
}

export class CertificateRoute {
  readonly #options: CertificateRouteOptions;
  /** At hand, as every request is asked. */
  readonly #prefix: string;

  constructor(options: CertificateRouteOptions) {
    this.#options = options;
    this.#prefix = options.certificates.prefix;
  }

  /** Whether a path may be one of theirs. */
  has(url: string | undefined): boolean {
    return url?.startsWith(this.#prefix) === true && this.#options.certificates.at(url) !== undefined;
  }

  /** Answers one request. Never rejects. */
  async handle(incoming: IncomingMessage, response: ServerResponse, url: string): Promise<void> {
    const { certificates, door, log } = this.#options;
    const exchange = new Exchange(incoming, response, door.pacing);
    try {
      const refusal = this.#refusal(incoming, response);
      if (refusal !== undefined) return await exchange.sendError(refusal, url);
      const body = Buffer.from(certificates.at(url) ?? '');
      await exchange.send({ status: 200, headers: ['content-type', 'application/x-pem-file'], body });
    } catch (error) {
      log.error({ requestId: exchange.requestId, err: error }, 'A request could not be answered');
      response.destroy();
    }
  }

  #refusal(incoming: IncomingMessage, response: ServerResponse): S3Error | undefined {
    if (incoming.method !== 'GET' && incoming.method !== 'HEAD') return new S3Error('MethodNotAllowed');
    try {
      this.#options.door.enter(incoming, response);
      return undefined;
    } catch (error) {
      if (error instanceof S3Error) return error;
      throw error;
    }
  }
}
