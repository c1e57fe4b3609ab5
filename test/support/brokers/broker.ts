/** Message brokers and databases of the system, as processes of a test: on ports and in a folder of their own. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdtempSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventually } from '../eventually.ts';

export interface Broker extends AsyncDisposable {
  /** The settings of a target that sends to it, by TLS and with a password, without its ARN. */
  readonly target: object;
  /** What the machine lacks to run it. */
  readonly missing: string | undefined;
  /** Resolves once it takes messages. The first time there is also made what they are sent to. */
  start(): Promise<void>;
  /** Ends it without a word. */
  kill(): Promise<void>;
  /** Texts of all messages that it has, in its order. */
  messages(): Promise<readonly string[]>;
}

/** One that also passes messages on without keeping them. */
export interface LiveBroker extends Broker {
  /** The settings of a target that sends to who listens. */
  readonly liveTarget: object;
  /** Listens, and resolves to texts of what comes from then on, until the broker is disposed of. */
  listen(): Promise<readonly string[]>;
}

/** A certificate for 127.0.0.1 and its key, as files: servers show it, and who trusts it connects. */
export const certificate = fileURLToPath(new URL('../tls/first-certificate.pem', import.meta.url));
export const certificateKey = fileURLToPath(new URL('../tls/first-key.pem', import.meta.url));

/** Whom the servers know, where they ask. */
export const user = { name: 'ninefold', password: 'a-password' } as const;

/** Whether there is a program, by its name or path. */
export function hasProgram(program: string): boolean {
  try {
    execFileSync('sh', ['-c', `command -v "$1"`, 'sh', program], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

interface ProcessOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** The user of the system that it runs as, where the test runs as root. */
  readonly systemUser?: string;
}

/** A folder, and the process that keeps its data in it. */
export class BrokerProcess {
  readonly folder = mkdtempSync(join(tmpdir(), 'ninefold-broker-'));
  #child: ChildProcess | undefined;
  #output = '';

  /** The folder is that user's from then on, and can be reached. */
  giveTo(systemUser: string): { readonly uid: number; readonly gid: number } | undefined {
    if (process.getuid?.() !== 0) return undefined;
    const idOf = (flag: string) => Number(execFileSync('id', [flag, systemUser], { encoding: 'utf8' }));
    const ids = { uid: idOf('-u'), gid: idOf('-g') };
    chownSync(this.folder, ids.uid, ids.gid);
    const above = dirname(this.folder);
    chmodSync(above, statSync(above).mode | 0o011);
    return ids;
  }

  async start({ command, args, env = {}, systemUser }: ProcessOptions, port: number): Promise<void> {
    await this.kill();
    const child = spawn(command, args, {
      cwd: this.folder,
      env: { ...process.env, HOME: this.folder, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      // A group of its own, as some begin with a shell.
      detached: true,
      ...(systemUser !== undefined && this.giveTo(systemUser)),
    });
    this.#child = child;
    const note = (chunk: Buffer) => {
      this.#output = (this.#output + chunk.toString()).slice(-4000);
    };
    child.stdout.on('data', note);
    child.stderr.on('data', note);
    await eventually(() => reach(port)).catch((error: unknown) => {
      throw new Error(`${command} does not listen: ${this.#output}`, { cause: error });
    });
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, 'exit');
    process.kill(-child.pid, signal);
    await exit;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await rm(this.folder, { recursive: true, force: true, maxRetries: 10 });
  }
}

async function reach(port: number): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
  } finally {
    socket.destroy();
  }
}
