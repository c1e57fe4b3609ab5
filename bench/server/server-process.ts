/** The server that is measured: the product as its users run it, in a process of its own on a given data folder. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Endpoint } from '../load/messages.ts';
import { Profiler } from './profiler.ts';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const region = 'us-east-1';
const rootKey = { accessKeyId: 'NINEFOLDBENCHKEY', secretAccessKey: 'bench-secret-of-forty-characters-in-all' };
const startLimitMs = 60_000;
const stopLimitMs = 20_000;
const outputKeptMax = 16 * 1024;

export interface ServerOptions {
  readonly dataFolder: string;
  /** Names of buckets to make, as `NINEFOLD_BUCKETS` takes them. */
  readonly buckets: readonly string[];
  /** Whether it can be profiled. */
  readonly isInspected: boolean;
  /** A configuration file. */
  readonly configPath?: string;
}

export class ServerProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly endpoint: Endpoint;
  readonly pid: number;
  readonly #inspectorUrl: string | undefined;

  private constructor(child: ChildProcess, { pid, port, inspectorUrl }: Started) {
    this.#child = child;
    this.pid = pid;
    this.endpoint = { host: '127.0.0.1', port, region, ...rootKey };
    this.#inspectorUrl = inspectorUrl;
  }

  static async start({ dataFolder, buckets, isInspected, configPath }: ServerOptions): Promise<ServerProcess> {
    const inspector = isInspected ? ['--inspect=127.0.0.1:0'] : [];
    const config = configPath === undefined ? [] : ['--config', configPath];
    const flags = [...config, '--data', dataFolder, '--host', '127.0.0.1', '--port', '0'];
    const main = ['--import', './src/compile-cache.js', 'src/main.ts'];
    const child = spawn(process.execPath, [...inspector, ...main, 'serve', ...flags], {
      cwd: repository,
      env: {
        PATH: process.env['PATH'] ?? '',
        NINEFOLD_ACCESS_KEY_ID: rootKey.accessKeyId,
        NINEFOLD_SECRET_ACCESS_KEY: rootKey.secretAccessKey,
        NINEFOLD_BUCKETS: buckets.join(','),
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    running.add(child);
    child.once('exit', () => running.delete(child));
    return new ServerProcess(child, await started(child));
  }

  async openProfiler(): Promise<Profiler> {
    if (this.#inspectorUrl === undefined) throw new Error('the server was not started for profiles');
    return Profiler.connect(this.#inspectorUrl);
  }

  /** Profiles the server while something is done, into a file. */
  async profile(path: string, work: () => Promise<unknown>): Promise<void> {
    using profiler = await this.openProfiler();
    await profiler.start();
    await work();
    await profiler.stop(path);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const child = this.#child;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, 'exit');
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), stopLimitMs);
    await exit;
    clearTimeout(timer);
  }
}

interface Started {
  readonly pid: number;
  readonly port: number;
  readonly inspectorUrl: string | undefined;
}

/** What the server prints when it is ready. Its output is read on afterwards, so that it never waits for us. */
function started(child: ChildProcess): Promise<Started> {
  let output = '';
  return new Promise((resolve, reject) => {
    const fail = (what: string): void => reject(new Error(`The server ${what}. It printed:\n${output}`));
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      fail(`did not start within ${startLimitMs} ms`);
    }, startLimitMs);
    const hear = (chunk: Buffer): void => {
      output = (output + chunk.toString()).slice(-outputKeptMax);
      const port = /^S3 endpoint\s+http:\/\/127\.0\.0\.1:(\d+)/m.exec(output)?.[1];
      if (port === undefined || child.pid === undefined) return;
      clearTimeout(timer);
      const inspectorUrl = /Debugger listening on (ws:\S+)/.exec(output)?.[1];
      resolve({ pid: child.pid, port: Number(port), inspectorUrl });
    };
    child.stdout?.on('data', hear);
    child.stderr?.on('data', hear);
    child.once('error', (error) => fail(`cannot be run: ${error.message}`));
    child.once('exit', (code) => {
      clearTimeout(timer);
      fail(`ended before it was ready (exit code ${code})`);
    });
  });
}

/** Servers that must not outlive the bench, however that ends. */
const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});
