/**
 * Many clients at once on few keys of a real server, and what each of their operations was answered, as one history a key.
 * Between two kills of the server no client knows what became of the operations that were under way; when the server is
 * back they have taken effect or never will.
 */
import type { Daemon } from './daemon.ts';
import { isLinearizable, type Operation } from './linearizability.ts';
import { type Condition, objectRegister, type RegisterOp, type WriteOp } from './object-register.ts';
import { md5Hex, multipartEtag } from './reference-model.ts';
import { type S3Answer, S3Http } from './s3-http.ts';
import { element, S3Operations } from './s3-operations.ts';
import { seededBytes } from './seeded-bytes.ts';
import { SeededRandom } from './seeded-random.ts';
import { isConnectionError } from './stored-objects.ts';

const bucket = 'histories';
/** Packed with others, alone in their stripes, and streamed. */
const sizes = [10, 10, 10, 10, 300, 300, 5000, 70_000, 1_200_000];

export interface ClientOptions {
  readonly clients: number;
  readonly keys: number;
  /** Operations that the clients begin between two kills. */
  readonly operations: number;
  readonly kills: number;
  readonly seed: number;
}

export class ConcurrentClients {
  readonly #daemon: Daemon;
  readonly #http: S3Http;
  readonly #s3: S3Operations;
  readonly #options: ClientOptions;
  readonly #keys: readonly string[];
  readonly #histories: ReadonlyMap<string, Operation<RegisterOp>[]>;
  /** Writes under way when the server was last killed. */
  #cutOff: { readonly key: string; readonly op: WriteOp; readonly calledAt: number }[] = [];
  #moment = 0;
  #contents = 0;

  constructor(daemon: Daemon, options: ClientOptions) {
    this.#daemon = daemon;
    this.#options = options;
    this.#http = new S3Http({ port: daemon.port, key: daemon });
    this.#s3 = new S3Operations(this.#http);
    this.#keys = Array.from({ length: options.keys }, (_, i) => `key ${i}`);
    this.#histories = new Map(this.#keys.map((key) => [key, []]));
  }

  /** Runs all of it. Returns the number of operations in the histories. */
  async run(): Promise<number> {
    await this.#s3.createBucket(bucket);
    for (let kill = 0; kill <= this.#options.kills; kill++) {
      const begun = Promise.withResolvers<void>();
      const budget = { left: this.#options.operations, spent: begun.resolve };
      const clients = Array.from({ length: this.#options.clients }, (_, i) => this.#client(budget, i, kill));
      if (kill < this.#options.kills) {
        // The server dies while the last operations are on their way, each of another kind.
        await Promise.race([Promise.all(clients), begun.promise]);
        await this.#daemon.kill9();
      }
      await Promise.all(clients);
      if (kill < this.#options.kills) await this.#restart();
    }
    for (const key of this.#keys) await this.#get(key);
    this.#http.close();
    return [...this.#histories.values()].reduce((sum, { length }) => sum + length, 0);
  }

  /** The history of the first key that could not have happened; undefined if all could. */
  impossibleHistory(): string | undefined {
    for (const [key, history] of this.#histories) {
      if (isLinearizable(history, objectRegister)) continue;
      const lines = history.map(({ op, calledAt, answeredAt }) => `${calledAt}–${answeredAt} ${JSON.stringify(op)}`);
      return `${key}\n${lines.join('\n')}`;
    }
    return undefined;
  }

  async #restart(): Promise<void> {
    this.#http.reset();
    await this.#daemon.start();
    for (const { key, op, calledAt } of this.#cutOff) this.#record(key, op, calledAt);
    this.#cutOff = [];
  }

  async #client(budget: { left: number; spent: () => void }, client: number, round: number): Promise<void> {
    const random = new SeededRandom(this.#options.seed + client * 1000 + round);
    while (budget.left > 0) {
      budget.left -= 1;
      if (budget.left === 0) budget.spent();
      try {
        await this.#operate(random);
      } catch (error) {
        if (!isConnectionError(error)) throw error;
      }
    }
  }

  async #operate(random: SeededRandom): Promise<void> {
    const key = random.pick(this.#keys);
    const kind = random.below(100);
    if (kind < 30) return this.#get(key);
    if (kind < 36) return this.#list();
    if (kind < 50) return this.#delete(key, this.#condition(key, random, ['none', 'none', 'match']));
    const condition = this.#condition(key, random, ['none', 'none', 'absent', 'match', 'match']);
    this.#contents += 1;
    const content = seededBytes(`${this.#options.seed} ${this.#contents}`, random.pick(sizes));
    if (kind < 90) return this.#put(key, content, condition);
    return this.#complete(key, content, condition);
  }

  /** One of the kinds; a match is with what the key was last seen to hold. */
  #condition(key: string, random: SeededRandom, kinds: readonly Condition['kind'][]): Condition {
    const kind = random.pick<Condition['kind']>(kinds);
    if (kind !== 'match') return { kind };
    const last = this.#histories.get(key)?.findLast(({ op }) => etagAfter(op) !== '');
    return { kind, etag: last === undefined ? md5Hex() : etagAfter(last.op) };
  }

  async #get(key: string): Promise<void> {
    const calledAt = this.#now();
    const answer = await this.#s3.get({ bucket, key });
    if (answer.code === 'NoSuchKey') return this.#record(key, { do: 'read', found: '' }, calledAt);
    const etag = String(answer.headers.etag).replaceAll('"', '');
    if (answer.status !== 200) throw new Error(`A read was answered ${answer.status} ${answer.code}`);
    const isRight = etag.endsWith('-1')
      ? etag === multipartEtag([{ content: answer.body, etag: md5Hex(answer.body) }])
      : etag === md5Hex(answer.body);
    if (!isRight) throw new Error(`${key} has other bytes than its ETag says`);
    this.#record(key, { do: 'read', found: etag }, calledAt);
  }

  /** A listing reads every key at once. */
  async #list(): Promise<void> {
    const calledAt = this.#now();
    const lines = await this.#s3.list('objectsWithEtags', { bucket, prefix: '', delimiter: '', pageSize: 1000 });
    const found = new Map(
      lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), line.slice(line.lastIndexOf(' ') + 1)]),
    );
    for (const key of this.#keys) this.#record(key, { do: 'read', found: found.get(key) ?? '' }, calledAt);
  }

  async #put(key: string, content: Buffer, condition: Condition): Promise<void> {
    const op = { do: 'write', etag: md5Hex(content), condition } as const;
    await this.#write(key, op, () => this.#s3.put({ bucket, key }, content, headersOf(condition)));
  }

