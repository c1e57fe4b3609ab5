/** One HTTP connection by hand, for what happens between requests: interim answers, keep-alive, and who closes. */
import { connect, type Socket } from 'node:net';
import { parseMessage, type RawAnswer } from './raw-http.ts';

const waitLimitMs = 30_000;

/**
 *     await using connection = await RawConnection.open(port);
 *     connection.write(head);
 *     expect((await connection.next()).status).toBe(100);
 */
export class RawConnection implements AsyncDisposable {
  readonly #socket: Socket;
  #received: Buffer = Buffer.alloc(0);
  #isEnd = false;
  #wake: () => void = () => undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#wake();
    });
    const end = (): void => {
      this.#isEnd = true;
      this.#wake();
    };
    // A reset ends the connection as well; what was read before counts.
    for (const event of ['end', 'close', 'error']) socket.on(event, end);
  }

  static open(port: number): Promise<RawConnection> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
      socket.once('error', reject);
      socket.once('connect', () => resolve(new RawConnection(socket)));
    });
  }

  /** Writes bytes as they are, as far as the server takes them. */
  write(bytes: string | Uint8Array): void {
    this.#socket.write(bytes);
  }

  /** The next answer; interim ones (100) count. Throws if the server closes before, or says nothing in time. */
  async next({ isHead = false } = {}): Promise<RawAnswer> {
    await this.#until(() => this.#isEnd || parseMessage(this.#received, { isEnd: false, isHead }) !== undefined);
    const message = parseMessage(this.#received, { isEnd: this.#isEnd, isHead });
    if (message === undefined) throw new Error(`The server closed after ${this.#received.toString('latin1')}`);
    this.#received = this.#received.subarray(message.length);
    return message.answer;
  }

  /** Waits until the server has closed. Returns what it sent that no `next` has taken. */
  async closed(): Promise<string> {
    await this.#until(() => this.#isEnd);
    return this.#received.toString();
  }

  async #until(isSo: () => boolean): Promise<void> {
    const limit = AbortSignal.timeout(waitLimitMs);
    while (!isSo()) {
      await new Promise<void>((resolve, reject) => {
        this.#wake = resolve;
        limit.onabort = () => reject(new Error(`Nothing more in time after ${this.#received.toString('latin1')}`));
      });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.destroy();
  }
}
