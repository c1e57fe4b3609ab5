/**
 * S3 requests over kept-alive connections, signed by the tests' own signer: a small part of what an SDK costs, so that tests
 * can send tens of thousands. Answers come back whole; nothing is retried.
 */
import { Agent, type IncomingHttpHeaders, request as sendRequest } from 'node:http';
import { patienceMs } from './eventually.ts';
import { type SigningKey, sha256Hex, signHeader } from './sigv4-sign.ts';

export interface S3Request {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE';
  /** Decoded path. */
  readonly path: string;
  /** Decoded parameters. */
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer;
}

export interface S3Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** Code of an error document; empty where the answer has none. */
  readonly code: string;
}

const expectFromBytes = 1024 * 1024;

export class S3Http {
  readonly #port: number;
  readonly #key: SigningKey;
  readonly #answerLimitMs: number;
  #agent = new Agent({ keepAlive: true });

  /** No answer within the limit means that the server hangs. */
  constructor({ port, key, limitMs = patienceMs }: { port: number; key: SigningKey; limitMs?: number }) {
    this.#port = port;
    this.#key = key;
    this.#answerLimitMs = limitMs;
  }

  /** Rejects if the connection breaks before the answer is whole. */
  send({ method, path, query = {}, headers = {}, body }: S3Request): Promise<S3Answer> {
    const unsigned = { method, path, query: Object.entries(query), headers: { host: this.#host, ...headers } };
    const payload = sha256Hex(body ?? '');
    const signed = signHeader(unsigned, this.#key, { date: new Date(), payload });
    return new Promise((resolve, reject) => {
      const outgoing = sendRequest({
        agent: this.#agent,
        host: '127.0.0.1',
        port: this.#port,
        method,
        path: signed.rawQuery === '' ? signed.rawPath : `${signed.rawPath}?${signed.rawQuery}`,
        headers: { ...signed.headers, ...(method !== 'GET' && bodyHeaders(body?.length ?? 0)) },
        timeout: this.#answerLimitMs,
      });
      outgoing.once('timeout', () => outgoing.destroy(new Error(`${method} ${path}: no answer in time`)));
      outgoing.once('error', reject);
      outgoing.once('response', (response) => {
        const pieces: Buffer[] = [];
        response.on('data', (piece: Buffer) => pieces.push(piece));
        response.once('error', reject);
        response.once('end', () => {
          const whole = Buffer.concat(pieces);
          const { statusCode: status = 0, headers: answered } = response;
          resolve({ status, headers: answered, body: whole, code: errorCode(status, whole) });
        });
      });
      // A large body is sent only once the server has asked for it, so that a refusal is not met in the middle of it.
      if ((body?.length ?? 0) < expectFromBytes) return void outgoing.end(body);
      outgoing.once('continue', () => outgoing.end(body));
      outgoing.once('response', (response) => {
        // Refused without a byte of it: the connection still waits for the body and is of no more use.
        if (!outgoing.writableEnded) response.once('end', () => outgoing.destroy());
      });
      outgoing.flushHeaders();
    });
  }

  /** Closes the kept connections, as after the server was killed; requests make new ones. */
  reset(): void {
    this.#agent.destroy();
    this.#agent = new Agent({ keepAlive: true });
  }

  close(): void {
    this.#agent.destroy();
  }

  get #host(): string {
    return `127.0.0.1:${this.#port}`;
  }
}

function bodyHeaders(length: number): Record<string, string> {
  return { 'content-length': String(length), ...(length >= expectFromBytes && { expect: '100-continue' }) };
}

/** Also completions that fail late answer 200, with an error document in the body. */
function errorCode(status: number, body: Buffer): string {
  const isLate = status === 200 && body.length < 4096 && body.includes('<Error>');
  if (status < 300 && !isLate) return '';
  return /<Code>(\w+)<\/Code>/.exec(body.toString())?.[1] ?? String(status);
}
