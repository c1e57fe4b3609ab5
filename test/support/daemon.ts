/**
 * The real server as a process of its own, on a data folder that is removed afterwards. Tests speak to it as clients do.
 *
 *     await using daemon = await startDaemon();
 *     await daemon.client.send(new PutObjectCommand({ Bucket: await daemon.newBucket(), Key: 'a', Body: 'x' }));
 */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import type { ConfigFlags } from '../../src/config.ts';
import { type HeldPort, holdPort } from './held-port.ts';
import { spawnNode } from './node-process.ts';
import { ServerHost } from './server-host.ts';

const startLimitMs = 60_000;
const stopLimitMs = 40_000;
const logKeptMax = 64 * 1024;
/** Lines of it that are shown where it ended by itself. */
const linesShown = 40;

export interface DaemonOptions {
  /** A folder to serve, which is then left alone; without one, a temporary folder that `stop` removes. */
  readonly dataDirectory?: string;
  /** Text of a configuration file. */
  readonly config?: string;
  /** Added to the environment, over the root key. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Arguments after `serve`. */
  readonly args?: readonly string[];
  /** 0, the default, for any free port. */
  readonly port?: number;
  /** In the process that runs other tests' servers too, which spares most of the start. Such a server cannot be killed. */
  readonly isHosted?: boolean;
}

/** A server that runs, however. */
interface Running {
  readonly endpoint: string;
  readonly pid: number;
  /** Says how a process of its own ended otherwise than well, once all that it printed is read. */
  ended?(tell: (how: string) => void): void;
  /** Returns the exit code. */
  end(signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null>;
}

/** Keys that every test server gets. */
export const rootKey = {
  accessKeyId: 'NINEFOLDTESTKEY',
  secretAccessKey: 'test-secret/with+signs=and-length-40chars',
} as const;
export const region = 'us-east-1';

/** Starts a server and waits until it serves. Throws with the server's own output if it does not start. */
export async function startDaemon(options: DaemonOptions = {}): Promise<Daemon> {
  const dataDirectory = options.dataDirectory ?? (await mkdtemp(join(tmpdir(), 'ninefold-test-')));
  const daemon = new Daemon(options, dataDirectory);
  try {
    await daemon.start();
  } catch (error) {
    await daemon.stop();
    throw error;
  }
  return daemon;
}

export class Daemon implements AsyncDisposable {
  readonly accessKeyId = rootKey.accessKeyId;
  readonly secretAccessKey = rootKey.secretAccessKey;
  readonly dataDirectory: string;
  readonly #options: DaemonOptions;
  #running: Running | undefined;
  #client: S3Client | undefined;
  #port: number;
  #held: HeldPort | undefined;
  /** As the server prints it. */
  #scheme = 'http:';
  #output = '';
  #buckets = 0;

  constructor(options: DaemonOptions, dataDirectory: string) {
    this.#options = options;
    this.dataDirectory = dataDirectory;
    this.#port = options.port ?? 0;
  }

  /** Stays the same over restarts. */
  get port(): number {
    return this.#port;
  }

  get endpoint(): string {
    return `${this.#scheme}//127.0.0.1:${this.#port}`;
  }

  get pid(): number {
    if (this.#running === undefined) throw new Error('the server does not run');
    return this.#running.pid;
  }

  get isHosted(): boolean {
    return this.#options.isHosted === true;
  }

  /** What the server printed last, on both streams. */
  get output(): string {
    return this.#output;
  }

  /** An SDK client, path style, that retries nothing; made when first asked for. */
  get client(): S3Client {
    this.#client ??= new S3Client({
      endpoint: this.endpoint,
      region,
      credentials: rootKey,
      forcePathStyle: true,
      maxAttempts: 1,
    });
    return this.#client;
  }

