/** Message brokers and databases of the system, as processes of a test: on ports and in a folder of their own. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdtempSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { eventually } from '../eventually.ts';

export interface Broker extends AsyncDisposable {
  /** The settings of a target that sends to it, without its ARN. */
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
  readonly user?: string | undefined;
}

/** A folder, and the process that keeps its data in it. */
export class BrokerProcess {
  readonly folder = mkdtempSync(join(tmpdir(), 'ninefold-broker-'));
  #child: ChildProcess | undefined;
  #output = '';

  /** The folder is the user's from then on, and can be reached. */
  giveTo(user: string): { readonly uid?: number; readonly gid?: number } {
    if (process.getuid?.() !== 0) return {};
    const idOf = (flag: string) => Number(execFileSync('id', [flag, user], { encoding: 'utf8' }));
    const ids = { uid: idOf('-u'), gid: idOf('-g') };
    chownSync(this.folder, ids.uid, ids.gid);
    const above = dirname(this.folder);
    chmodSync(above, statSync(above).mode | 0o011);
    return ids;
  }

  async start({ command, args, env = {}, user }: ProcessOptions, port: number): Promise<void> {
    const child = spawn(command, args, {
      cwd: this.folder,
      env: { ...process.env, HOME: this.folder, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      // A group of its own, as some begin with a shell.
      detached: true,
      ...(user !== undefined && this.giveTo(user)),
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
