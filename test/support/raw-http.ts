/** HTTP by hand over a socket, for what no client library sends. */
import { connect, type Socket } from 'node:net';
import { type SigningKey, sha256Hex, signHeader, type WireRequest } from './sigv4-sign.ts';

export interface RawAnswer {
  /** 0 if the server closed the connection without an answer. */
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
  /** `<Code>` of an error document. */
  readonly code: string | undefined;
}

export interface SendOptions {
  readonly port: number;
  /** Close our side after the last byte, as a client that dies does. */
  readonly halfClose?: boolean;
  /** The answer to a HEAD has no body. */
  readonly isHead?: boolean;
}

const answerLimitMs = 30_000;

/** Writes bytes as they are and reads one answer (any 100 Continue is passed over). Throws if none comes in time. */
export async function sendRaw(bytes: string | Uint8Array, options: SendOptions): Promise<RawAnswer> {
  const socket = connect({ host: '127.0.0.1', port: options.port, allowHalfOpen: true });
  try {
    return await new Promise((resolve, reject) => {
      let received: Buffer = Buffer.alloc(0);
      socket.setTimeout(answerLimitMs, () =>
        reject(new Error(`No answer in time, but ${received.toString('latin1')}`)),
      );
      socket.on('connect', () => writeAll(socket, bytes, options.halfClose === true));
      socket.on('data', (chunk: Buffer) => {
        received = Buffer.concat([received, chunk]);
        const answer = parseAnswer(received, { isEnd: false, isHead: options.isHead === true });
        if (answer !== undefined) resolve(answer);
      });
      const end = (): void =>
        resolve(parseAnswer(received, { isEnd: true, isHead: options.isHead === true }) ?? noAnswer);
      socket.on('end', end);
      socket.on('close', end);
      // A server that refuses early may reset while we still write; what it said before counts.
      socket.on('error', end);
    });
  } finally {
    socket.destroy();
  }
}

const noAnswer: RawAnswer = { status: 0, headers: new Map(), body: '', code: undefined };

function writeAll(socket: Socket, bytes: string | Uint8Array, halfClose: boolean): void {
  if (halfClose) socket.end(bytes);
  else socket.write(bytes);
}

/** The first final answer in what was received; undefined while it is not whole. */
function parseAnswer(received: Buffer, how: ParseOptions): RawAnswer | undefined {
  const message = parseMessage(received, how);
  if (message === undefined || message.answer.status >= 200) return message?.answer;
  return parseAnswer(received.subarray(message.length), how);
}

export interface ParseOptions {
  /** Nothing more will come. */
  readonly isEnd: boolean;
  readonly isHead: boolean;
}

/**
 * The first answer, which may be an interim one (100), and how many bytes it takes; undefined while it is not whole.
 * Throws for what is no HTTP.
 */
export function parseMessage(received: Buffer, how: ParseOptions): { answer: RawAnswer; length: number } | undefined {
  const split = received.indexOf('\r\n\r\n');
  if (split === -1) return undefined;
  const [statusLine = '', ...lines] = received.subarray(0, split).toString('latin1').split('\r\n');
  const rest = received.subarray(split + 4);
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(statusLine)?.[1] ?? Number.NaN);
  if (Number.isNaN(status)) throw new Error(`Not an answer: ${statusLine}`);
  const headers = new Map(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  );
  const isBodiless = how.isHead || status < 200 || status === 204 || status === 304;
  const length = isBodiless ? 0 : Number(headers.get('content-length') ?? Infinity);
  if (rest.length < length && !how.isEnd) return undefined;
  const content = rest.subarray(0, length);
  const body = content.toString();
  const code = /<Error>.*<Code>(\w+)<\/Code>/s.exec(body)?.[1];
  return { answer: { status, headers, body, code }, length: split + 4 + content.length };
}

export interface SignedRequest {
  readonly method: string;
  /** Decoded path. */
  readonly path: string;
  readonly query?: readonly (readonly [name: string, value: string])[];
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** Value of x-amz-content-sha256; the body's hash without one. */
  readonly payload?: string;
  /** That it is signed for; s3 unless another is named. */
  readonly service?: string;
  readonly key: SigningKey;
  readonly host: string;
}

/** Signs a request; its length and everything else may then be written otherwise than it is. */
export function signRaw({
  method,
  path,
  query = [],
  headers = {},
  body = '',
  payload,
  key,
  host,
  service,
}: SignedRequest) {
  const request = { method, path, query, headers: { host, ...headers } };
  return signHeader(request, key, {
    date: new Date(),
    payload: payload ?? sha256Hex(body),
    ...(service && { service }),
  });
}

/** A request as bytes. `extra` are header lines that are not signed; without a length in them, the body's own is sent. */
export function wireBytes(request: WireRequest, body: string | Uint8Array = '', extra?: readonly string[]): Buffer {
  const target = request.rawQuery === '' ? request.rawPath : `${request.rawPath}?${request.rawQuery}`;
  const signed = Object.entries(request.headers).map(([name, value]) => `${name}: ${value}`);
  const bytes = Buffer.from(body);
  const lines = [`${request.method} ${target} HTTP/1.1`, ...signed, ...(extra ?? [`content-length: ${bytes.length}`])];
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), bytes]);
}
