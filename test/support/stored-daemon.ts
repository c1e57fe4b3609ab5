/**
 * A data folder with some of everything in it, of which each test takes a copy, and the server on such a copy, in this
 * process: it starts in a fraction of the time that a process of its own takes.
 */
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { loadConfig } from '../../src/config.ts';
import { type Daemon, startDaemon } from '../../src/daemon.ts';
import { rootKey } from './daemon.ts';
import { eventually } from './eventually.ts';
import { md5Hex } from './reference-model.ts';
import { S3Http } from './s3-http.ts';
import { element, S3Operations } from './s3-operations.ts';
import { seededBytes } from './seeded-bytes.ts';

const bucket = 'stored';
const everything = { bucket, prefix: '', delimiter: '', pageSize: 1000 };
const sizes = [0, 1, 3000, 70_000, 400_000, 1_700_000];

/** Keys with their contents, as they were acknowledged. */
export type Stored = ReadonlyMap<string, Buffer>;

export class StoredDaemon implements AsyncDisposable {
  readonly folder: string;
  readonly #stored: Map<string, Buffer>;
  #running: { daemon: Daemon; http: S3Http } | undefined;

  private constructor(folder: string, stored: Map<string, Buffer>) {
    this.folder = folder;
    this.#stored = stored;
  }

  /** A folder that a server has worked in and was stopped on. */
  static async create(): Promise<StoredDaemon> {
    const created = new StoredDaemon(await mkdtemp(join(tmpdir(), 'ninefold-stored-')), new Map());
    await created.start();
    await created.#s3().createBucket(bucket);
    for (const size of sizes) await created.put(`${size} bytes`, size);
    await created.#upload('in parts', seededBytes('in parts', 5000));
    await created.put('deleted', 10);
    await created.#s3().delete({ bucket, key: 'deleted' });
    created.#stored.delete('deleted');
    await created.stop();
    return created;
  }

  /** Another folder with the same in it. */
  async copy(): Promise<StoredDaemon> {
    const folder = await mkdtemp(join(tmpdir(), 'ninefold-stored-'));
    await cp(this.folder, folder, { recursive: true });
    return new StoredDaemon(folder, new Map(this.#stored));
  }

  /** Rejects as the server does. */
  async start(): Promise<void> {
    const environment = {
      NINEFOLD_ACCESS_KEY_ID: rootKey.accessKeyId,
      NINEFOLD_SECRET_ACCESS_KEY: rootKey.secretAccessKey,
      NINEFOLD_LOG_LEVEL: 'silent',
    };
    const daemon = await startDaemon(loadConfig({ data: this.folder, port: '0' }, environment));
    this.#running = { daemon, http: new S3Http({ port: Number(new URL(daemon.endpoint).port), key: rootKey }) };
  }

  async stop(): Promise<void> {
    this.#running?.http.close();
    await this.#running?.daemon.stop('the test is over');
    this.#running = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await rm(this.folder, { recursive: true, force: true });
  }

  async put(key: string, size: number): Promise<void> {
    const content = seededBytes(key, size);
    const answer = await this.#s3().put({ bucket, key }, content);
    expect(answer.code).toBe('');
    this.#stored.set(key, content);
  }

  /** Until nothing is answered 503: damage that a start did not see is found by who reads it, and mended while others wait. */
  async untilServed(): Promise<void> {
    await eventually(async () => {
      await this.#s3().list('objects', everything);
      for (const key of this.#stored.keys()) expect((await this.#s3().get({ bucket, key })).status).not.toBe(503);
    });
  }

  /** Everything that was acknowledged is listed and reads right, and nothing else is listed. */
  async expectRight(): Promise<void> {
    expect(await this.#s3().list('objects', everything)).toEqual([...this.#stored.keys()].sort());
    for (const [key, content] of this.#stored) {
      const answer = await this.#s3().get({ bucket, key });
      expect({ key, code: answer.code, isRight: answer.body.equals(content) }).toEqual({
        key,
        code: '',
        isRight: true,
      });
    }
  }

  async #upload(key: string, content: Buffer): Promise<void> {
    const created = await this.#s3().createUpload({ bucket, key });
    const upload = { bucket, key, uploadId: element(created.body.toString(), 'UploadId') };
    await this.#s3().putPart(upload, 1, content);
    await this.#s3().complete(upload, [{ number: 1, etag: md5Hex(content) }]);
    this.#stored.set(key, content);
  }

  #s3(): S3Operations {
    if (this.#running === undefined) throw new Error('the server does not run');
    return new S3Operations(this.#running.http);
  }
}
