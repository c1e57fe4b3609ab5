/**
 * One connection of the load process, with one request at a time. Requests are bytes made beforehand, answers are read by
 * `AnswerReader` into one buffer that is used again, so what a request costs here is little more than its system calls.
 */
import { createConnection, type Socket } from 'node:net';
import { AnswerReader } from './answer-reader.ts';

/** Bodies up to this length are sent in one piece with the head. */
const smallBodyBytesMax = 64 * 1024;
const readBufferBytes = 512 * 1024;

export interface Outgoing {
  readonly head: Buffer;
  /** Repeated until the body has its length; empty where there is no body. */
  readonly block: Buffer;
  readonly bodyBytes: number;
}

export interface Answer {
  readonly status: number;
  readonly bodyBytes: number;
}

export class Connection {
  readonly #address: { host: string; port: number };
  readonly #readBuffer = Buffer.allocUnsafe(readBufferBytes);
  /** Head and body of a small request; the body stays where heads have one length. */
  #scratch = Buffer.alloc(0);
  #scratchHead = -1;
  #reader = new AnswerReader();
  #socket: Socket | undefined;
  #onAnswer: ((answer: Answer | Error) => void) | undefined;

  constructor(address: { host: string; port: number }) {
    this.#address = address;
  }

  /** Sends a request; `onAnswer` is called once, when its answer is whole or the connection has failed. */
  send(outgoing: Outgoing, onAnswer: (answer: Answer | Error) => void): void {
    this.#onAnswer = onAnswer;
    const socket = this.#socket ?? this.#connect();
    const { head, bodyBytes } = outgoing;
    if (bodyBytes === 0) socket.write(head);
    else if (bodyBytes <= smallBodyBytesMax) socket.write(this.#inOnePiece(outgoing));
    else {
      socket.write(head);
      this.#sendBody(socket, outgoing, 0);
    }
  }

  close(): void {
    this.#onAnswer = undefined;
    this.#socket?.destroy();
    this.#socket = undefined;
  }

  #inOnePiece({ head, block, bodyBytes }: Outgoing): Buffer {
    const length = head.length + bodyBytes;
    if (this.#scratchHead !== head.length || this.#scratch.length !== length) {
      this.#scratch = Buffer.allocUnsafe(length);
      block.copy(this.#scratch, head.length, 0, bodyBytes);
      this.#scratchHead = head.length;
    }
    head.copy(this.#scratch);
    return this.#scratch;
  }

  #sendBody(socket: Socket, outgoing: Outgoing, sent: number): void {
    const length = Math.min(outgoing.block.length, outgoing.bodyBytes - sent);
    if (length === 0 || socket !== this.#socket) return;
    const piece = length === outgoing.block.length ? outgoing.block : outgoing.block.subarray(0, length);
    socket.write(piece, () => this.#sendBody(socket, outgoing, sent + length));
  }

  #connect(): Socket {
    this.#reader = new AnswerReader();
    const socket = createConnection({
      ...this.#address,
      noDelay: true,
      onread: {
        buffer: this.#readBuffer,
        callback: (length) => {
          this.#take(socket, length);
          return true;
        },
      },
    });
    socket.once('error', (error) => this.#fail(socket, error));
    socket.once('close', () => this.#fail(socket, new Error('the connection was closed')));
    this.#socket = socket;
    return socket;
  }

  #take(socket: Socket, length: number): void {
    try {
      if (!this.#reader.take(this.#readBuffer.subarray(0, length))) return;
    } catch (error) {
      this.#fail(socket, error instanceof Error ? error : new Error(String(error)));
      return;
    }
    const onAnswer = this.#onAnswer;
    this.#onAnswer = undefined;
    onAnswer?.(this.#reader);
  }

  /** The next request gets a new connection. A server may close one that is idle: nothing was lost then. */
  #fail(socket: Socket, error: Error): void {
    if (socket !== this.#socket) return;
    this.#socket = undefined;
    socket.destroy();
    const onAnswer = this.#onAnswer;
    this.#onAnswer = undefined;
    onAnswer?.(error);
  }
}
