/**
 * What is on its way to one destination. Changes of a key are made in their order, each when the one before is settled; those of
 * different keys beside each other, so many at once. One that does not succeed is tried again, later and later, and holds up
 * its key alone; after a time it has failed. The lane holds no more than a window of what waits in the queue.
 */
import type { ReplicationEntry } from '../engine/replication/types.ts';
import type { Clock } from '../lib/clock.ts';
import { randomShare } from '../lib/ids.ts';

const windowMax = 10_000;
const pauseMsMin = 500;
const pauseMsMax = 5 * 60_000;

/** Changes of one key. */
interface Chain {
  readonly key: string;
  readonly entries: ReplicationEntry[];
  failures: number;
  nextTryMs: number;
}

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
  /** Never rejects. */
  attempt(entry: ReplicationEntry): Promise<Attempt>;
}

export class ReplicationLane {
  readonly #options: LaneOptions;
  readonly #chains = new Map<string, Chain>();
  #ready: Chain[] = [];
  readonly #waiting = new Set<Chain>();
  readonly #underWay = new Set<Promise<void>>();
  #held = 0;
  /** Sequence of the last entry that was taken in. */
  last = 0;

  constructor(options: LaneOptions) {
    this.#options = options;
  }

  get destination(): string {
    return this.#options.destination;
  }
  /** How many more entries it takes in. */
  get room(): number {
    return windowMax - this.#held;
  }

  *held(): Generator<ReplicationEntry> {
    for (const { entries } of this.#chains.values()) yield* entries;
  }

  /** Takes in what comes next. */
  add(entries: readonly ReplicationEntry[]): void {
    for (const entry of entries) {
      this.last = entry.sequence;
      this.#held++;
      const key = `${entry.bucketId}/${entry.key}`;
      const chain = this.#chains.get(key);
      if (chain !== undefined) {
        chain.entries.push(entry);
        continue;
      }
      const begun: Chain = { key, entries: [entry], failures: 0, nextTryMs: 0 };
      this.#chains.set(key, begun);
      this.#ready.push(begun);
    }
  }

  /** Begins what can be begun now. */
  pump(): void {
    const { clock, signal, underWayMax } = this.#options;
    if (signal.aborted) return;
    const nowMs = clock.nowMs();
    for (const chain of this.#waiting) {
      if (chain.nextTryMs > nowMs) continue;
      this.#waiting.delete(chain);
      this.#ready.push(chain);
    }
    for (const chain of this.#ready.splice(0, underWayMax - this.#underWay.size)) {
      const working = this.#work(chain).finally(() => {
        this.#underWay.delete(working);
        if (this.#ready.length > 0) this.pump();
      });
      this.#underWay.add(working);
    }
  }

  /** Resolves when nothing is under way any more. */
  async quiet(): Promise<void> {
    await Promise.all(this.#underWay);
  }

  async #work(chain: Chain): Promise<void> {
    const [entry] = chain.entries;
    if (entry === undefined) return;
    const { outcome } = await this.#options.attempt(entry);
    if (outcome === 'abandoned') return;
    if (outcome === 'failed') {
      chain.nextTryMs = this.#options.clock.nowMs() + pauseMs(chain.failures++);
      this.#waiting.add(chain);
      return;
    }
    this.#held--;
    chain.entries.shift();
    chain.failures = 0;
    if (chain.entries.length > 0) this.#ready.push(chain);
    else this.#chains.delete(chain.key);
  }
}

/** Twice as long each time, and a random part of that, so that not all come back at once. */
function pauseMs(failures: number): number {
  const longest = Math.min(pauseMsMin * 2 ** failures, pauseMsMax);
  return longest / 2 + (longest / 2) * randomShare();
}
