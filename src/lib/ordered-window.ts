/**
 * What is held in memory of a queue that is worked off in order per key: entries of a key one after the other, those of different
 * keys beside each other. One that fails is tried again, later and later, and holds up its key alone. No more is held than a
 * window: of a key that is held up its first entry, of any other the first ones. What is behind them is passed by, and read
 * when they are done.
 *
 * Where many keys are held up, their first entries may be set aside: then the queue alone knows of them, and what comes later of
 * their keys is passed by as well, until they are brought back.
 */
import type { Clock } from './clock.ts';
import { randomShare } from './ids.ts';

export const windowMax = 10_000;
const pauseMsMin = 500;

/** Most entries of one key that are held: what is behind them stays in the queue until their turn comes. */
export const chainMax = 100;

/** How an entry was tried that is set aside. */
export interface Tries {
  readonly triedMs: number;
  readonly failures: number;
  readonly againMs: number;
}

export interface Sequenced {
  /** Its place in the order of all. */
  readonly sequence: number;
  /** Of one that is set aside. */
  readonly tries?: Tries;
}

/** Entries of one key. */
export interface Chain<Entry extends Sequenced> {
  readonly key: string;
  readonly entries: Entry[];
  /** Whether further ones were passed by, and lie in the queue. */
  hasMore: boolean;
  /** Whether its first entry has failed since it was read. */
  hasFailed: boolean;
  /** Whether it was set aside before. */
  readonly isBack: boolean;
  /** Of the first entry. */
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
  /** Most entries that are held; `windowMax` without it. */
  readonly heldMax?: number | undefined;
}

export class OrderedWindow<Entry extends Sequenced> {
  readonly #options: OrderedWindowOptions<Entry>;
  readonly #heldMax: number;
  readonly #chains = new Map<string, Chain<Entry>>();
  readonly #ready: Chain<Entry>[] = [];
  readonly #waiting = new Set<Chain<Entry>>();
  /** Those of which all that was held is settled, and more lies in the queue: by the settled one. */
  readonly #drained = new Map<Chain<Entry>, Entry>();
  /** Those that are being set aside, by their first entries: the queue does not know it yet. */
  readonly #leaving = new Map<number, Chain<Entry>>();
  #held = 0;
  /** Whether anything may be set aside. */
  hasAside = false;
  /** Sequence of the last entry that was taken in. */
  last = 0;

  constructor(options: OrderedWindowOptions<Entry>) {
    this.#options = options;
    this.#heldMax = options.heldMax ?? windowMax;
  }

  /** How many more entries it takes in. */
  get room(): number {
    return this.#heldMax - this.#held;
  }
  get isEmpty(): boolean {
    return this.#chains.size === 0;
  }
  /** Keys of which an entry can be worked on now, in their order. */
  get ready(): readonly Chain<Entry>[] {
    return this.#ready;
  }

  /** Whether so many wait to be tried again that those that fail are better set aside. */
  get isCrowded(): boolean {
    return this.#waiting.size >= this.#heldMax / 2;
  }
  /** Whether an entry's key is among those that are held. */
  knows(entry: Entry): boolean {
    return this.#chains.has(this.#options.keyOf(entry));
  }

  *held(): Generator<Entry> {
    for (const { entries } of this.#chains.values()) yield* entries;
  }

  /** Takes in what comes next; `behind` are those behind one of their key that is set aside. */
  add(entries: readonly Entry[], behind: ReadonlySet<number> = new Set()): void {
    const aside = new Set<string>();
    for (const entry of entries) {
      this.last = entry.sequence;
      const key = this.#options.keyOf(entry);
      const chain = this.#chains.get(key);
      if (chain === undefined) {
        if (behind.has(entry.sequence) || aside.has(key)) continue;
        if (entry.tries === undefined) this.#ready.push(this.#begin(entry));
        else if (!this.isCrowded) this.#waiting.add(this.#begin(entry));
        else {
          aside.add(key);
          this.hasAside = true;
        }
      } else if (chain.hasMore || chain.failures > 0 || chain.entries.length >= chainMax) chain.hasMore = true;
      else this.#hold(chain, [entry]);
    }
  }

  /** Takes in entries that were set aside, to be tried at once. */
  bringBack(entries: readonly Entry[]): void {
    for (const entry of entries) if (!this.knows(entry)) this.#ready.push(this.#begin(entry));
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
  failed(chain: Chain<Entry>, pauseMs?: number): void {
    this.#noteFailure(chain, pauseMs);
    this.#waiting.add(chain);
  }

  /** The same, but it is to wait in the queue: returns how it was tried, which is to be noted there. */
  setAside(chain: Chain<Entry>, pauseMs?: number): Tries & Sequenced {
    this.#noteFailure(chain, pauseMs);
    const sequence = chain.entries[0]?.sequence ?? 0;
    this.#leaving.set(sequence, chain);
    const { triedMs = this.#options.clock.nowMs(), failures, nextTryMs } = chain;
    return { sequence, triedMs, failures, againMs: Math.ceil(nextTryMs) };
  }

  /** The queue knows of entries that they are set aside. */
  areAside(sequences: Iterable<number>): void {
    for (const sequence of sequences) {
      const chain = this.#leaving.get(sequence);
      if (chain === undefined) continue;
      this.#leaving.delete(sequence);
      this.#chains.delete(chain.key);
      this.#held -= chain.entries.length;
      this.hasAside = true;
    }
  }

  #noteFailure(chain: Chain<Entry>, pauseMs = this.#pauseMs(chain.failures)): void {
    chain.failures++;
    chain.hasFailed = true;
    chain.nextTryMs = this.#options.clock.nowMs() + pauseMs;
    const passed = chain.entries.splice(1).length;
    this.#held -= passed;
    chain.hasMore ||= passed > 0;
  }

  /** The first entry of a chain is settled. */
  settled(chain: Chain<Entry>, entry: Entry): void {
    this.#held--;
    chain.entries.shift();
    [chain.failures, chain.triedMs, chain.hasFailed] = [0, undefined, false];
    if (chain.entries.length > 0) this.#ready.push(chain);
    else if (chain.hasMore) this.#drained.set(chain, entry);
    else this.#chains.delete(chain.key);
  }

  #begin(entry: Entry): Chain<Entry> {
    const { tries } = entry;
    const chain: Chain<Entry> = {
      key: this.#options.keyOf(entry),
      entries: [],
      // What came after one that was set aside was passed by.
      hasMore: tries !== undefined,
      hasFailed: false,
      isBack: tries !== undefined,
      failures: tries?.failures ?? 0,
      triedMs: tries?.triedMs,
      nextTryMs: tries?.againMs ?? 0,
    };
    this.#chains.set(chain.key, chain);
    this.#hold(chain, [entry]);
    return chain;
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
