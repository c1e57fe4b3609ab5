/** A client of S3 on another server: signed requests, path style, with bodies that are streamed as they are read. */
import { type ClientRequest, Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { answerText } from '../lib/answer-text.ts';
import type { Clock } from '../lib/clock.ts';
import { signRequest } from '../lib/sigv4/sign.ts';
import { AnswerXml } from './answer-xml.ts';

export interface S3ClientOptions {
  /** Scheme and host, and a port where it is another. */
  readonly endpoint: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** How long nothing may come or go. */
  readonly timeoutMs: number;
  readonly clock: Clock;
}

export interface S3Call {
  readonly method: string;
  readonly bucket: string;
  readonly key?: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | { readonly length: number; read(): AsyncIterable<Uint8Array> };
}

interface RawAnswer {
  readonly status: number;
  readonly text: string;
  readonly etag: string | undefined;
}

/** An answer that is no success. */
export class S3Failure extends Error {
  override readonly name = 'S3Failure';
  readonly status: number;
  /** By S3's name; empty where the answer has none. */
  readonly code: string;
  constructor(message: string, { status, code }: { status: number; code: string }) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** Answers are short but for listings. */
const answerBytesMax = 4 * 1024 * 1024;
const socketsMax = 32;
const messageShownMax = 200;

export class S3Client {
  readonly #options: S3ClientOptions;
  readonly #url: URL;
  readonly #agent: HttpAgent;

  constructor(options: S3ClientOptions) {
    this.#options = options;
    this.#url = new URL(options.endpoint);
    const pool = { keepAlive: true, maxSockets: socketsMax };
    this.#agent = this.#url.protocol === 'https:' ? new HttpsAgent(pool) : new HttpAgent(pool);
  }

  /** Throws S3Failure, and whatever comes of the connection. */
  async call(call: S3Call): Promise<AnswerXml> {
    const answer = await this.#exchange(call);
    const isSuccess = answer.status >= 200 && answer.status < 300;
    // Of what takes long S3 begins the answer before it knows how it ends.
    const xml = new AnswerXml(answer.text, answer);
    if (isSuccess && !xml.isError) return xml;
    const code = xml.textOf('Code') ?? '';
    const message = xml.textOf('Message') ?? answer.text.slice(0, messageShownMax);
    const { status } = answer;
    throw new S3Failure(`${this.#options.endpoint} answered ${status} ${code}: ${message}`, { status, code });
  }

  /** Ends connections that wait for use. */
  close(): void {
    this.#agent.destroy();
  }

  #exchange(call: S3Call): Promise<RawAnswer> {
    const { clock, timeoutMs, ...credentials } = this.#options;
    const { method, body = '' } = call;
    const rawPath = `/${[call.bucket, ...(call.key === undefined ? [] : [call.key])].map(encodePath).join('/')}`;
    const rawQuery = Object.entries(call.query ?? {})
      .map(([name, value]) => `${encode(name)}=${encode(value)}`)
      .join('&');
    const headers = signRequest(
      {
        ...{ method, rawPath, rawQuery, host: this.#url.host, headers: call.headers ?? {} },
        body: typeof body === 'string' ? body : { sha256: 'UNSIGNED-PAYLOAD' },
      },
      { ...credentials, nowMs: clock.nowMs() },
    );
    const length = typeof body === 'string' ? Buffer.byteLength(body) : body.length;
    const send = this.#url.protocol === 'https:' ? httpsRequest : httpRequest;
    return new Promise((resolve, reject) => {
      const outgoing = send({
        ...{ host: this.#url.hostname.replace(/^\[|\]$/g, ''), port: this.#url.port, agent: this.#agent, method },
        path: rawQuery === '' ? rawPath : `${rawPath}?${rawQuery}`,
        headers: { ...headers, host: this.#url.host, 'content-length': String(length) },
        timeout: timeoutMs,
      });
      outgoing.once('timeout', () => outgoing.destroy(new Error(`nothing came or went for ${timeoutMs} ms`)));
      outgoing.once('error', reject);
      outgoing.once('response', (incoming) => collect(incoming).then(resolve, reject));
      sendBody(outgoing, body).catch((error: unknown) => outgoing.destroy(error as Error));
    });
  }
}

async function sendBody(outgoing: ClientRequest, body: NonNullable<S3Call['body']>): Promise<void> {
  if (typeof body === 'string') {
    outgoing.end(body);
    return;
  }
  // A chunk is whole on its way before the next one is read: it may lie where that will.
  for await (const chunk of body.read()) {
    if (outgoing.destroyed) return;
    await new Promise<void>((resolve, reject) => {
      outgoing.write(chunk, (error) => (error ? reject(error) : resolve()));
    });
  }
  outgoing.end();
}

async function collect(incoming: IncomingMessage): Promise<RawAnswer> {
  const text = await answerText(incoming, answerBytesMax);
  const { statusCode: status = 0, headers } = incoming;
  return { status, text, etag: headers.etag };
}

/** Percent-encoded as Signature Version 4 wants it. */
export function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`);
}

function encodePath(path: string): string {
  return path.split('/').map(encode).join('/');
}
