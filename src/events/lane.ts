/**
 * What is on its way to one target. Events of a key leave in their order, each when the one before has been taken; those of
 * different keys leave beside each other, so many at once, together where the target takes several. One that is not taken
 * is tried again, alone, later and later, and holds up its key alone; after a time it is a dead letter. Where very many keys are
 * held up, what is not taken waits in the outbox until it is tried again, and what is behind it of its key is passed by.
 */
import type { OutboxAsideQuery, OutboxEntry, OutboxEvent, OutboxPlaceQuery, SettledEvents } from '../engine/types.ts';
import type { Clock } from '../lib/clock.ts';
import { type Chain, OrderedWindow, type PassedRange, windowMax } from '../lib/ordered-window.ts';
import { Pace } from './pace.ts';
import type { EventMessage, EventTarget } from './target.ts';

const underWayMax = 16;
const pauseMsMax = 60_000;
/** Of what it holds that is read at once of events that may not be taken either. */
const pieceShare = 0.1;
const start = { againMs: -1, sequence: 0 };

/** Events of a key that were passed by. */
export interface Passed extends PassedRange {
  readonly bucket: string;
  readonly key: string | null;
}

type Settling = { readonly [outcome in keyof SettledEvents]-?: Exclude<SettledEvents[outcome], undefined>[number][] };

export interface LaneOptions {
  readonly target: EventTarget;
  readonly messageOf: (event: OutboxEvent) => string;
  readonly clock: Clock;
  readonly retryForMs: number;
  /** Most events that it holds; without it as many as a window does. */
  readonly heldMax?: number | undefined;
  /** Whether something may be sent now that happened then. */
  readonly mayBegin: (sinceMs: number) => boolean;
  readonly signal: AbortSignal;
}

export class Lane {
  readonly #options: LaneOptions;
  readonly #window: OrderedWindow<OutboxEntry>;
  readonly #pieceMax: number;
  readonly #sending = new Set<Promise<void>>();
  #settled: Settling = { delivered: [], dead: [], aside: [] };
  /** Of events that come next, where many are held up. */
  readonly #freshPace: Pace;
  /** Of those that were set aside. */
  readonly #asidePace: Pace;
  /** The last one that was brought back. */
  #back: OutboxAsideQuery['after'] = start;
  delivered = 0;
  failures = 0;
  lastError: string | undefined;
  /** Whether what it holds may not be sent yet, so that nothing more need be taken in. */
  isHeldBack = false;

  constructor(options: LaneOptions) {
    this.#options = options;
    const { clock, heldMax = windowMax } = options;
    this.#window = new OrderedWindow({ clock, keyOf: orderOf, pauseMsMax, heldMax });
    this.#pieceMax = heldMax * pieceShare;
    this.#freshPace = new Pace(options.clock);
    this.#asidePace = new Pace(options.clock);
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
    if (!this.#window.isCrowded) return this.#window.room;
    return this.#freshPace.mayGoOn ? this.#pieceRoom : 0;
  }
  get #pieceRoom(): number {
    return Math.max(0, Math.min(this.#window.room, this.#pieceMax - this.#window.ready.length));
  }

  /** Whether nothing is held, under way, or not yet asked for by `takeSettled`. */
  get isIdle(): boolean {
    const { delivered, dead } = this.#settled;
    return this.#window.isEmpty && this.#sending.size === 0 && delivered.length + dead.length === 0;
  }

  /** Of events that come next those that may be behind one that is set aside, which `add` is to be told. */
  maybeBehind(entries: readonly OutboxEntry[]): readonly OutboxPlaceQuery[] {
    if (!this.#window.hasAside) return [];
    return entries.flatMap((entry) =>
      this.#window.knows(entry) ? [] : [{ target: this.arn, ...nameOf(entry), sequence: entry.sequence }],
    );
  }

  /** Takes in the events that come next. `behind` are those behind one that is set aside, each with its sequence. */
  add(entries: readonly OutboxEntry[], behind: ReadonlyMap<number, number> = new Map()): void {
    if (this.#window.isCrowded && entries.length > 0) this.#freshPace.began(1);
    const over = this.#over();
    const waiting = [...behind].flatMap(([sequence, first]) => (over.has(first) ? [] : [sequence]));
    this.#window.add(entries, new Set(waiting));
  }

  /** Has events that are set aside read whose turn it is. Nothing may be added meanwhile. */
  async bringBack(read: (query: Omit<OutboxAsideQuery, 'target'>) => Promise<readonly OutboxEntry[]>): Promise<void> {
    const limit = this.#window.hasAside && this.#asidePace.mayGoOn ? this.#pieceRoom : 0;
    if (limit === 0) return;
    const found = await read({ nowMs: this.#options.clock.nowMs(), after: this.#back, through: this.last, limit });
    const last = found.length === limit ? found.at(-1) : undefined;
    this.#back = last?.tries === undefined ? start : { againMs: last.tries.againMs, sequence: last.sequence };
    const over = this.#over();
    const due = found.filter((entry) => !over.has(entry.sequence) && !this.#window.knows(entry));
    if (due.length > 0) this.#asidePace.began(due.length / 2);
    this.#window.bringBack(due);
  }

  /** What has come to its end, which the outbox does not know yet. */
  #over(): ReadonlySet<number> {
    return new Set([...this.#settled.delivered, ...this.#settled.dead]);
  }

  /** The outbox knows of events that they are set aside. */
  areAside(sequences: Iterable<number>): void {
    this.#window.areAside(sequences);
  }

  /** Has events that were passed by read, for keys whose turn it is. Nothing may be added meanwhile. */
  async refill(read: (passed: Passed) => Promise<readonly OutboxEntry[]>): Promise<void> {
    await this.#window.refill((settled, range) => read({ ...nameOf(settled), ...range }));
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

  /** What has failed is sent alone, as it may be what has a target refuse all that comes with it. */
  #batchSize(): number {
    const { batchMax = 1 } = this.#options.target;
    const isFresh = (at: number) => this.#window.ready[at]?.hasFailed === false;
    let count = 1;
    if (isFresh(0)) while (count < batchMax && isFresh(count)) count++;
    return count;
  }

  /** What became of events since the last call. */
  takeSettled(): Required<SettledEvents> {
    const settled = this.#settled;
    this.#settled = { delivered: [], dead: [], aside: [] };
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
      if (why !== undefined) await this.#failed(chain, { entry, message, isAlone: sent.length === 1 }, why);
      else {
        this.delivered++;
        (chain.isBack ? this.#asidePace : this.#freshPace).taken();
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
    {
      entry,
      message,
      isAlone,
    }: { readonly entry: OutboxEntry; readonly message: EventMessage; readonly isAlone: boolean },
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
      const againAfterMs = typeof pauseMs === 'number' ? pauseMs : undefined;
      if (isAlone && this.#window.isCrowded) this.#settled.aside.push(this.#window.setAside(chain, againAfterMs));
      else this.#window.failed(chain, againAfterMs);
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

function nameOf({ event }: OutboxEntry): Pick<Passed, 'bucket' | 'key'> {
  return { bucket: event.bucket, key: 'key' in event ? event.key : null };
}

function orderOf({ event }: OutboxEntry): string {
  return 'key' in event ? `${event.bucket}/${event.key}` : event.bucket;
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}
