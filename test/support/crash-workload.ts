/**
 * Uploads, overwrites and deletes by several workers at once, until the server dies under them, and what must then be
 * true of each key. A key belongs to one worker, whose operations follow one another, so that at most one of its
 * operations is undecided: the key is as the last acknowledged one left it, or as the undecided one would have.
 */
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListPartsCommand,
  NoSuchKey,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { expect } from 'vitest';
import { seededBytes } from './seeded-bytes.ts';
import { SeededRandom } from './seeded-random.ts';
import { isConnectionError, listKeys, partSizeMinBytes, streamOf } from './stored-objects.ts';

const kibibyte = 1024;
const workerCount = 8;
const keysPerWorker = 5;
const sizes = [0, 1, 700, 5 * kibibyte, 70 * kibibyte, 1024 * kibibyte, 3000 * kibibyte];

/** What a key holds: bytes that follow from a seed, or nothing. */
interface Content {
  readonly seed: string;
  readonly size: number;
}
type State = Content | 'absent';

interface RunningUpload {
  readonly key: string;
  readonly id: string;
  /** Acknowledged parts. */
  readonly parts: { PartNumber: number; ETag: string | undefined; size: number }[];
  isCompleting: boolean;
}

export class CrashWorkload {
  readonly #client: S3Client;
  readonly #bucket: string;
  readonly #workers: readonly SeededRandom[];
  readonly #settled = new Map<string, State>();
  readonly #undecided = new Map<string, State>();
  readonly #uploads = new Set<RunningUpload>();
  /** Operations that were acknowledged. */
  acknowledged = 0;
  #contents = 0;

  constructor(client: S3Client, bucket: string, seed: number) {
    this.#client = client;
    this.#bucket = bucket;
    this.#workers = Array.from({ length: workerCount }, (_, i) => new SeededRandom(seed * workerCount + i));
  }

  /** Works until the connection breaks for every worker. Any other failure rejects. */
  async runUntilBroken(): Promise<void> {
    await Promise.all(this.#workers.map((random, i) => this.#work(random, i)));
  }

  /** Expects every key to be as acknowledged (or as undecided), and the listing to be what can be read. Settles all keys. */
  async expectRight(): Promise<{ keys: number; undecided: number; tookEffect: number }> {
    await Promise.all([...this.#uploads].map((upload) => this.#expectParts(upload)));
    const undecided = this.#undecided.size;
    let tookEffect = 0;
    for (const [key, settled] of this.#settled) {
      const other = this.#undecided.get(key);
      const found = await this.#find(key, other === undefined ? [settled] : [settled, other]);
      if (found === other) tookEffect += 1;
      this.#settled.set(key, found);
    }
    this.#undecided.clear();
    const present = [...this.#settled].flatMap(([key, state]) =>
      state === 'absent' ? [] : [[key, state.size] as const],
    );
    expect(await listKeys(this.#client, this.#bucket)).toEqual(present.sort(([a], [b]) => (a < b ? -1 : 1)));
    return { keys: present.length, undecided, tookEffect };
  }

  async #work(random: SeededRandom, worker: number): Promise<void> {
    try {
      for (;;) {
        const key = `worker ${worker}/key ${random.below(keysPerWorker)}`;
        const kind = random.below(10);
        if (kind === 0) await this.#change(key, 'absent', () => this.#delete(key));
        else if (kind === 1) await this.#putInParts(key, partSizeMinBytes + 1 + random.below(300 * kibibyte));
        else await this.#put(key, random.pick(sizes));
      }
    } catch (error) {
      if (!isConnectionError(error)) throw error;
    }
  }

  /** Runs an operation after which a key is in another state. */
  async #change(key: string, state: State, operation: () => Promise<unknown>): Promise<void> {
    if (!this.#settled.has(key)) this.#settled.set(key, 'absent');
    this.#undecided.set(key, state);
    await operation();
    this.#settled.set(key, state);
    this.#undecided.delete(key);
    this.acknowledged += 1;
  }

  #newContent(key: string, size: number): Content {
    this.#contents += 1;
    return { seed: `${key} ${this.#contents}`, size };
  }

  async #put(key: string, size: number): Promise<void> {
    const content = this.#newContent(key, size);
    const Body = seededBytes(content.seed, size);
    await this.#change(key, content, () =>
      this.#client.send(new PutObjectCommand({ Bucket: this.#bucket, Key: key, Body })),
    );
  }

  #delete(key: string): Promise<unknown> {
    return this.#client.send(new DeleteObjectCommand({ Bucket: this.#bucket, Key: key }));
  }

  async #putInParts(key: string, size: number): Promise<void> {
    const content = this.#newContent(key, size);
    const bytes = seededBytes(content.seed, size);
    const target = { Bucket: this.#bucket, Key: key };
    const { UploadId = '' } = await this.#client.send(new CreateMultipartUploadCommand(target));
    const upload: RunningUpload = { key, id: UploadId, parts: [], isCompleting: false };
    this.#uploads.add(upload);
    for (let at = 0, PartNumber = 1; at < size; at += partSizeMinBytes, PartNumber++) {
      const Body = bytes.subarray(at, at + partSizeMinBytes);
      const { ETag } = await this.#client.send(new UploadPartCommand({ ...target, UploadId, PartNumber, Body }));
      upload.parts.push({ PartNumber, ETag, size: Body.length });
    }
    upload.isCompleting = true;
    const Parts = upload.parts.map(({ PartNumber, ETag }) => ({ PartNumber, ETag }));
    await this.#change(key, content, () =>
      this.#client.send(new CompleteMultipartUploadCommand({ ...target, UploadId, MultipartUpload: { Parts } })),
    );
    this.#uploads.delete(upload);
  }

  /** Expects the parts of an interrupted upload to be there as far as they were acknowledged, and gives it up. */
  async #expectParts(upload: RunningUpload): Promise<void> {
    this.#uploads.delete(upload);
    // It may be over or not; the state of its key tells whether that is right.
    if (upload.isCompleting) return;
    const target = { Bucket: this.#bucket, Key: upload.key, UploadId: upload.id };
    const { Parts = [] } = await this.#client.send(new ListPartsCommand(target));
    for (const { PartNumber, ETag, size } of upload.parts) {
      expect(Parts).toContainEqual(expect.objectContaining({ PartNumber, ETag, Size: size }));
    }
    await this.#client.send(new AbortMultipartUploadCommand(target));
  }

  /** Which of the possible states a key is in. Fails if none. */
  async #find(key: string, possible: readonly State[]): Promise<State> {
    try {
      const { Body, ContentLength } = await this.#client.send(new GetObjectCommand({ Bucket: this.#bucket, Key: key }));
      const bytes = await streamOf(Body).toArray();
      const found = Buffer.concat(bytes);
      expect(found.length).toBe(ContentLength);
      for (const state of possible) {
        if (state !== 'absent' && found.equals(seededBytes(state.seed, state.size))) return state;
      }
      expect.fail(`${key} holds ${found.length} bytes that are neither of ${JSON.stringify(possible)}`);
    } catch (error) {
      if (!(error instanceof NoSuchKey)) throw error;
      const absent = possible.find((state) => state === 'absent');
      if (absent === undefined) expect.fail(`${key} is lost; it was ${JSON.stringify(possible)}`);
      return absent;
    }
  }
}
