/**
 * What is on its way to one destination: changes of a key in their order, those of different keys beside each other, so many at
 * once, of a window of what waits in the queue.
 */
import type { ReplicationEntry } from '../engine/replication/types.ts';
import type { Clock } from '../lib/clock.ts';
import { type Chain, OrderedWindow, type PassedRange } from '../lib/ordered-window.ts';

const pauseMsMax = 5 * 60_000;

/** What came of an attempt. */
export type Attempt =
  | { readonly outcome: 'settled' }
  /** To be tried again. */
  | { readonly outcome: 'failed' }
  /** The work was given up as the server stops. */
  | { readonly outcome: 'abandoned' };

export interface LaneOptions {
  readonly destination: string;
  readonly clock: Clock;
  /** Changes under way at once. */
  readonly underWayMax: number;
  readonly signal: AbortSignal;
  /** Whether an entry may be begun now. */
  mayBegin(entry: ReplicationEntry): boolean;
  /** Never rejects. */
  attempt(entry: ReplicationEntry): Promise<Attempt>;
}

/** Changes of a key that were passed by. */
export interface Passed extends PassedRange {
  readonly bucketId: number;
  readonly key: string;
}

export class ReplicationLane {
  readonly #options: LaneOptions;
  readonly #window: OrderedWindow<ReplicationEntry>;
  readonly #underWay = new Set<Promise<void>>();
  /** Whether what it holds may not be begun yet, so that nothing more need be taken in. */
  isHeldBack = false;

  constructor(options: LaneOptions) {
    this.#options = options;
    const keyOf = ({ bucketId, key }: ReplicationEntry) => `${bucketId}/${key}`;
    this.#window = new OrderedWindow({ clock: options.clock, keyOf, pauseMsMax });
  }

  get destination(): string {
    return this.#options.destination;
  }
  /** Sequence of the last entry that was taken in. */
  get last(): number {
    return this.#window.last;
  }
  /** How many more entries it takes in. */
  get room(): number {
    return this.#window.room;
  }

  held(): Iterable<ReplicationEntry> {
    return this.#window.held();
  }

  /** Takes in what comes next. */
  add(entries: readonly ReplicationEntry[]): void {
    this.#window.add(entries);
  }

  /** Has changes that were passed by read, of keys whose turn it is. Nothing may be added meanwhile. */
  async refill(read: (passed: Passed) => Promise<readonly ReplicationEntry[]>): Promise<void> {
    await this.#window.refill(({ bucketId, key }, range) => read({ bucketId, key, ...range }));
  }

  /** Begins what can be begun now. */
  pump(): void {
    const { signal, underWayMax } = this.#options;
    if (signal.aborted) return;
    this.#window.wake();
    while (this.#underWay.size < underWayMax && this.#mayBegin()) {
      for (const { chain, entry } of this.#window.take(1)) {
        const working = this.#work(chain, entry).finally(() => {
          this.#underWay.delete(working);
          if (this.#window.ready.length > 0) this.pump();
        });
        this.#underWay.add(working);
      }
    }
  }

  /** Resolves when nothing is under way any more. */
  async quiet(): Promise<void> {
    await Promise.all(this.#underWay);
  }

  #mayBegin(): boolean {
    const [entry] = this.#window.ready[0]?.entries ?? [];
    const mayBegin = entry !== undefined && this.#options.mayBegin(entry);
    this.isHeldBack = entry !== undefined && !mayBegin;
    return mayBegin;
  }

  async #work(chain: Chain<ReplicationEntry>, entry: ReplicationEntry): Promise<void> {
    const { outcome } = await this.#options.attempt(entry);
    if (outcome === 'failed') this.#window.failed(chain);
    else if (outcome === 'settled') this.#window.settled(chain, entry);
  }
}
