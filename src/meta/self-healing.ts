/**
 * An index that replaces its database when SQLite finds it damaged while it serves. From then on every read and change
 * is refused with IndexUnavailable, nothing is answered from what may be wrong; the damaged database is set aside and the
 * index opened anew, as a start would: from the most advanced snapshot and the log. If that fails it is tried again, and
 * a note beside the database makes the next start set it aside.
 */
import { isDamage, isDiskTrouble, noteDamage } from './database.ts';
import type { IndexLog } from './log/recovery.ts';
import { IndexDamaged } from './snapshots/run-off-thread.ts';
import { type EventFollower, type Index, IndexUnavailable, type IndexUpkeep } from './types.ts';

/** An open index and the path of its database. */
export interface OpenedIndex {
  readonly index: Index;
  readonly path: string;
}

export interface HealingOptions {
  /** `again`: the last record of the log is known to be acknowledged, and what was decided for the start is done. */
  readonly open: (how: 'at start' | 'again') => Promise<OpenedIndex>;
  /** Least time between two attempts, in milliseconds. */
  readonly retryEveryMs: number;
  readonly log: IndexLog;
}

export async function openHealing(options: HealingOptions): Promise<Index> {
  const healing = new Healing(await options.open('at start'), options);
  return new Proxy(healing.index, {
    get: (_, name) => healing.member(name),
  });
}

class Healing {
  readonly #options: HealingOptions;
  #opened: OpenedIndex;
  #isDamaged = false;
  #isClosed = false;
  #attempt: Promise<void> | undefined;
  #triedMs = Number.NEGATIVE_INFINITY;
  readonly #followers = new Set<EventFollower>();

  constructor(opened: OpenedIndex, options: HealingOptions) {
    this.#opened = opened;
    this.#options = options;
    this.#followed(opened);
  }

  get index(): Index {
    return this.#opened.index;
  }

  /** A member of the index: its asynchronous calls go through `#guard`. */
  member(name: string | symbol): unknown {
    if (name === 'close') return () => this.#close();
    if (name === 'upkeep') return this.#upkeep;
    if (name === 'followEvents') return this.#follow;
    const value: unknown = Reflect.get(this.index, name, this.index);
    if (typeof value !== 'function') return value;
    // What is answered at once is kept in memory and right whatever the database is like.
    if (name === 'lastOrdinal' || name === 'state') return value.bind(this.index);
    return (...args: readonly unknown[]) => this.#guard(() => Reflect.apply(value, this.index, args));
  }

  /** Whoever follows events does so whichever index they enter. */
  readonly #follow: Index['followEvents'] = (follower) => {
    this.#followers.add(follower);
    return () => {
      this.#followers.delete(follower);
    };
  };

  #followed(opened: OpenedIndex): OpenedIndex {
    opened.index.followEvents((placed) => {
      for (const follower of this.#followers) follower(placed);
    });
    return opened;
  }

  readonly #upkeep: IndexUpkeep = {
    step: () => this.#guard(() => this.index.upkeep.step()),
    status: () => this.index.upkeep.status(),
    holdings: () => this.index.upkeep.holdings(),
  };

  async #guard<T>(call: () => Promise<T>): Promise<T> {
    if (this.#isDamaged) {
      this.#heal();
      throw new IndexUnavailable('The index is being restored from a snapshot and the commit log.');
    }
    try {
      return await call();
    } catch (error) {
      if (isDiskTrouble(error)) throw new IndexUnavailable('The index cannot be read or written.', { cause: error });
      if (!tellsOfDamage(error)) throw error;
      if (!this.#isDamaged) this.#options.log.error({ err: error }, 'the index database is damaged: it is replaced');
      this.#isDamaged = true;
      this.#heal();
      throw new IndexUnavailable('The index database is damaged.', { cause: error });
    }
  }

  #heal(): void {
    if (this.#isClosed || this.#attempt !== undefined) return;
    if (performance.now() - this.#triedMs < this.#options.retryEveryMs) return;
    this.#triedMs = performance.now();
    this.#attempt = this.#replace()
      .catch((error: unknown) => this.#options.log.error({ err: error }, 'the index cannot be restored yet'))
      .finally(() => {
        this.#attempt = undefined;
      });
  }

  async #replace(): Promise<void> {
    noteDamage(this.#opened.path);
    await this.index.close().catch((error: unknown) => {
      this.#options.log.warn({ err: error }, 'the damaged index did not close cleanly');
    });
    this.#opened = this.#followed(await this.#options.open('again'));
    this.#isDamaged = false;
    this.#options.log.info({ path: this.#opened.path }, 'the index is restored');
  }

  async #close(): Promise<void> {
    this.#isClosed = true;
    // Without one under way the index is closed in this tick: what is submitted next is refused.
    if (this.#attempt !== undefined) await this.#attempt;
    await this.index.close().catch((error: unknown) => {
      if (!tellsOfDamage(error)) throw error;
      noteDamage(this.#opened.path);
    });
  }
}

function tellsOfDamage(error: unknown): boolean {
  if (isDamage(error) || error instanceof IndexDamaged) return true;
  return error instanceof Error && error.cause !== undefined && tellsOfDamage(error.cause);
}
