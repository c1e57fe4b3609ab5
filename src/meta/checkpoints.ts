/**
 * Who copies the WAL into the database file, and when. As a rule SQLite does, within a commit, as soon as the WAL has grown a
 * little. While somebody reads the index as it was at one instant it cannot, and the WAL grows; the first commit after
 * that would copy all of it, on the main thread, with every request waiting. So such a reader holds checkpoints off, and when
 * the last one has let go a thread copies what has gathered.
 */
import { once } from 'node:events';
import { statSync } from 'node:fs';
import type { Database } from 'better-sqlite3';
import { startThread } from '../lib/start-thread.ts';
import type { FromCheckpointThread } from './checkpoint-thread.ts';
import { setCheckpointPages } from './database.ts';
import type { IndexLog } from './log/recovery.ts';

/** Of a WAL that a commit copies within a few dozen milliseconds at most: twice what it usually has. */
const walBytesMax = 32 * 1024 * 1024;

export interface CheckpointParts {
  readonly writerDb: Database;
  /** Of the database. */
  readonly path: string;
  readonly logger: IndexLog;
}

export class Checkpoints {
  readonly #parts: CheckpointParts;
  #holds = 0;
  #copying: Promise<void> | undefined;

  constructor(parts: CheckpointParts) {
    this.#parts = parts;
  }

  /** Holds checkpoints off until what it returns is called; to be called once. */
  hold(): () => void {
    this.#holds++;
    if (this.#holds === 1) setCheckpointPages(this.#parts.writerDb, 'none');
    return () => {
      this.#holds--;
      if (this.#holds > 0) return;
      this.#copying ??= this.#copy().finally(() => {
        this.#copying = undefined;
      });
    };
  }

  /** Holds them off during some work. */
  async heldWhile<T>(work: () => Promise<T>): Promise<T> {
    const letGo = this.hold();
    try {
      return await work();
    } finally {
      letGo();
    }
  }

  /** Waits for what is being copied. */
  async settled(): Promise<void> {
    await this.#copying;
  }

  /** Never rejects: what is not copied now is copied by a commit. */
  async #copy(): Promise<void> {
    const { writerDb, path, logger } = this.#parts;
    try {
      // What comes in meanwhile is little.
      if (walBytes(path) > walBytesMax) await copyOffThread(path);
    } catch (error) {
      logger.warn({ err: error }, 'the write-ahead log of the index was not copied by a thread: a commit will do it');
    }
    if (this.#holds === 0 && writerDb.open) setCheckpointPages(writerDb, 'usual');
  }
}

function walBytes(path: string): number {
  return statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0;
}

async function copyOffThread(path: string): Promise<void> {
  const thread = startThread(
    { module: 'checkpoint-thread', beside: import.meta.url },
    { workerData: path, name: 'checkpoint' },
  );
  let answer: FromCheckpointThread | undefined;
  thread.once('message', (message: FromCheckpointThread) => {
    answer = message;
  });
  await once(thread, 'exit');
  if (answer?.error !== undefined) throw new Error(answer.error);
}
