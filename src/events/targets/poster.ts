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
  const begin = ({ url, headers, body, signal }: Posted): ClientRequest => {
    const target = new URL(url);
    const options = {
      method: 'POST',
      signal,
      headers: { 'user-agent': 'Ninefold', ...headers, 'content-length': Buffer.byteLength(body) },
    };
    const request =
      target.protocol === 'https:'
        ? httpsRequest(target, { ...options, agent: https })
        : httpRequest(target, { ...options, agent: http });
    return request.end(body);
  };
  return async (posted) => {
    const signal = AbortSignal.any([posted.signal, AbortSignal.timeout(posted.timeoutMs)]);
    const limited = { ...posted, signal };
    const first = begin(limited);
    try {
      return await answerTo(first);
    } catch (error) {
      // The connection was just being closed as the request went out.
      if (!first.reusedSocket || signal.aborted) throw error;
      return await answerTo(begin(limited));
    }
  };
}

async function answerTo(request: ClientRequest): Promise<PostAnswer> {
  const incoming = await new Promise<IncomingMessage>((resolve, reject) => {
    request.once('response', resolve);
    request.on('error', reject);
  });
  const text = await answerText(incoming, answerBytesMax);
  const { statusCode: status = 0 } = incoming;
  return { status, ok: status >= 200 && status < 300, text };
}
