/**
 * What is on its way to one target. Events of a key leave in their order, each when the one before has been taken; those of
 * different keys leave beside each other, so many at once, together where the target takes several. One that is not taken
 * is tried again, alone, later and later, and holds up its key alone; after a time it is a dead letter.
 */
import type { OutboxEntry, OutboxEvent } from '../engine/types.ts';
import type { Clock } from '../lib/clock.ts';
import { type Chain, OrderedWindow, type PassedRange } from '../lib/ordered-window.ts';
import type { EventMessage, EventTarget } from './target.ts';

const underWayMax = 16;
const pauseMsMax = 60_000;

/** Events of a key that were passed by. */
export interface Passed extends PassedRange {
  readonly bucket: string;
  readonly key: string | null;
}

export interface LaneOptions {
  readonly target: EventTarget;
  readonly messageOf: (event: OutboxEvent) => string;
  readonly clock: Clock;
  readonly retryForMs: number;
  /** Whether something may be sent now that happened then. */
  readonly mayBegin: (sinceMs: number) => boolean;
  readonly signal: AbortSignal;
}

export class Lane {
  readonly #options: LaneOptions;
  readonly #window: OrderedWindow<OutboxEntry>;
  readonly #sending = new Set<Promise<void>>();
  #settled: { delivered: number[]; dead: number[] } = { delivered: [], dead: [] };
  delivered = 0;
  failures = 0;
  lastError: string | undefined;
  /** Whether what it holds may not be sent yet, so that nothing more need be taken in. */
  isHeldBack = false;

  constructor(options: LaneOptions) {
    this.#options = options;
    this.#window = new OrderedWindow({ clock: options.clock, keyOf: orderOf, pauseMsMax });
  }

  get arn(): string {
    return this.#options.target.arn;
  }
  /** Sequence of the last event that was taken in. */
  get last(): number {
    return this.#window.last;
  }
  /** How many more events it takes in. */
  get room(): number {
    return this.#window.room;
  }

  /** Whether nothing is held, under way, or not yet asked for by `takeSettled`. */
  get isIdle(): boolean {
    const { delivered, dead } = this.#settled;
    return this.#window.isEmpty && this.#sending.size === 0 && delivered.length + dead.length === 0;
  }

  /** Takes in the events that come next. */
  add(entries: readonly OutboxEntry[]): void {
    this.#window.add(entries);
  }

  /** Has events that were passed by read, for keys whose turn it is. Nothing may be added meanwhile. */
  async refill(read: (passed: Passed) => Promise<readonly OutboxEntry[]>): Promise<void> {
    await this.#window.refill(({ event }, range) => {
      return read({ bucket: event.bucket, key: 'key' in event ? event.key : null, ...range });
    });
  }

  /** Sends what can be sent now. */
  pump(): void {
    if (this.#options.signal.aborted) return;
    this.#window.wake();
    while (this.#sending.size < underWayMax && this.#mayBegin()) {
      const sending = this.#send(this.#window.take(this.#batchSize())).finally(() => {
        this.#sending.delete(sending);
        if (this.#window.ready.length > 0) this.pump();
      });
      this.#sending.add(sending);
    }
  }

  #mayBegin(): boolean {
    const [entry] = this.#window.ready[0]?.entries ?? [];
    const mayBegin = entry !== undefined && this.#options.mayBegin(entry.event.atMs);
    this.isHeldBack = entry !== undefined && !mayBegin;
    return mayBegin;
  }

  /** What failed before is sent alone, as it may be what has a target refuse all that comes with it. */
  #batchSize(): number {
    const { batchMax = 1 } = this.#options.target;
    const isFresh = (at: number) => this.#window.ready[at]?.failures === 0;
    let count = 1;
    if (isFresh(0)) while (count < batchMax && isFresh(count)) count++;
    return count;
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

  async #send(taken: ReturnType<OrderedWindow<OutboxEntry>['take']>): Promise<void> {
    const { target, signal } = this.#options;
    const sent = taken.map(({ chain, entry }) => ({ chain, entry, message: this.#messageOf(chain, entry) }));
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
      if (why !== undefined) await this.#failed(chain, { entry, message }, why);
      else {
        this.delivered++;
        this.#settled.delivered.push(entry.sequence);
        this.#window.settled(chain, entry);
      }
    }
  }

  #messageOf({ key: orderedBy }: Chain<OutboxEntry>, { sequence, event }: OutboxEntry): EventMessage {
    return { text: this.#options.messageOf(event), orderedBy, id: idOf(event, sequence), event };
  }

  async #failed(
    chain: Chain<OutboxEntry>,
    { entry, message }: { readonly entry: OutboxEntry; readonly message: EventMessage },
    why: unknown,
  ): Promise<void> {
    const { clock, target, retryForMs, signal } = this.#options;
    if (signal.aborted) return;
    this.failures++;
    this.lastError = describe(why);
    const nowMs = clock.nowMs();
    const pauseMs = target.pauseMs?.(chain.failures + 1);
    const isOver = pauseMs === undefined ? nowMs - (chain.triedMs ?? nowMs) >= retryForMs : pauseMs === 'given up';
    if (!isOver) {
      this.#window.failed(chain, typeof pauseMs === 'number' ? pauseMs : undefined);
      return;
    }
    try {
      const isBuried = await target.bury?.(message, this.lastError);
      this.#settled[isBuried === true ? 'delivered' : 'dead'].push(entry.sequence);
      this.#window.settled(chain, entry);
    } catch (error) {
      this.lastError = describe(error);
      this.#window.failed(chain);
    }
  }
}

function idOf(event: OutboxEvent, sequence: number): string {
  if ('messageId' in event) return event.messageId;
  return 'key' in event ? event.sequencer : `test-${sequence}`;
}

function orderOf({ event }: OutboxEntry): string {
  return 'key' in event ? `${event.bucket}/${event.key}` : event.bucket;
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}
