/**
 * A client of S3 on another server: signed requests, with bodies that are streamed as they are read. It goes where the server
 * redirects it to, and tells what is the matter with the server from what is with the request.
 */
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { DestinationAway } from '../engine/replication/types.ts';
import type { Clock } from '../lib/clock.ts';
import { signRequest } from '../lib/sigv4/sign.ts';
import { AnswerXml } from './answer-xml.ts';
import { type Answer, exchange, NoAnswer, type StreamedBody } from './exchange.ts';
import { encode, type Place, pathOf, redirectOf } from './places.ts';

export interface S3ClientOptions {
  /** Scheme and host, and a port where it is another. */
  readonly endpoint: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Whether the bucket is named in the path; if not, in the host's name. */
  readonly pathStyle: boolean;
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
  readonly body?: StreamedBody;
}

/** An answer that is no success, and is about the request. */
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

/** Refusals that any other request would meet as well: the server is busy, or the configuration of one of the two is wrong. */
const serverWideCodes = new Set([
  ...['SlowDown', 'ServiceUnavailable', 'RequestLimitExceeded', 'Throttling', 'ThrottlingException'],
  ...['RequestTimeTooSkewed', 'InvalidAccessKeyId', 'SignatureDoesNotMatch', 'AuthorizationHeaderMalformed'],
  ...['PermanentRedirect', 'TemporaryRedirect'],
]);
const notImplemented = 501;
const tooManyRequests = 429;
const pool = { keepAlive: true, maxSockets: 32 };
const redirectsMax = 4;
const messageShownMax = 200;

export class S3Client {
  readonly #options: S3ClientOptions;
  readonly #home: URL;
  readonly #agent = new HttpAgent(pool);
  readonly #secureAgent = new HttpsAgent(pool);

  constructor(options: S3ClientOptions) {
    this.#options = options;
    this.#home = new URL(options.endpoint);
  }

  /** Throws S3Failure, or DestinationAway for what would become of any request now, and whatever the reading of the body throws. */
  async call(call: S3Call): Promise<AnswerXml> {
    const { endpoint } = this.#options;
    const answer = await this.#follow(call);
    const { status, headers } = answer;
    // Of what takes long S3 begins the answer before it knows how it ends.
    const xml = new AnswerXml(answer.text, headers);
    if (status >= 200 && status < 300 && !xml.isError) return xml;
    const code = xml.textOf('Code') ?? '';
    const message = `${endpoint} answered ${status} ${code}: ${xml.textOf('Message') ?? answer.text.slice(0, messageShownMax)}`;
    if (isServerWide(status, code)) throw new DestinationAway(message);
    throw new S3Failure(message, { status, code });
  }

  /** Ends connections that wait for use. */
  close(): void {
    this.#agent.destroy();
    this.#secureAgent.destroy();
  }

  async #follow(call: S3Call): Promise<Answer> {
    const { region, pathStyle } = this.#options;
    let place: Place = { origin: this.#home, region, pathStyle };
    for (let redirects = 0; ; redirects++) {
      const answer = await this.#exchange(call, place);
      const next = redirects < redirectsMax ? redirectOf(answer, { bucket: call.bucket, place }) : undefined;
      if (next === undefined) return answer;
      place = next;
    }
  }

  async #exchange(call: S3Call, place: Place): Promise<Answer> {
    const { clock, timeoutMs, accessKeyId, secretAccessKey } = this.#options;
    const { method, body = '' } = call;
    const { origin, rawPath } = pathOf(place, call);
    const rawQuery = Object.entries(call.query ?? {})
      .map(([name, value]) => `${encode(name)}=${encode(value)}`)
      .join('&');
    const headers = signRequest(
      {
        ...{ method, rawPath, rawQuery, host: origin.host, headers: call.headers ?? {} },
        body: typeof body === 'string' ? body : { sha256: 'UNSIGNED-PAYLOAD' },
      },
      { accessKeyId, secretAccessKey, region: place.region, nowMs: clock.nowMs() },
    );
    const path = rawQuery === '' ? rawPath : `${rawPath}?${rawQuery}`;
    const agent = origin.protocol === 'https:' ? this.#secureAgent : this.#agent;
    try {
      return await exchange({ origin, agent, method, path, headers, body, timeoutMs });
    } catch (error) {
      throw error instanceof NoAnswer ? new DestinationAway(error.message, { cause: error }) : error;
    }
  }
}

function isServerWide(status: number, code: string): boolean {
  if (serverWideCodes.has(code) || status === tooManyRequests) return true;
  return (status >= 300 && status < 400) || (status >= 500 && status !== notImplemented);
}
