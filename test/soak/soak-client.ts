/**
 * One client of the soak. Its keys are its own and its operations follow one another, so that it knows what each key holds:
 * the last acknowledged content, or, where the server was killed meanwhile, that or the one under way. A refusal by a server
 * that cannot write has changed nothing. A read is never refused.
 */
import { md5Hex } from '../support/reference-model.ts';
import type { S3Answer } from '../support/s3-http.ts';
import { element, type S3Operations } from '../support/s3-operations.ts';
import { seededBytes } from '../support/seeded-bytes.ts';
import type { SeededRandom } from '../support/seeded-random.ts';
import { isConnectionError } from '../support/stored-objects.ts';

export const soakBucket = 'soak';
export const keysPerClient = 24;
const kibibyte = 1024;
const sizes = [0, 1, 500, 4 * kibibyte, 4 * kibibyte, 20 * kibibyte, 100 * kibibyte, 600 * kibibyte, 2500 * kibibyte];

interface Content {
  readonly seed: string;
  readonly size: number;
}
type State = Content | 'absent';

export interface SoakCounts {
  operations: number;
  refused: number;
  undecided: number;
  tookEffect: number;
  bytesRead: number;
  bytesWritten: number;
}

export class SoakClient {
  readonly #s3: S3Operations;
  readonly #random: SeededRandom;
  readonly #prefix: string;
  readonly #counts: SoakCounts;
  readonly #states = new Map<string, State>();
  /** What an operation without an answer would have made of a key. */
  readonly #undecided = new Map<string, State>();
  #contents = 0;

  constructor(s3: S3Operations, random: SeededRandom, { name, counts }: { name: string; counts: SoakCounts }) {
    this.#s3 = s3;
    this.#random = random;
    this.#prefix = `${name}/`;
    this.#counts = counts;
  }

  /** One random operation. False if the connection broke: the client is to wait for the server, and then `settle`. */
  async operate(): Promise<boolean> {
    try {
      const key = this.#pickKey();
      const kind = this.#random.below(100);
      if (kind < 40) await this.#put(key);
      else if (kind < 50) await this.#change(key, 'absent', () => this.#s3.delete({ bucket: soakBucket, key }));
      else if (kind < 56) await this.#copy(this.#pickKey(), key);
      else if (kind < 62) await this.#putInPart(key);
      else if (kind < 97) await this.#expectContent(key, [this.#stateOf(key)]);
      else await this.#expectListing();
      this.#counts.operations += 1;
      return true;
    } catch (error) {
      if (!isConnectionError(error)) throw error;
      return false;
    }
  }

  /** After the server came back: finds out what became of the operation that was under way. */
  async settle(): Promise<void> {
    for (const [key, other] of this.#undecided) {
      const found = await this.#expectContent(key, [this.#stateOf(key), other]);
      this.#counts.undecided += 1;
      if (found === other) this.#counts.tookEffect += 1;
      this.#states.set(key, found);
      this.#undecided.delete(key);
    }
  }

  /** Reads everything. */
  async expectAll(): Promise<void> {
    for (const [key, state] of this.#states) await this.#expectContent(key, [state]);
    await this.#expectListing();
  }

  /** Gives up the uploads that were refused half-way. */
  async abortUploads(): Promise<void> {
    const query = { bucket: soakBucket, prefix: this.#prefix, delimiter: '', pageSize: 100 };
    for (const line of await this.#s3.list('uploads', query)) {
      const [key = '', uploadId = ''] = [line.slice(0, line.lastIndexOf(' ')), line.slice(line.lastIndexOf(' ') + 1)];
      await this.#s3.abort({ bucket: soakBucket, key, uploadId });
    }
  }

  /** Deletes its objects. */
  async deleteAll(): Promise<void> {
    for (const key of this.#states.keys()) {
      await this.#change(key, 'absent', () => this.#s3.delete({ bucket: soakBucket, key }));
    }
  }

  /** Bytes of all contents. */
  get bytes(): number {
    return [...this.#states.values()].reduce((sum, state) => sum + (state === 'absent' ? 0 : state.size), 0);
  }

  /** Bytes of all contents, those that copies share counted once. */
  get distinctBytes(): number {
    const contents = [...this.#states.values()].filter((state) => state !== 'absent');
    return [...new Map(contents.map(({ seed, size }) => [seed, size])).values()].reduce((sum, size) => sum + size, 0);
  }

  #pickKey(): string {
    return `${this.#prefix}${this.#random.below(keysPerClient)}`;
  }

  #stateOf(key: string): State {
    return this.#states.get(key) ?? 'absent';
  }

  #newContent(key: string): Content {
    this.#contents += 1;
    return { seed: `${key} ${this.#contents}`, size: this.#random.pick(sizes) };
  }

  async #change(key: string, state: State, send: () => Promise<S3Answer>): Promise<void> {
    this.#undecided.set(key, state);
    const { status, code } = await send();
    this.#undecided.delete(key);
    if (status === 503 || status === 507) this.#counts.refused += 1;
    else if (code === '') this.#states.set(key, state);
    else throw new Error(`A change of ${key} was answered ${status} ${code}`);
  }

  async #put(key: string): Promise<void> {
    const content = this.#newContent(key);
    this.#counts.bytesWritten += content.size;
    await this.#change(key, content, () => this.#s3.put({ bucket: soakBucket, key }, bytesOf(content)));
  }

  async #copy(from: string, to: string): Promise<void> {
    const state = this.#stateOf(from);
    if (from === to || state === 'absent') return;
    await this.#change(to, state, () =>
      this.#s3.copy({ bucket: soakBucket, key: from }, { bucket: soakBucket, key: to }),
    );
  }

  async #putInPart(key: string): Promise<void> {
    const content = this.#newContent(key);
    const bytes = bytesOf(content);
    const created = await this.#s3.createUpload({ bucket: soakBucket, key });
    const uploadId = element(created.body.toString(), 'UploadId');
    const upload = { bucket: soakBucket, key, uploadId };
    if (uploadId === '' || (await this.#s3.putPart(upload, 1, bytes)).status !== 200) {
      this.#counts.refused += 1;
      return;
    }
    this.#counts.bytesWritten += content.size;
    await this.#change(key, content, () => this.#s3.complete(upload, [{ number: 1, etag: md5Hex(bytes) }]));
  }

  /** Reads a key and returns which of the possible states it is in. Throws if none, or if the read was refused. */
  async #expectContent(key: string, possible: readonly State[]): Promise<State> {
    const answer = await this.#s3.get({ bucket: soakBucket, key });
    this.#counts.bytesRead += answer.body.length;
    const isFound = (state: State): boolean =>
      state === 'absent' ? answer.code === 'NoSuchKey' : answer.status === 200 && answer.body.equals(bytesOf(state));
    const found = possible.find(isFound);
    if (found !== undefined) return found;
    const got = `${answer.status} ${answer.code}, ${answer.body.length} bytes`;
    throw new Error(`${key} should be one of ${JSON.stringify(possible)}; the server answered ${got}`);
  }

  async #expectListing(): Promise<void> {
    const query = { bucket: soakBucket, prefix: this.#prefix, delimiter: '', pageSize: 10 };
    const listed = await this.#s3.list('objects', query);
    const expected = [...this.#states].flatMap(([key, state]) => (state === 'absent' ? [] : [key])).sort();
    if (listed.join() !== expected.join())
      throw new Error(`The listing has ${listed.join()} instead of ${expected.join()}`);
  }
}

function bytesOf({ seed, size }: Content): Buffer {
  return seededBytes(seed, size);
}
