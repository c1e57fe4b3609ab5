/** A MinIO server, and its `mc` for what S3 has no operation for. Whoever starts it ends it. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { S3Client } from '@aws-sdk/client-s3';
import { eventually } from './eventually.ts';
import { freePort } from './free-port.ts';

const key = { accessKeyId: 'minio-test-key', secretAccessKey: 'minio-test-secret' };
const run = promisify(execFile);

export class Minio implements AsyncDisposable {
  readonly key = key;
  readonly #programs: string;
  readonly #folder: string;
  readonly port: number;
  readonly client: S3Client;
  #process: ChildProcess | undefined;

  private constructor(programs: string, folder: string, port: number) {
    this.#programs = programs;
    this.#folder = folder;
    this.port = port;
    this.client = new S3Client({
      ...{
        endpoint: this.endpoint,
        region: 'us-east-1',
        credentials: { ...key },
        forcePathStyle: true,
        maxAttempts: 1,
      },
    });
  }

  /** `programs` is the folder of `minio` and `mc`. */
  static async start(programs: string): Promise<Minio> {
    const minio = new Minio(programs, await mkdtemp(join(tmpdir(), 'ninefold-minio-')), await freePort());
    await minio.start();
    return minio;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async start(): Promise<void> {
    const address = `127.0.0.1:${this.port}`;
    const environment = {
      MINIO_ROOT_USER: key.accessKeyId,
      MINIO_ROOT_PASSWORD: key.secretAccessKey,
      // It would not use a folder on the disk of the system otherwise.
      MINIO_CI_CD: '1',
      // What could not be replicated is found again by its scanner.
      MINIO_SCANNER_SPEED: 'fastest',
      MINIO_BROWSER: 'off',
      // Without a key it encrypts nothing.
      MINIO_KMS_SECRET_KEY: `shared:${Buffer.alloc(32, 7).toString('base64')}`,
    };
    this.#process = spawn(
      join(this.#programs, 'minio'),
      ['server', join(this.#folder, 'data'), '--address', address, '--quiet'],
      { stdio: 'ignore', env: { ...process.env, ...environment } },
    );
    await eventually(async () => {
      const answer = await fetch(`${this.endpoint}/minio/health/ready`);
      if (!answer.ok) throw new Error(`MinIO answered ${answer.status}`);
    });
  }

  /** Its administrative client: `server` stands for this one. */
  async mc(...args: readonly string[]): Promise<string> {
    const { stdout } = await run(join(this.#programs, 'mc'), ['--quiet', ...args], {
      env: {
        PATH: [this.#programs, process.env['PATH']].join(delimiter),
        MC_CONFIG_DIR: join(this.#folder, 'mc'),
        MC_HOST_server: `http://${key.accessKeyId}:${key.secretAccessKey}@127.0.0.1:${this.port}`,
      },
    });
    return stdout;
  }

  async kill9(): Promise<void> {
    const child = this.#process;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, 'exit');
    child.kill('SIGKILL');
    await exit;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.client.destroy();
    await this.kill9();
    await rm(this.#folder, { recursive: true });
  }
}
