/**
 * What a durable write of small objects cannot do without, and nothing else: batch after batch, nine shard and three log
 * appends synced in one wave, then one SQLite transaction with a row an object.
 */
import { closeSync, fdatasync, mkdtempSync, openSync, rmSync, write } from 'node:fs';
import { join } from 'node:path';
import Database, { type Statement } from 'better-sqlite3';

const shards = 9;
const logs = 3;
const dataShards = 6;
const shardHeaderBytes = 128;
/** What an object takes in a stripe beside its bytes, in a log record, and in the index. */
const labelBytes = 160;
const commandBytes = 400;
const rowBytes = 240;

export class GroupCommitLoop implements Disposable {
  readonly #folder: string;
  readonly #shardFiles: readonly number[];
  readonly #logFiles: readonly number[];
  readonly #db: Database.Database;
  readonly #insert: Statement<[Buffer, number, string]>;
  #ordinal = 0;

  constructor(parent: string) {
    this.#folder = mkdtempSync(join(parent, 'group-commit-'));
    const open = (name: string) => (_: unknown, i: number) => openSync(join(this.#folder, `${name}-${i}`), 'a');
    this.#shardFiles = Array.from({ length: shards }, open('shard'));
    this.#logFiles = Array.from({ length: logs }, open('log'));
    this.#db = new Database(join(this.#folder, 'index.sqlite'));
    this.#db.pragma('journal_mode = WAL');
    this.#db.pragma('synchronous = NORMAL');
    this.#db.exec(`CREATE TABLE versions (key BLOB NOT NULL, ordinal INTEGER NOT NULL, value TEXT NOT NULL,
      PRIMARY KEY (key, ordinal DESC)) STRICT, WITHOUT ROWID`);
    this.#insert = this.#db.prepare('INSERT INTO versions VALUES (?, ?, ?)');
  }

  /** Objects made durable in a second, by batches of so many with so many bytes each. */
  async run({ batch, objectBytes }: { batch: number; objectBytes: number }, seconds: number): Promise<number> {
    const shard = Buffer.alloc(shardHeaderBytes + Math.ceil(((objectBytes + labelBytes) * batch) / dataShards), 1);
    const record = Buffer.alloc(commandBytes * batch, 2);
    const value = 'x'.repeat(rowBytes);
    const startMs = performance.now();
    let count = 0;
    while (performance.now() - startMs < seconds * 1000) {
      await this.#wave(shard, record);
      this.#commit(batch, value);
      count += batch;
    }
    return (count * 1000) / (performance.now() - startMs);
  }

  [Symbol.dispose](): void {
    this.#db.close();
    for (const file of [...this.#shardFiles, ...this.#logFiles]) closeSync(file);
    rmSync(this.#folder, { recursive: true });
  }

  #wave(shard: Buffer, record: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      let left = shards + logs;
      const done = (error: Error | null): void => {
        left -= 1;
        if (error) reject(error);
        else if (left === 0) resolve();
      };
      const append = (file: number, bytes: Buffer): void => {
        write(file, bytes, 0, bytes.length, null, (error) => (error ? reject(error) : fdatasync(file, done)));
      };
      for (const file of this.#shardFiles) append(file, shard);
      for (const file of this.#logFiles) append(file, record);
    });
  }

  #commit(batch: number, value: string): void {
    this.#db.exec('BEGIN IMMEDIATE');
    for (let i = 0; i < batch; i++) {
      this.#ordinal += 1;
      this.#insert.run(Buffer.from(`s/${this.#ordinal % 10_000}`), this.#ordinal, value);
    }
    this.#db.exec('COMMIT');
  }
}
