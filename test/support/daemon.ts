/**
 * The real server as a process of its own, on a data folder that is removed afterwards. Tests speak to it as clients do.
 *
 *     await using daemon = await startDaemon();
 *     await daemon.client.send(new PutObjectCommand({ Bucket: await daemon.newBucket(), Key: 'a', Body: 'x' }));
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';

const repository = fileURLToPath(new URL('../..', import.meta.url));
/** The Node that npm scripts use, whatever runs the tests. */
const pinnedNode = join(repository, 'node_modules', '.bin', 'node');
const node = existsSync(pinnedNode) ? pinnedNode : process.execPath;

const startLimitMs = 30_000;
const stopLimitMs = 20_000;
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
  #process: ChildProcess | undefined;
  #client: S3Client | undefined;
  #port: number;
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
    const pid = this.#process?.pid;
    if (pid === undefined) throw new Error('the server does not run');
    return pid;
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

  /** Starts the process, on the port it had before if it ran already. */
  async start(): Promise<void> {
    const child = spawn(node, ['src/main.ts', 'serve', ...(await this.#arguments())], {
      cwd: repository,
      env: {
        PATH: process.env['PATH'],
        NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'],
        NINEFOLD_ACCESS_KEY_ID: this.accessKeyId,
        NINEFOLD_SECRET_ACCESS_KEY: this.secretAccessKey,
        ...this.#options.environment,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#process = child;
    this.#output = '';
    running.add(child);
    child.once('exit', () => running.delete(child));
    const endpoint = await this.#ready(child);
    // When both its streams are read to their end.
    child.once('close', (code, signal) => {
      if (this.#process === child && code !== 0 && signal !== 'SIGKILL') this.#showEnd(signal ?? `exit code ${code}`);
    });
    const { port, protocol } = new URL(endpoint);
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
    if (this.#options.dataDirectory === undefined) await rm(this.dataDirectory, { recursive: true, force: true });
    return code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #arguments(): Promise<readonly string[]> {
    const { config, args = [] } = this.#options;
    const own = ['--data', this.dataDirectory, '--host', '127.0.0.1', '--port', String(this.#port), ...args];
    if (config === undefined) return own;
    const file = join(this.dataDirectory, 'config.yaml');
    await writeFile(file, config);
    return ['--config', file, ...own];
  }

  /** The endpoint, once the server prints the line that names it. */
  #ready(child: ChildProcess): Promise<string> {
    return new Promise((resolve, reject) => {
      const fail = (what: string): void => reject(new Error(`The server ${what}. It printed:\n${this.#output}`));
      const timer = setTimeout(() => fail(`did not start within ${startLimitMs} ms`), startLimitMs);
      const hear = (chunk: Buffer): void => {
        this.#output = (this.#output + chunk.toString()).slice(-logKeptMax);
        const endpoint = /^S3 endpoint.*?(https?:\/\/[^\s]+)\s/m.exec(this.#output)?.[1];
        if (endpoint === undefined) return;
        clearTimeout(timer);
        resolve(endpoint);
      };
      child.stdout?.on('data', hear);
      child.stderr?.on('data', hear);
      child.once('error', (error) => fail(`cannot be run: ${error.message}`));
      child.once('exit', (code, signal) => {
        clearTimeout(timer);
        fail(`ended before it was ready (${signal ?? `exit code ${code}`})`);
      });
    });
  }

  /** Whoever speaks to it is only told that there is no connection. */
  #showEnd(how: string): void {
    const last = this.#output.split('\n').slice(-linesShown).join('\n');
    console.log(`The server on ${this.endpoint} ended by itself (${how}). It printed last:\n${last}`);
  }

  async #end(signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null> {
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined) return null;
    if (child.exitCode === null && child.signalCode === null) {
      const exit = once(child, 'exit');
      child.kill(signal);
      const timer = setTimeout(() => child.kill('SIGKILL'), stopLimitMs);
      await exit;
      clearTimeout(timer);
    }
    return child.exitCode;
  }
}

/** Servers that must not outlive the tests, however these end: the runner stops its workers by signal. */
const running = new Set<ChildProcess>();
const killRunning = (): void => {
  for (const child of running) child.kill('SIGKILL');
};
process.once('exit', killRunning);
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
  process.once(signal, () => {
    killRunning();
    process.exit();
  });
}