  /** Environment for programs that are clients of this server. */
  get clientEnvironment(): Readonly<Record<string, string>> {
    return {
      AWS_ENDPOINT_URL: this.endpoint,
      ...(this.#scheme === 'https:' && { AWS_CA_BUNDLE: join(this.dataDirectory, 'self-signed-certificate.pem') }),
      AWS_ACCESS_KEY_ID: this.accessKeyId,
      AWS_SECRET_ACCESS_KEY: this.secretAccessKey,
      AWS_REGION: region,
      AWS_DEFAULT_REGION: region,
    };
  }

  /** Makes a bucket with a name of its own. */
  async newBucket(): Promise<string> {
    this.#buckets += 1;
    const name = `bucket-${this.pid}-${this.#buckets}`;
    await this.client.send(new CreateBucketCommand({ Bucket: name }));
    return name;
  }

  /** Starts the server, on the port it had before if it ran already. */
  async start(): Promise<void> {
    this.#output = '';
    if (this.#port === 0) {
      this.#held = await holdPort();
      this.#port = this.#held.port;
    }
    const flags = await this.#flags();
    const environment = {
      NINEFOLD_ACCESS_KEY_ID: this.accessKeyId,
      NINEFOLD_SECRET_ACCESS_KEY: this.secretAccessKey,
      ...this.#options.environment,
    };
    const hear = (text: string): void => {
      this.#output = (this.#output + text).slice(-logKeptMax);
    };
    const { args = [] } = this.#options;
    this.#running = this.isHosted
      ? await startHosted(flags, environment, hear)
      : await startProcess([...argumentsOf(flags), ...args], environment, hear);
    const running = this.#running;
    running.ended?.((how) => {
      if (this.#running === running) this.#showEnd(how);
    });
    const { port, protocol } = new URL(this.#running.endpoint);
    this.#port = Number(port);
    this.#scheme = protocol;
  }

  /** Kills the process as a power cut would, and waits until it is gone. The data stays. */
  async kill9(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** Asks the process to end and waits until it has. The data stays. Returns the exit code. */
  async terminate(): Promise<number | null> {
    return await this.#end('SIGTERM');
  }

  /** Stops the process orderly (or starts it if it does not run) and starts it again on the same data and port. */
  async restart(): Promise<void> {
    await this.#end('SIGTERM');
    await this.start();
  }

  /** Asks the process to stop, waits, and removes the data folder if it was made here. Returns the exit code. */
  async stop(): Promise<number | null> {
    this.#client?.destroy();
    const code = await this.#end('SIGTERM');
    this.#held?.letGo();
    if (this.#options.dataDirectory === undefined) await rm(this.dataDirectory, { recursive: true, force: true });
    return code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #flags(): Promise<ConfigFlags> {
    const { config } = this.#options;
    const own = { data: this.dataDirectory, host: '127.0.0.1', port: String(this.#port) };
    if (config === undefined) return own;
    const file = join(this.dataDirectory, 'config.yaml');
    await writeFile(file, config);
    return { config: file, ...own };
  }

  /** Whoever speaks to it is only told that there is no connection. */
  #showEnd(how: string): void {
    const last = this.#output.split('\n').slice(-linesShown).join('\n');
    console.log(`The server on ${this.endpoint} ended by itself (${how}). It printed last:\n${last}`);
  }

  async #end(signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null> {
    const running = this.#running;
    this.#running = undefined;
    return running === undefined ? null : await running.end(signal);
  }
}

function argumentsOf(flags: ConfigFlags): string[] {
  return Object.entries(flags).flatMap(([name, value]) => [`--${name}`, String(value)]);
}

async function startHosted(
  flags: ConfigFlags,
  environment: Readonly<Record<string, string>>,
  hear: (text: string) => void,
): Promise<Running> {
  const host = ServerHost.ofThisProcess();
  const { endpoint, stop } = await host.start(flags, environment, hear);
  return {
    endpoint,
    get pid() {
      return host.pid;
    },
    async end(signal) {
      if (signal === 'SIGKILL') throw new Error('A server that is to be killed needs a process of its own');
      await stop();
      return 0;
    },
  };
}

/** `ninefold serve`, once it prints the line that names its endpoint. */
async function startProcess(
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
  hear: (text: string) => void,
): Promise<Running> {
  const child = spawnNode(['src/main.ts', 'serve', ...args], environment);
  const end = (signal: 'SIGTERM' | 'SIGKILL') => endProcess(child, signal);
  try {
    const endpoint = await ready(child, hear);
    const ended = (tell: (how: string) => void): void => {
      child.once('close', (code, signal) => {
        if (code !== 0 && signal !== 'SIGKILL') tell(signal ?? `exit code ${code}`);
      });
    };
    return { endpoint, pid: child.pid ?? 0, ended, end };
  } catch (error) {
    await end('SIGTERM');
    throw error;
  }
}

function ready(child: ChildProcess, hear: (text: string) => void): Promise<string> {
  let output = '';
  return new Promise((resolve, reject) => {
    const fail = (what: string): void => reject(new Error(`The server ${what}. It printed:\n${output}`));
    const timer = setTimeout(() => fail(`did not start within ${startLimitMs} ms`), startLimitMs);
    let isReady = false;
    const listen = (chunk: Buffer): void => {
      hear(chunk.toString());
      if (isReady) return;
      output = (output + chunk.toString()).slice(-logKeptMax);
      const endpoint = /^S3 endpoint.*?(https?:\/\/[^\s]+)\s/m.exec(output)?.[1];
      if (endpoint === undefined) return;
      isReady = true;
      clearTimeout(timer);
      resolve(endpoint);
    };
    child.stdout?.on('data', listen);
    child.stderr?.on('data', listen);
    child.once('error', (error) => fail(`cannot be run: ${error.message}`));
    child.once('exit', (code, signal) => {
      clearTimeout(timer);
      fail(`ended before it was ready (${signal ?? `exit code ${code}`})`);
    });
  });
}

async function endProcess(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null> {
  if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
    const exit = once(child, 'exit');
    child.kill(signal);
    const timer = setTimeout(() => child.kill('SIGKILL'), stopLimitMs);
    await exit;
    clearTimeout(timer);
  }
  return child.exitCode;
}
