/** One request to another server, whose body is streamed as it is read, and the answer to it. */
import { type ClientRequest, type Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { answerText } from '../lib/answer-text.ts';

export type StreamedBody = string | { readonly length: number; read(): AsyncIterable<Uint8Array> };

export interface Exchange {
  /** Where the server is: scheme, host and port. */
  readonly origin: URL;
  readonly agent: HttpAgent;
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: StreamedBody;
  /** How long nothing may come or go. */
  readonly timeoutMs: number;
}

export interface Answer {
  readonly status: number;
  readonly text: string;
  readonly headers: IncomingMessage['headers'];
}

/** The server was not reached, or the connection ended before the answer did. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer';
}

/** Answers are short but for listings. */
const answerBytesMax = 4 * 1024 * 1024;
/** A body of no more leaves in one write, with the head. */
const gatheredBytesMax = 64 * 1024;
/** Of so many bytes the server is asked whether it wants them: one that refuses or redirects gets none. */
const askedFromBytes = 1024 * 1024;
/** A server that does not know the question says nothing, and gets them. */
const askedForMs = 1000;
const ascii = /^[\t\x20-\x7e]*$/;

/** Throws NoAnswer, and whatever the reading of the body throws. */
export function exchange(asked: Exchange): Promise<Answer> {
  const { origin, agent, method, path, body, timeoutMs } = asked;
  const length = typeof body === 'string' ? Buffer.byteLength(body) : body.length;
  // With the question node:http writes headers as UTF-8, where all others are written a byte for each character.
  const isAsked = length >= askedFromBytes && Object.values(asked.headers).every((value) => ascii.test(value));
  const headers = {
    ...{ ...asked.headers, host: origin.host, 'content-length': String(length) },
    ...(isAsked && { expect: '100-continue' }),
  };
  const send = origin.protocol === 'https:' ? httpsRequest : httpRequest;
  const host = origin.hostname.replace(/^\[|\]$/g, '');
  return new Promise((resolve, reject) => {
    const outgoing = send({ host, port: origin.port, agent, method, path, headers, timeout: timeoutMs });
    let isAnswered = false;
    const unanswered = (error: Error) => reject(new NoAnswer(`${origin.origin}: ${error.message}`, { cause: error }));
    outgoing.once('timeout', () => outgoing.destroy(new Error(`nothing came or went for ${timeoutMs} ms`)));
    // More than one may come: of the body, and of the connection after the answer.
    outgoing.on('error', unanswered);
    outgoing.once('response', (incoming) => {
      isAnswered = true;
      collect(incoming)
        .then(resolve, unanswered)
        // What is not sent by now is not wanted.
        .finally(() => outgoing.writableEnded || outgoing.destroy());
    });
    const sending = async () => {
      if (isAsked) await untilWanted(outgoing);
      await sendBody(outgoing, body, () => isAnswered || outgoing.destroyed);
    };
    sending().catch((error: unknown) => {
      reject(error);
      outgoing.destroy();
    });
  });
}

/** Resolves when the body may be sent, or nobody wants it any more. */
function untilWanted(outgoing: ClientRequest): Promise<void> {
  outgoing.flushHeaders();
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, askedForMs);
    const go = () => {
      clearTimeout(timer);
      resolve();
    };
    for (const event of ['continue', 'response', 'close']) outgoing.once(event, go);
  });
}

/** Throws what the reading throws; what becomes of the connection the request tells. */
async function sendBody(outgoing: ClientRequest, body: StreamedBody, isOver: () => boolean): Promise<void> {
  if (isOver()) return;
  if (typeof body === 'string' || body.length <= gatheredBytesMax) {
    outgoing.end(typeof body === 'string' ? body : await gather(body));
    return;
  }
  // A chunk is whole on its way before the next one is read: it may lie where that will.
  for await (const chunk of body.read()) {
    if (isOver()) return;
    await new Promise<void>((resolve) => {
      // A connection that breaks off may leave a chunk without word of it.
      outgoing.once('close', resolve);
      outgoing.write(chunk, () => {
        outgoing.off('close', resolve);
        resolve();
      });
    });
  }
  if (!isOver()) outgoing.end();
}

async function gather({ length, read }: Exclude<StreamedBody, string>): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length);
  let filled = 0;
  for await (const chunk of read()) {
    bytes.set(chunk, filled);
    filled += chunk.length;
  }
  if (filled < length) throw new Error(`a body of ${length} bytes ended after ${filled}`);
  return bytes;
}

async function collect(incoming: IncomingMessage): Promise<Answer> {
  const text = await answerText(incoming, answerBytesMax);
  const { statusCode: status = 0, headers } = incoming;
  return { status, text, headers };
}
