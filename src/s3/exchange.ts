/**
 * One request and its reply on the wire: what HTTP asks for around every S3 answer. Keep-alive stays right because a body
 * that nobody read is drained when it is short, and the connection closed when it is long or was never asked for.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { BytesAtHand } from '../lib/bytes-at-hand.ts';
import { freeBuffer } from '../lib/free-buffer.ts';
import { writeHeaderText } from '../lib/header-text.ts';
import { newHostId, newRequestId } from '../lib/ids.ts';
import { AnswerBatch } from './answer-batch.ts';
import { Pace, type Pacing } from './door/pace.ts';
import { S3Error, type S3ErrorCode } from './errors.ts';
import { type ByteSource, type EncodedAnswer, encodeError } from './model/encode.ts';

/** Bytes of an unread body that are worth reading to keep the connection. */
const drainBytesMax = 4 * 1024 * 1024;

export const serverName = 'Ninefold';

/** Of all connections. */
const answers = new AnswerBatch();

function ignore(): void {}

function isSource(stream: ByteSource | undefined): stream is AsyncIterable<Uint8Array> {
  return stream !== undefined && !(stream instanceof Uint8Array);
}

export class Exchange {
  readonly requestId = newRequestId();
  /** The second id S3 sends, an opaque token. */
  readonly hostId = newHostId();
  readonly request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #awaitsContinue: boolean;
  readonly #pacing: Pacing;
  /** Ends the wait for the client's bytes, while there is one. */
  #giveUp: (() => void) | undefined;
  #hasGivenUp = false;
  /** What the body is read from, once somebody has begun to. */
  #source: AsyncIterator<Uint8Array> | undefined;
  #continued = false;
  #status = 0;
  #standing: readonly string[] = [];
  #bytesSent = 0;
  #bytesReceived = 0;
  #bodyEndedMs: number | undefined;

  constructor(request: IncomingMessage, response: ServerResponse, pacing: Pacing) {
    this.request = request;
    this.#response = response;
    this.#pacing = pacing;
    this.#awaitsContinue = request.headers.expect?.toLowerCase() === '100-continue';
    // A connection that breaks shows where the body is read or the reply written; without a listener it would be fatal.
    request.on('error', ignore);
    response.on('error', ignore);
  }

  get status(): number {
    return this.#status;
  }

  get bytesSent(): number {
    return this.#bytesSent;
  }

  /** Bytes of the body, as they were sent. */
  get bytesReceived(): number {
    return this.#bytesReceived;
  }

  /** When the last byte of the body was there, on the clock of the pacing; undefined where nobody has read so far. */
  get bodyEndedMs(): number | undefined {
    return this.#bodyEndedMs;
  }

  /** Headers that the answer will carry, whatever it is: names and values by turns. */
  set standingHeaders(headers: readonly string[]) {
    this.#standing = headers;
  }

  /**
   * The body's bytes as they arrive. Asks the client for them first where it waits to be asked. A chunk is valid until the
   * next one is asked for. Throws RequestTimeout where they come too slowly, or not at all. A small body mostly comes with
   * its head: then it is at hand.
   */
  body(): AsyncIterable<Uint8Array> {
    const { complete, destroyed, readableLength, headers } = this.request;
    const isWhole = complete && !destroyed;
    const isAtHand = isWhole && readableLength > 0 && readableLength === Number(headers['content-length']);
    return isAtHand ? this.#bodyAtHand() : this.#arrivingBody();
  }

