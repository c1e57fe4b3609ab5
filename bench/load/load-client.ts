/** The bench's side of the load process. One order at a time. */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Endpoint, LoadLimits, LoadOrder, LoadReply, LoadResult, RequestSet } from './messages.ts';

/** Requests that the load process holds ready. */
export interface Prepared {
  run(limits: LoadLimits): Promise<LoadResult>;
}

export class LoadClient implements Disposable {
  readonly #child: ChildProcess;
  #lastId = 0;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  static async start(): Promise<LoadClient> {
    const script = fileURLToPath(new URL('load-process.ts', import.meta.url));
    const client = new LoadClient(fork(script, { serialization: 'advanced', execArgv: [] }));
    await client.#reply();
    return client;
  }

  async prepare(endpoint: Endpoint, set: RequestSet): Promise<Prepared> {
    this.#lastId += 1;
    const id = this.#lastId;
    await this.#ask({ kind: 'prepare', id, endpoint, set });
    return {
      run: async (limits) => {
        const reply = await this.#ask({ kind: 'run', id, limits });
        if (reply.kind !== 'result') throw new Error(`the load process answered ${reply.kind}`);
        return reply.result;
      },
    };
  }

  [Symbol.dispose](): void {
    this.#child.kill();
  }

  async #ask(order: LoadOrder): Promise<LoadReply> {
    const reply = this.#reply();
    this.#child.send(order);
    const message = await reply;
    if (message.kind === 'error') throw new Error(`The load process failed: ${message.message}`);
    return message;
  }

  #reply(): Promise<LoadReply> {
    return new Promise((resolve, reject) => {
      const exited = (code: number | null): void => reject(new Error(`the load process ended (exit code ${code})`));
      this.#child.once('exit', exited);
      this.#child.once('message', (message) => {
        this.#child.off('exit', exited);
        resolve(message as LoadReply);
      });
    });
  }
}
