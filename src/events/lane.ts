/**
 * What is on its way to one target. Events of a key leave in their order, each when the one before has been taken; those of
 * different keys leave beside each other, so many at once. One that is not taken is tried again, later and later, and holds
 * up its key alone; after a time it is a dead letter. The lane holds no more than a window of what waits in the outbox.
 */
import type { ObjectEvent, OutboxEntry, TestEvent } from '../engine/types.ts';
import type { Clock } from '../lib/clock.ts';
import { randomShare } from '../lib/ids.ts';
import type { EventTarget } from './target.ts';

const underWayMax = 16;
export const windowMax = 10_000;
const pauseMsMin = 500;
const pauseMsMax = 60_000;

/** Events of one key. */
interface Chain {
  readonly key: string;
  readonly entries: OutboxEntry[];
  failures: number;
  /** When the first of them was tried first. */
  triedMs: number | undefined;
  nextTryMs: number;
}

export interface LaneOptions {
  readonly target: EventTarget;
  readonly messageOf: (event: ObjectEvent | TestEvent) => string;
  readonly clock: Clock;
  readonly retryForMs: number;
  readonly signal: AbortSignal;
}

export class Lane {
  readonly #options: LaneOptions;
  readonly #chains = new Map<string, Chain>();
  #ready: Chain[] = [];
  readonly #waiting = new Set<Chain>();
  readonly #sending = new Set<Promise<void>>();
  #held = 0;
  #settled: { delivered: number[]; dead: number[] } = { delivered: [], dead: [] };
  /** Sequence of the last event that was taken in. */
  last = 0;
  delivered = 0;
  failures = 0;
  lastError: string | undefined;

  constructor(options: LaneOptions) {
    this.#options = options;
  }

  get arn(): string {
    return this.#options.target.arn;
  }
  /** How many more events it takes in. */
  get room(): number {
    return windowMax - this.#held;
  }

  /** Takes in the events that come next. */
  add(entries: readonly OutboxEntry[]): void {
    for (const entry of entries) {
      this.last = entry.sequence;
      this.#held++;
      const key = keyOf(entry);
      const chain = this.#chains.get(key);
      if (chain !== undefined) {
        chain.entries.push(entry);
        continue;
      }
      const begun: Chain = { key, entries: [entry], failures: 0, triedMs: undefined, nextTryMs: 0 };
      this.#chains.set(key, begun);
      this.#ready.push(begun);
    }
  }

  /** Sends what can be sent now. */
  pump(): void {
    const { clock, signal } = this.#options;
    if (signal.aborted) return;
    const nowMs = clock.nowMs();
    for (const chain of this.#waiting) {
      if (chain.nextTryMs > nowMs) continue;
      this.#waiting.delete(chain);
      this.#ready.push(chain);
    }
    const free = underWayMax - this.#sending.size;
    for (const chain of this.#ready.splice(0, free)) {
      const sending = this.#send(chain).finally(() => {
        this.#sending.delete(sending);
        if (this.#ready.length > 0) this.pump();
      });
      this.#sending.add(sending);
    }
  }

  /** What became of events since the last call. */
  takeSettled(): { readonly delivered: readonly number[]; readonly dead: readonly number[] } {
    const settled = this.#settled;
    this.#settled = { delivered: [], dead: [] };
    return settled;
  }

  /** Resolves when nothing is under way any more. */
  async quiet(): Promise<void> {
    await Promise.all(this.#sending);
  }

  async #send(chain: Chain): Promise<void> {
    const { target, messageOf, clock, retryForMs, signal } = this.#options;
    const [entry] = chain.entries;
    if (entry === undefined) return;
    chain.triedMs ??= clock.nowMs();
    try {
      await target.send(messageOf(entry.event), signal);
      this.delivered++;
      this.#settled.delivered.push(entry.sequence);
    } catch (error) {
      if (signal.aborted) return;
      this.failures++;
      this.lastError = describe(error);
      const nowMs = clock.nowMs();
      if (nowMs - chain.triedMs < retryForMs) {
        chain.nextTryMs = nowMs + pauseMs(chain.failures++);
        this.#waiting.add(chain);
        return;
      }
      this.#settled.dead.push(entry.sequence);
    }
    this.#goOn(chain);
  }

  /** The first event of a chain is settled. */
  #goOn(chain: Chain): void {
    this.#held--;
    chain.entries.shift();
    [chain.failures, chain.triedMs] = [0, undefined];
    if (chain.entries.length > 0) this.#ready.push(chain);
    else this.#chains.delete(chain.key);
  }
}

function keyOf({ event }: OutboxEntry): string {
  return 'key' in event ? `${event.bucket}/${event.key}` : event.bucket;
}

/** Twice as long each time, and a random part of that, so that not all come back at once. */
function pauseMs(failures: number): number {
  const longest = Math.min(pauseMsMin * 2 ** failures, pauseMsMax);
  return longest / 2 + (longest / 2) * randomShare();
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}
