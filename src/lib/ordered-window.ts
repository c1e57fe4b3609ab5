/**
 * What is held in memory of a queue that is worked off in order per key: entries of a key one after the other, those of different
 * keys beside each other. One that fails is tried again, later and later, and holds up its key alone. No more is held than a
 * window: of a key that is held up its first entry, of any other the first ones. What is behind them is passed by, and read
 * when they are done.
 */
import type { Clock } from './clock.ts';
import { randomShare } from './ids.ts';

export const windowMax = 10_000;
const pauseMsMin = 500;

/** Most entries of one key that are held: what is behind them stays in the queue until their turn comes. */
export const chainMax = 100;

/** Its place in the order of all. */
export interface Sequenced {
  readonly sequence: number;
}

/** Entries of one key. */
export interface Chain<Entry extends Sequenced> {
  readonly key: string;
  readonly entries: Entry[];
  /** Whether further ones were passed by, and lie in the queue. */
  hasMore: boolean;
  failures: number;
  /** When the first of them was tried first. */
  triedMs: number | undefined;
  nextTryMs: number;
}

/** Entries that were passed by: those after one place in the order, up to where the window has read. */
export interface PassedRange {
  readonly after: number;
  readonly through: number;
  readonly limit: number;
}

export interface OrderedWindowOptions<Entry extends Sequenced> {
  readonly clock: Clock;
  readonly keyOf: (entry: Entry) => string;
  /** Between two attempts. */
  readonly pauseMsMax: number;
}

export class OrderedWindow<Entry extends Sequenced> {
  readonly #options: OrderedWindowOptions<Entry>;
  readonly #chains = new Map<string, Chain<Entry>>();
  readonly #ready: Chain<Entry>[] = [];
  readonly #waiting = new Set<Chain<Entry>>();
  /** Those of which all that was held is settled, and more lies in the queue: by the settled one. */
  readonly #drained = new Map<Chain<Entry>, Entry>();
  #held = 0;
  /** Sequence of the last entry that was taken in. */
  last = 0;

  constructor(options: OrderedWindowOptions<Entry>) {
    this.#options = options;
  }

  /** How many more entries it takes in. */
  get room(): number {
    return windowMax - this.#held;
  }
  get isEmpty(): boolean {
    return this.#chains.size === 0;
  }
  /** Keys of which an entry can be worked on now, in their order. */
  get ready(): readonly Chain<Entry>[] {
    return this.#ready;
  }

  *held(): Generator<Entry> {
    for (const { entries } of this.#chains.values()) yield* entries;
  }

  /** Takes in what comes next. */
  add(entries: readonly Entry[]): void {
    for (const entry of entries) {
      this.last = entry.sequence;
      const key = this.#options.keyOf(entry);
      const chain = this.#chains.get(key);
      if (chain === undefined) {
        const begun = { key, entries: [], hasMore: false, failures: 0, triedMs: undefined, nextTryMs: 0 };
        this.#chains.set(key, begun);
        this.#hold(begun, [entry]);
        this.#ready.push(begun);
      } else if (chain.hasMore || chain.failures > 0 || chain.entries.length >= chainMax) chain.hasMore = true;
      else this.#hold(chain, [entry]);
    }
  }

  /** Has entries that were passed by read, behind a settled one of their key. Nothing may be added meanwhile. */
  async refill(read: (settled: Entry, range: PassedRange) => Promise<readonly Entry[]>): Promise<void> {
    for (const [chain, settled] of this.#drained) {
      const entries = await read(settled, { after: settled.sequence, through: this.last, limit: chainMax });
      this.#drained.delete(chain);
      chain.hasMore = entries.length === chainMax;
      this.#hold(chain, entries);
      if (entries.length > 0) this.#ready.push(chain);
      else this.#chains.delete(chain.key);
    }
  }

  /** What has waited long enough is ready again. */
  wake(): void {
    const nowMs = this.#options.clock.nowMs();
    for (const chain of this.#waiting) {
      if (chain.nextTryMs > nowMs) continue;
      this.#waiting.delete(chain);
      this.#ready.push(chain);
    }
  }

  /** What waits to be tried again is ready at once. */
  wakeAll(): void {
    this.#ready.push(...this.#waiting);
    this.#waiting.clear();
  }

  /** Of what waits to be tried again the next one is ready at once. */
  wakeNext(): void {
    let next: Chain<Entry> | undefined;
    for (const chain of this.#waiting) if (next === undefined || chain.nextTryMs < next.nextTryMs) next = chain;
    if (next === undefined) return;
    this.#waiting.delete(next);
    this.#ready.push(next);
  }

  /** Hands out the first entries of the first keys that are ready, so many at most. Each is to be settled or has failed. */
  take(count: number): readonly { readonly chain: Chain<Entry>; readonly entry: Entry }[] {
    const nowMs = this.#options.clock.nowMs();
    return this.#ready.splice(0, count).flatMap((chain) => {
      const [entry] = chain.entries;
      chain.triedMs ??= nowMs;
      return entry === undefined ? [] : [{ chain, entry }];
    });
  }

  /** The first entry of a chain is tried again, after a pause that grows unless one is given. */
  failed(chain: Chain<Entry>, pauseMs = this.#pauseMs(chain.failures)): void {
    chain.failures++;
    chain.nextTryMs = this.#options.clock.nowMs() + pauseMs;
    const passed = chain.entries.splice(1).length;
    this.#held -= passed;
    chain.hasMore ||= passed > 0;
    this.#waiting.add(chain);
  }

  /** The first entry of a chain is settled. */
  settled(chain: Chain<Entry>, entry: Entry): void {
    this.#held--;
    chain.entries.shift();
    [chain.failures, chain.triedMs] = [0, undefined];
    if (chain.entries.length > 0) this.#ready.push(chain);
    else if (chain.hasMore) this.#drained.set(chain, entry);
    else this.#chains.delete(chain.key);
  }

  #hold(chain: Chain<Entry>, entries: readonly Entry[]): void {
    chain.entries.push(...entries);
    this.#held += entries.length;
  }

  /** Twice as long each time, and a random part of that, so that not all come back at once. */
  #pauseMs(failures: number): number {
    const longest = Math.min(pauseMsMin * 2 ** failures, this.#options.pauseMsMax);
    return longest / 2 + (longest / 2) * randomShare();
  }
}
