/**
 * What is on its way to one target. Events of a key leave in their order, each when the one before has been taken; those of
 * different keys leave beside each other, so many at once, together where the target takes several. One that is not taken
 * is tried again, alone, later and later, and holds up its key alone; after a time it is a dead letter. The lane holds no
 * more than a window of what waits in the outbox: of a key that is held up its first event, of any other the first ones.
 * What is behind them is passed by, and read when they are done.
 */
import type { OutboxEntry, OutboxEvent } from '../engine/types.ts';
import type { Clock } from '../lib/clock.ts';
import { randomShare } from '../lib/ids.ts';
import type { EventMessage, EventTarget } from './target.ts';

const underWayMax = 16;
export const windowMax = 10_000;
const pauseMsMin = 500;
const pauseMsMax = 60_000;

/** Most events of one key that are held: what is behind them stays in the outbox until their turn comes. */
export const chainMax = 100;

/** Events of one key. */
interface Chain {
  readonly orderedBy: string;
  readonly entries: OutboxEntry[];
  /** Whether further ones were passed by, and lie in the outbox. */
  hasMore: boolean;
  failures: number;
  /** When the first of them was tried first. */
  triedMs: number | undefined;
  nextTryMs: number;
}

/** Events of a key that were passed by: those after one place in the order, up to where the lane has read. */
export interface Passed {
  readonly bucket: string;
  readonly key: string | null;
  readonly after: number;
  readonly through: number;
  readonly limit: number;
}

export interface LaneOptions {
  readonly target: EventTarget;
  readonly messageOf: (event: OutboxEvent) => string;
  readonly clock: Clock;
  readonly retryForMs: number;
  readonly signal: AbortSignal;
}

export class Lane {
  readonly #options: LaneOptions;
  readonly #chains = new Map<string, Chain>();
  #ready: Chain[] = [];
  readonly #waiting = new Set<Chain>();
  /** Those of which all that was held is settled, and more lies in the outbox: by the settled one. */
  readonly #drained = new Map<Chain, OutboxEntry>();
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

  /** Whether nothing is held, under way, or not yet asked for by `takeSettled`. */
  get isIdle(): boolean {
    const { delivered, dead } = this.#settled;
    return this.#chains.size === 0 && this.#sending.size === 0 && delivered.length + dead.length === 0;
  }

  /** Takes in the events that come next. */
  add(entries: readonly OutboxEntry[]): void {
    for (const entry of entries) {
      this.last = entry.sequence;
      const orderedBy = orderOf(entry);
      const chain = this.#chains.get(orderedBy);
      if (chain === undefined) {
        const begun: Chain = { orderedBy, entries: [], hasMore: false, failures: 0, triedMs: undefined, nextTryMs: 0 };
        this.#chains.set(orderedBy, begun);
        this.#hold(begun, [entry]);
        this.#ready.push(begun);
      } else if (chain.hasMore || chain.failures > 0 || chain.entries.length >= chainMax) chain.hasMore = true;
      else this.#hold(chain, [entry]);
    }
  }

  /** Has events that were passed by read, for keys whose turn it is. Nothing may be added meanwhile. */
  async refill(read: (passed: Passed) => Promise<readonly OutboxEntry[]>): Promise<void> {
    for (const [chain, { event, sequence }] of this.#drained) {
      const key = 'key' in event ? event.key : null;
      const range = { after: sequence, through: this.last, limit: chainMax };
      const entries = await read({ bucket: event.bucket, key, ...range });
      this.#drained.delete(chain);
      chain.hasMore = entries.length === chainMax;
      this.#hold(chain, entries);
      if (entries.length > 0) this.#ready.push(chain);
      else this.#chains.delete(chain.orderedBy);
    }
  }

  #hold(chain: Chain, entries: readonly OutboxEntry[]): void {
    chain.entries.push(...entries);
    this.#held += entries.length;
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
    while (this.#ready.length > 0 && this.#sending.size < underWayMax) {
      const sending = this.#send(this.#nextBatch()).finally(() => {
        this.#sending.delete(sending);
        if (this.#ready.length > 0) this.pump();
      });
      this.#sending.add(sending);
    }
  }

  /** What failed before is sent alone, as it may be what has a target refuse all that comes with it. */
  #nextBatch(): readonly Chain[] {
    const { batchMax = 1 } = this.#options.target;
    const isFresh = (at: number) => this.#ready[at]?.failures === 0;
    let count = 1;
    if (isFresh(0)) while (count < batchMax && isFresh(count)) count++;
    return this.#ready.splice(0, count);
  }

  /** What became of events since the last call. */
  takeSettled(): { readonly delivered: readonly number[]; readonly dead: readonly number[] } {
    const settled = this.#settled;
    this.#settled = { delivered: [], dead: [] };
    return settled;
  }

  /** Resolves when nothing is under way any more. */
  async quiet(): Promise<void> {
    while (this.#sending.size > 0) await Promise.all(this.#sending);
  }

  async #send(chains: readonly Chain[]): Promise<void> {
    const { target, clock, signal } = this.#options;
    const nowMs = clock.nowMs();
    const sent = chains.flatMap((chain) => {
      const [entry] = chain.entries;
      chain.triedMs ??= nowMs;
      return entry === undefined ? [] : [{ chain, entry, message: this.#messageOf(chain, entry) }];
    });
    const messages = sent.map(({ message }) => message);
    let whyOf: (message: EventMessage) => unknown;
    try {
      const notTaken = await target.send(messages, signal);
      whyOf = (message) => notTaken.get(message);
    } catch (error) {
      whyOf = () => error;
    }
    for (const { chain, entry, message } of sent) {
      const why = whyOf(message);
      if (why !== undefined) this.#failed(chain, entry, why);
      else {
        this.delivered++;
        this.#settled.delivered.push(entry.sequence);
        this.#goOn(chain, entry);
      }
    }
  }

  #messageOf({ orderedBy }: Chain, { sequence, event }: OutboxEntry): EventMessage {
    return { text: this.#options.messageOf(event), orderedBy, id: idOf(event, sequence), event };
  }

  #failed(chain: Chain, entry: OutboxEntry, why: unknown): void {
    const { clock, retryForMs, signal } = this.#options;
    if (signal.aborted) return;
    this.failures++;
    this.lastError = describe(why);
    const nowMs = clock.nowMs();
    if (nowMs - (chain.triedMs ?? nowMs) < retryForMs) {
      chain.nextTryMs = nowMs + pauseMs(chain.failures++);
      const passed = chain.entries.splice(1).length;
      this.#held -= passed;
      chain.hasMore ||= passed > 0;
      this.#waiting.add(chain);
      return;
    }
    this.#settled.dead.push(entry.sequence);
    this.#goOn(chain, entry);
  }

  /** The first event of a chain is settled. */
  #goOn(chain: Chain, settled: OutboxEntry): void {
    this.#held--;
    chain.entries.shift();
    [chain.failures, chain.triedMs] = [0, undefined];
    if (chain.entries.length > 0) this.#ready.push(chain);
    else if (chain.hasMore) this.#drained.set(chain, settled);
    else this.#chains.delete(chain.orderedBy);
  }
}

function idOf(event: OutboxEvent, sequence: number): string {
  if ('topic' in event) return event.messageId;
  return 'key' in event ? event.sequencer : `test-${sequence}`;
}

function orderOf({ event }: OutboxEntry): string {
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