  #bodyAtHand(): BytesAtHand {
    // Node gives what it holds one piece of the socket at a time.
    let bytes: Buffer = this.request.read();
    for (let more = this.request.read(); more !== null; more = this.request.read())
      bytes = Buffer.concat([bytes, more]);
    const body = new BytesAtHand(bytes);
    this.#bytesReceived = body.bytes.length;
    this.#bodyEndedMs = this.#pacing.clock.nowMs();
    return body;
  }

  async *#arrivingBody(): AsyncGenerator<Uint8Array> {
    this.#askForBody();
    this.request.on('timeout', () => this.#giveUp?.());
    const source = this.request.iterator({ destroyOnReturn: false });
    this.#source = source;
    const pace = this.#newPace();
    try {
      for (let next = await this.#nextOf(source, pace); next.done !== true; next = await this.#nextOf(source, pace)) {
        this.#bytesReceived += next.value.length;
        yield next.value;
        freeBuffer(next.value);
      }
      this.#bodyEndedMs = this.#pacing.clock.nowMs();
    } finally {
      // Given up, it still waits for bytes: until the connection is closed.
      const returned = source.return?.();
      if (!this.#hasGivenUp) await returned;
    }
  }

  #nextOf(source: AsyncIterator<Uint8Array>, pace: Pace | undefined): Promise<IteratorResult<Uint8Array>> {
    pace?.wait();
    return new Promise((resolve, reject) => {
      this.#giveUp = () => {
        this.#hasGivenUp = true;
        reject(new S3Error('RequestTimeout'));
      };
      source.next().then((next) => {
        if (next.done !== true && pace?.moved(next.value.length) === false) this.#giveUp?.();
        this.#giveUp = undefined;
        resolve(next);
      }, reject);
    });
  }

  #newPace(): Pace | undefined {
    return this.#pacing.bytesPerSecondMin === 0 ? undefined : new Pace(this.#pacing);
  }

  #askForBody(): void {
    if (!this.#awaitsContinue || this.#continued) return;
    this.#continued = true;
    this.#response.writeContinue();
  }

  /**
   * Sends an answer. One whose body is at hand is given to the socket in one piece, and nothing waits for it to leave. A
   * stream that fails midway cuts the connection, so that the client cannot take it for whole.
   */
  async send({ status, headers, body, stream }: EncodedAnswer): Promise<void> {
    try {
      // The length of a stream is told by its output.
      this.#writeHead(status, headers, stream === undefined ? (body?.length ?? 0) : undefined);
    } catch (error) {
      // The store holds what is being read until the stream is given back.
      if (isSource(stream)) await stream[Symbol.asyncIterator]().return?.();
      throw error;
    }
    if (this.request.method === 'HEAD') await this.#end();
    else if (isSource(stream)) await this.#sendStream(stream);
    else await this.#end(stream ?? body);
  }

  async #sendStream(stream: AsyncIterable<Uint8Array>): Promise<void> {
    const pace = this.#newPace();
    let unread = 0;
    try {
      for await (const chunk of stream) {
        this.#bytesSent += chunk.length;
        unread += chunk.length;
        const isTaken = this.#response.write(chunk, () => freeBuffer(chunk));
        // A connection that broke while the chunk was read has told so already, and will not drain.
        if (!isTaken && !this.#response.destroyed) {
          pace?.wait();
          await this.#drained();
          if (pace?.moved(unread) === false) throw new S3Error('RequestTimeout');
          unread = 0;
        }
        if (this.#response.destroyed) return;
      }
      await this.#end();
    } catch (error) {
      this.#response.destroy();
      throw error;
    }
  }

  /** `isWrapped` is for S3 Control. */
  async sendError(error: S3Error, resource: string, { isWrapped = false } = {}): Promise<void> {
    if (this.#response.headersSent) {
      this.#response.destroy();
      return;
    }
    const { code, message, fields } = error;
    const isBodiless = this.request.method === 'HEAD' || error.status === 304;
    const body = isBodiless
      ? undefined
      : encodeError({ code, message, fields, resource, requestId: this.requestId, hostId: this.hostId, isWrapped });
    // Some are stored text, as an answer of success has it.
    const headers = Object.entries(error.headers).flatMap(([name, value]) => [name, writeHeaderText(value)]);
    if (body !== undefined) headers.push('content-type', 'application/xml');
    this.#writeHead(error.status, headers, body?.length ?? 0);
    await this.#end(body);
  }

  #writeHead(status: number, headers: readonly string[], length: number | undefined): void {
    this.#status = status;
    const all = ['Server', serverName, 'x-amz-request-id', this.requestId, 'x-amz-id-2', this.hostId, ...headers];
    // What has no body by its nature, or the length of another one, does not say that it is empty.
    const isBodiless = this.request.method === 'HEAD' || status === 204 || status === 304;
    if (length !== undefined && !isBodiless) all.push('Content-Length', String(length));
    if (this.#standing.length > 0) all.push(...this.#standing);
    if (this.#mustClose()) all.push('Connection', 'close');
    this.#response.writeHead(status, all);
  }

  /** Whether a body follows the head, or may: no header says that there is none. */
  get #hasBody(): boolean {
    const { headers } = this.request;
    return headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined;
  }

  /** Whether the rest of the body is not worth, or not safe, to wait for. */
  #mustClose(): boolean {
    if (this.request.complete) return false;
    if (this.#hasGivenUp) return true;
    if (this.#awaitsContinue && !this.#continued) return true;
    const declared = this.request.headers['content-length'];
    return declared === undefined ? this.#hasBody : Number(declared) > drainBytesMax;
  }

  async #end(body?: Uint8Array): Promise<void> {
    const response = this.#response;
    if (response.destroyed) return;
    if (body) this.#bytesSent += body.length;
    if (this.request.complete || !this.#hasBody) {
      answers.add(() => response.end(body));
      return;
    }
    // Before the end: node:http itself would read what nobody has begun to read, however slowly it comes.
    if (!this.#hasGivenUp) {
      this.#discardBody();
      if (this.#mustClose()) this.#closeLate();
    }
    await new Promise<void>((resolve) => {
      response.once('close', resolve);
      response.end(body, () => resolve());
    });
  }

  /** Reads what is left of the body so that the client gets to read the answer, up to the limit. */
  #discardBody(): void {
    let seen = 0;
    const pace = this.#newPace();
    this.#giveUp = () => this.request.socket.destroy();
    pace?.wait();
    this.request.on('data', (chunk: Uint8Array) => {
      seen += chunk.length;
      if (seen > drainBytesMax || pace?.moved(chunk.length) === false) this.request.socket.destroy();
      pace?.wait();
    });
    // Whoever stopped in the middle of the body would still be given the rest. A connection that broke has told so already.
    this.#source?.return?.().catch(ignore);
    this.request.resume();
  }

  /**
   * node:http closes a connection at once behind its last answer. A client that still sends is reset by that, and may never get to
   * read the answer. So our side alone ends, and what comes is read until the client ends its own, or up to the limit.
   * https://www.rfc-editor.org/rfc/rfc9112#section-9.6
   */
  #closeLate(): void {
    const { socket } = this.request;
    // What follows is not answered, and so must not be done: see the server.
    this.#response.shouldKeepAlive = false;
    socket.destroySoon = () => void socket.end();
  }

  #drained(): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        this.#response.off('drain', done);
        this.#response.off('close', done);
        resolve();
      };
      this.#response.on('drain', done);
      this.#response.on('close', done);
    });
  }
}

/** A whole HTTP answer as text, for requests that the HTTP parser itself refused. */
export function rawErrorAnswer(code: S3ErrorCode, nowMs: number): string {
  const error = new S3Error(code);
  const requestId = newRequestId();
  const hostId = newHostId();
  const body = encodeError({ code, message: error.message, fields: {}, resource: '/', requestId, hostId });
  return [
    `HTTP/1.1 ${error.status} Bad Request`,
    'Content-Type: application/xml',
    `Content-Length: ${body.length}`,
    `Date: ${new Date(nowMs).toUTCString()}`,
    `Server: ${serverName}`,
    `x-amz-request-id: ${requestId}`,
    `x-amz-id-2: ${hostId}`,
    'Connection: close',
    '',
    body.toString('utf8'),
  ].join('\r\n');
}
