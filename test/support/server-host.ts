/**
 * One process that runs the servers of test files, one after another, and their commands: the modules are loaded once and
 * what V8 has compiled stays, so a server starts in a tenth of the time, and works at full speed from its first request.
 *
 * Each process that runs tests has one, from its first use to its end. A server in it is the product whole, of its own
 * data folder and port; it cannot be killed alone, and what all of them print comes out of one mouth.
 */
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import type { ConfigFlags } from '../../src/config.ts';
import { spawnNode } from './node-process.ts';

type Environment = Readonly<Record<string, string>>;

/** What is asked of the process. */
export type HostCall =
  | { readonly what: 'start'; readonly server: number; readonly flags: ConfigFlags; readonly environment: Environment }
  | { readonly what: 'stop'; readonly server: number }
  | { readonly what: 'run'; readonly args: readonly string[]; readonly environment: Environment };

/** What it answers, as far as the call has an answer. */
export interface HostReply {
  readonly endpoint?: string;
  readonly code?: number;
  readonly stdout?: string;
  readonly stderr?: string;
}

interface Pending {
  resolve(reply: HostReply): void;
  reject(error: Error): void;
}

export class ServerHost {
  static #running: ServerHost | undefined;
  readonly #process: ChildProcess;
  readonly #pending = new Map<number, Pending>();
  readonly #listeners = new Set<(text: string) => void>();
  #calls = 0;
  #lastOutput = '';

  /** The one of this process; started again if it died. */
  static ofThisProcess(): ServerHost {
    ServerHost.#running ??= new ServerHost();
    return ServerHost.#running;
  }

  private constructor() {
    const program = join(import.meta.dirname, 'server-host-program.ts');
    // As many as `ninefold serve` takes.
    this.#process = spawnNode([program], { UV_THREADPOOL_SIZE: '16' }, ['ignore', 'pipe', 'pipe', 'ipc']);
    this.#process.on('message', (message: { id: number; reply?: HostReply; failure?: string }) => {
      const pending = this.#pending.get(message.id);
      this.#pending.delete(message.id);
      if (message.reply !== undefined) pending?.resolve(message.reply);
      else pending?.reject(new Error(`${message.failure}\n${this.#lastOutput}`));
    });
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream?.on('data', (chunk: Buffer) => this.#hear(chunk.toString()));
    }
    this.#process.once('close', (code, signal) => {
      if (ServerHost.#running === this) ServerHost.#running = undefined;
      const error = new Error(`The servers' process ended (${signal ?? code}). It printed:\n${this.#lastOutput}`);
      for (const { reject } of this.#pending.values()) reject(error);
      this.#pending.clear();
    });
    // It ends when this process does, which does not wait for it.
    this.#process.unref();
    this.#process.channel?.unref();
  }

  get pid(): number {
    const { pid, exitCode, signalCode } = this.#process;
    if (pid === undefined || exitCode !== null || signalCode !== null) throw new Error("The servers' process is gone");
    return pid;
  }

  /** Starts a server and returns where it is met, and its end. All that is printed meanwhile goes to `hear`. */
  async start(
    flags: ConfigFlags,
    environment: Environment,
    hear: (text: string) => void,
  ): Promise<{ readonly endpoint: string; stop(): Promise<void> }> {
    const server = ++this.#calls;
    this.#listeners.add(hear);
    const { endpoint = '' } = await this.#call({ what: 'start', server, flags, environment });
    const stop = async (): Promise<void> => {
      await this.#call({ what: 'stop', server });
      this.#listeners.delete(hear);
    };
    return { endpoint, stop };
  }

  /** Runs a command and returns its exit code and output. */
  run(args: readonly string[], environment: Environment): Promise<HostReply> {
    return this.#call({ what: 'run', args, environment });
  }

  #call(call: HostCall): Promise<HostReply> {
    return new Promise((resolve, reject) => {
      const id = ++this.#calls;
      this.#pending.set(id, { resolve, reject });
      this.#process.send({ id, call }, (error) => {
        if (error === null) return;
        this.#pending.delete(id);
        reject(error);
      });
    });
  }

  #hear(text: string): void {
    this.#lastOutput = (this.#lastOutput + text).slice(-4096);
    for (const listener of this.#listeners) listener(text);
  }
}
