/**
 * What is on its way to one destination: changes of a key in their order, those of different keys beside each other, so many at
 * once, of a window of what waits in the queue. While the destination is away one change at a time shows whether it still is, less
 * and less often; once one gets through, all go on at once.
 */
import type { ReplicationEntry } from '../engine/replication/types.ts';
import type { Clock } from '../lib/clock.ts';
import { type Chain, OrderedWindow, type PassedRange } from '../lib/ordered-window.ts';

const pauseMsMax = 5 * 60_000;
const awayMsMin = 500;
const awayMsMax = 15_000;

/** What came of an attempt. */
export type Attempt =
  | { readonly outcome: 'settled' }
  /** To be tried again. */
  | { readonly outcome: 'failed' }
  /** To be gone on with after a pause: nothing has failed. */
  | { readonly outcome: 'unfinished'; readonly afterMs: number }
  /** To be tried again, as any other would be: the destination is away. */
  | { readonly outcome: 'away' }
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

/** Looks wait for a while, beside the changes of the key. */
function keyOf({ bucketId, key, look }: ReplicationEntry): string {
  return look === undefined ? `${bucketId}/${key}` : `looks ${bucketId}/${key}`;
}

export class ReplicationLane {
  readonly #options: LaneOptions;
  readonly #window: OrderedWindow<ReplicationEntry>;
  readonly #underWay = new Set<Promise<void>>();
  /** Whether what it holds may not be begun yet, so that nothing more need be taken in. */
  isHeldBack = false;
  /** How often in a row the destination was found to be away, and until when that is taken for granted. */
  #away = { times: 0, untilMs: 0 };

  constructor(options: LaneOptions) {
    this.#options = options;
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
    await this.#window.refill(async (settled, { after, ...range }) => {
      const { bucketId, key } = settled;
      const found: ReplicationEntry[] = [];
      for (let from = after; ; ) {
        const page = await read({ bucketId, key, after: from, ...range });
        found.push(...page.filter((entry) => keyOf(entry) === keyOf(settled)));
        if (page.length < range.limit || found.length >= range.limit) return found.slice(0, range.limit);
        from = page.at(-1)?.sequence ?? from;
      }
    });
  }

  /** Begins what can be begun now. */
  pump(): void {
    const { signal, clock } = this.#options;
    if (signal.aborted || clock.nowMs() < this.#away.untilMs) return;
    this.#window.wake();
    if (this.isAway && this.#window.ready.length === 0) this.#window.wakeNext();
    while (this.#underWay.size < this.#atOnceMax && this.#mayBegin()) {
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

  /** Whether the destination was away when it was tried last. */
  get isAway(): boolean {
    return this.#away.times > 0;
  }

  get #atOnceMax(): number {
    return this.isAway ? 1 : this.#options.underWayMax;
  }

  #mayBegin(): boolean {
    const [entry] = this.#window.ready[0]?.entries ?? [];
    const mayBegin = entry !== undefined && this.#options.mayBegin(entry);
    this.isHeldBack = entry !== undefined && !mayBegin;
    return mayBegin;
  }

  async #work(chain: Chain<ReplicationEntry>, entry: ReplicationEntry): Promise<void> {
    const attempt = await this.#options.attempt(entry);
    const { outcome } = attempt;
    if (outcome === 'settled') this.#window.settled(chain, entry);
    else if (outcome === 'unfinished') this.#window.failed(chain, attempt.afterMs);
    else if (outcome !== 'abandoned') this.#window.failed(chain);
    // What has only begun to wait says nothing of the destination.
    if (outcome === 'away') this.#noteAway();
    else if (outcome !== 'abandoned' && outcome !== 'unfinished') this.#noteThere();
  }

  /** Those that were under way when it went tell it once. */
  #noteAway(): void {
    const nowMs = this.#options.clock.nowMs();
    if (nowMs < this.#away.untilMs) return;
    const times = this.#away.times + 1;
    this.#away = { times, untilMs: nowMs + Math.min(awayMsMin * 2 ** (times - 1), awayMsMax) };
  }

  /** What had to wait for the destination waits no more. A single failure may have been the change's own. */
  #noteThere(): void {
    const { times } = this.#away;
    this.#away = { times: 0, untilMs: 0 };
    if (times > 1) this.#window.wakeAll();
  }
}