  async #complete(key: string, content: Buffer, condition: Condition): Promise<void> {
    const created = await this.#s3.createUpload({ bucket, key });
    const upload = { bucket, key, uploadId: element(created.body.toString(), 'UploadId') };
    const part = { content, etag: md5Hex(content) };
    await this.#s3.putPart(upload, 1, content);
    const op = { do: 'write', etag: multipartEtag([part]), condition } as const;
    const listed = [{ number: 1, etag: part.etag }];
    await this.#write(key, op, () => this.#s3.complete(upload, listed, headersOf(condition)));
  }

  async #delete(key: string, condition: Condition): Promise<void> {
    const op = { do: 'delete', etag: '', condition } as const;
    await this.#write(key, op, () => this.#s3.delete({ bucket, key }, headersOf(condition)));
  }

  async #write(key: string, op: Omit<WriteOp, 'answer'>, send: () => Promise<S3Answer>): Promise<void> {
    const calledAt = this.#now();
    try {
      const { status, code } = await send();
      // The server promises of a refusal like this that nothing was changed.
      if (status === 503) return;
      if (code !== '' && code !== 'PreconditionFailed' && code !== 'NoSuchKey') throw new Error(`answered ${code}`);
      this.#record(key, { ...op, answer: code }, calledAt);
    } catch (error) {
      if (isConnectionError(error)) this.#cutOff.push({ key, op: { ...op, answer: undefined }, calledAt });
      throw error;
    }
  }

  #record(key: string, op: RegisterOp, calledAt: number): void {
    this.#histories.get(key)?.push({ op, calledAt, answeredAt: this.#now() });
  }

  #now(): number {
    this.#moment += 1;
    return this.#moment;
  }
}

function etagAfter(op: RegisterOp): string {
  return op.do === 'read' ? op.found : op.answer === '' ? op.etag : '';
}

function headersOf(condition: Condition): Record<string, string> {
  if (condition.kind === 'none') return {};
  return condition.kind === 'absent' ? { 'if-none-match': '*' } : { 'if-match': `"${condition.etag}"` };
}
