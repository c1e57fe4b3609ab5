/** CPU profiles of a server's main thread through the inspector: Chrome's tools and editors open what this writes. */
import { writeFile } from 'node:fs/promises';

const samplingIntervalUs = 250;

type Reply = { readonly id?: number; readonly result?: unknown; readonly error?: unknown };

export class Profiler implements Disposable {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, (reply: Reply) => void>();
  #lastId = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener('message', ({ data }) => {
      const reply: Reply = JSON.parse(String(data));
      if (reply.id === undefined) return;
      this.#waiting.get(reply.id)?.(reply);
      this.#waiting.delete(reply.id);
    });
  }

  static async connect(url: string): Promise<Profiler> {
    const socket = new WebSocket(url);
    await new Promise<void>((resolve, reject) => {
      socket.addEventListener('open', () => resolve());
      socket.addEventListener('error', () => reject(new Error(`the inspector at ${url} does not answer`)));
    });
    const profiler = new Profiler(socket);
    await profiler.#call('Profiler.enable');
    await profiler.#call('Profiler.setSamplingInterval', { interval: samplingIntervalUs });
    return profiler;
  }

  async start(): Promise<void> {
    await this.#call('Profiler.start');
  }

  /** Ends the profile that was begun, and writes it to a file. */
  async stop(path: string): Promise<void> {
    const result = await this.#call('Profiler.stop');
    const profile = typeof result === 'object' && result !== null && 'profile' in result ? result.profile : undefined;
    await writeFile(path, JSON.stringify(profile));
  }

  [Symbol.dispose](): void {
    this.#socket.close();
  }

  async #call(method: string, params: object = {}): Promise<unknown> {
    this.#lastId += 1;
    const id = this.#lastId;
    const { promise, resolve } = Promise.withResolvers<Reply>();
    this.#waiting.set(id, resolve);
    this.#socket.send(JSON.stringify({ id, method, params }));
    const { result, error } = await promise;
    if (error !== undefined) throw new Error(`${method} failed: ${JSON.stringify(error)}`);
    return result;
  }
}
