/**
 * POST requests of texts, over connections that are kept for a while. By node:http: fetch costs four times as much of the
 * processor, which clients' requests want at the same time.
 */
import { type ClientRequest, Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { answerText } from '../../lib/answer-text.ts';

/** Servers close connections that are idle; those that do so after five seconds are the least patient in use. */
const idleMs = 4000;
/** Whoever answers with more than this has not taken anything. */
const answerBytesMax = 4 * 1024 * 1024;

export interface Posted {
  readonly url: string | URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

export interface PostAnswer {
  readonly status: number;
  /** Whether the status is one of success; redirects are none. */
  readonly ok: boolean;
  readonly text: string;
}

/** Rejects if there is no whole answer in time. */
export type Poster = (posted: Posted) => Promise<PostAnswer>;

export function poster(): Poster {
  const pool = { keepAlive: true, timeout: idleMs };
  const http = new HttpAgent(pool);
  const https = new HttpsAgent(pool);
  const begin = ({ url, headers, body }: Posted): ClientRequest => {
    const target = typeof url === 'string' ? new URL(url) : url;
    const options = {
      method: 'POST',
      headers: { 'user-agent': 'Ninefold', ...headers, 'content-length': Buffer.byteLength(body) },
    };
    const request =
      target.protocol === 'https:'
        ? httpsRequest(target, { ...options, agent: https })
        : httpRequest(target, { ...options, agent: http });
    return request.end(body);
  };
  return async (posted) => {
    const { signal, timeoutMs } = posted;
    signal.throwIfAborted();
    let request = begin(posted);
    let isGivenUp = false;
    const giveUp = (why: unknown): void => {
      isGivenUp = true;
      request.destroy(why instanceof Error ? why : new Error(String(why)));
    };
    // Node's own `signal` of a request, one for both, costs as much as the request.
    const stop = (): void => giveUp(signal.reason);
    signal.addEventListener('abort', stop);
    const timer = setTimeout(() => giveUp(new Error(`no whole answer in ${timeoutMs} ms`)), timeoutMs);
    try {
      return await answerTo(request).catch((error: unknown) => {
        // The connection was just being closed as the request went out.
        if (!request.reusedSocket || isGivenUp) throw error;
        request = begin(posted);
        return answerTo(request);
      });
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
    }
  };
}

function answerTo(request: ClientRequest): Promise<PostAnswer> {
  return new Promise((resolve, reject) => {
    request.on('error', reject);
    request.once('response', (incoming: IncomingMessage) => {
      const { statusCode: status = 0 } = incoming;
      const ok = status >= 200 && status < 300;
      answerText(incoming, answerBytesMax).then((text) => resolve({ status, ok, text }), reject);
    });
  });
}
