/** Names of buckets, which commands call by their ids: ids are given in the order in which buckets are made. */

import type { Command } from '../commands.ts';
import { openReader } from '../database.ts';
import { findSnapshot } from '../snapshots/snapshot-file.ts';
import { BucketReader } from '../tables/buckets.ts';
import { Statements } from '../tables/lazy-statements.ts';
import { StateReader } from '../tables/state.ts';

const EVERY_BUCKET = { owner: null, from: '', after: '', limit: -1 };

export class BucketNames {
  readonly #names = new Map<number, string>();
  readonly #sequence: number;
  /** Undefined if nobody knows what was before. */
  #next: number | undefined;

  /** `known` is what was named until a record; without it, and behind the middle of a log, ids stay ids. */
  constructor(known: { names: ReadonlyMap<number, string>; next: number | undefined; sequence: number }) {
    this.#names = new Map(known.names);
    this.#next = known.next;
    this.#sequence = known.sequence;
  }

  /** For a log from its first record on, or one of which the beginning is not there. */
  static from(first: number): BucketNames {
    return new BucketNames({ names: new Map(), next: first === 1 ? 1 : undefined, sequence: 0 });
  }

  /** For the log of a zone, which goes on from its snapshot. Undefined if it has none. */
  static async ofSnapshot(owner: Parameters<typeof findSnapshot>[0]): Promise<BucketNames | undefined> {
    const snapshot = await findSnapshot(owner);
    if (snapshot === undefined) return undefined;
    const db = openReader(snapshot.path);
    try {
      const statements = new Statements(db);
      const names = new Map(new BucketReader(statements).inOrder(EVERY_BUCKET).map(({ id, name }) => [id, name]));
      const { bucketId: next } = new StateReader(statements).counters();
      return new BucketNames({ names, next, sequence: snapshot.applied.sequence });
    } finally {
      db.close();
    }
  }

  /** Takes note of a command. */
  see(command: Command, sequence: number): void {
    if (command.type !== 'create-bucket' || this.#next === undefined || sequence <= this.#sequence) return;
    this.#names.set(this.#next++, command.name);
  }

  nameOf(bucketId: number): string | undefined {
    return this.#names.get(bucketId);
  }
}
