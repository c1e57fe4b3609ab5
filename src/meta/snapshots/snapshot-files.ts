/** Making, copying and checking snapshots, one piece of such work at a time, whoever asks for it. */
import { databasePath } from '../database.ts';
import {
  discardSnapshot,
  makeIndexFolder,
  publishSnapshot,
  removeDraft,
  type Snapshot,
  type SnapshotFacts,
  snapshotDraft,
} from './snapshot-file.ts';
import type { SnapshotTask, SnapshotTaskResult } from './snapshot-work.ts';

/** A snapshot's bytes are not those it was made of. It has been removed. */
export class SnapshotDamaged extends Error {
  override readonly name = 'SnapshotDamaged';
}

type RunTask = (task: SnapshotTask) => SnapshotTaskResult | Promise<SnapshotTaskResult>;

export class SnapshotFiles {
  readonly #run: RunTask;
  #queue: Promise<unknown> = Promise.resolve();

  constructor(run: RunTask) {
    this.#run = run;
  }

  /** Makes a snapshot of the index database in use in a zone, in that zone. */
  make(zonePath: string): Promise<Snapshot> {
    return this.#publish(zonePath, async () => {
      const { facts } = await this.#run({
        kind: 'make',
        database: databasePath(zonePath),
        draft: snapshotDraft(zonePath),
      });
      if (facts === undefined) throw new Error('a snapshot was made that nobody knows the content of');
      return facts;
    });
  }

  /** Makes a copy the snapshot of another zone; it is read back before it counts. */
  copy(source: Snapshot, zonePath: string): Promise<Snapshot> {
    return this.#publish(zonePath, async () => {
      await makeIndexFolder(zonePath);
      const { digest } = await this.#run({ kind: 'copy', from: source.path, draft: snapshotDraft(zonePath) });
      if (digest === source.digest) return source;
      await this.#requireWhole(source);
      throw new Error(`${zonePath} does not give back what was written to it`);
    });
  }

  /** Reads a snapshot through. Rejects with SnapshotDamaged. */
  check(snapshot: Snapshot): Promise<void> {
    return this.#next(() => this.#requireWhole(snapshot));
  }

  /** Waits for what was asked for. */
  async settled(): Promise<void> {
    await this.#queue;
  }

  async #requireWhole(snapshot: Snapshot): Promise<void> {
    const { digest } = await this.#run({ kind: 'digest', path: snapshot.path });
    if (digest === snapshot.digest) return;
    await discardSnapshot(snapshot);
    throw new SnapshotDamaged(`${snapshot.path} is damaged: removed`);
  }

  /** What cannot be finished, as on a full disk, is removed at once. */
  #publish(zonePath: string, write: () => Promise<SnapshotFacts>): Promise<Snapshot> {
    return this.#next(async () => {
      try {
        return await publishSnapshot(zonePath, await write());
      } catch (error) {
        await removeDraft(zonePath);
        throw error;
      }
    });
  }

  #next<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#queue.then(work);
    this.#queue = done.catch(() => undefined); // The caller holds `done` and its error; the queue only keeps the order.
    return done;
  }
}
