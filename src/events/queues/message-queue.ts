/**
 * A queue of events that clients fetch, as SQS gives out messages: whoever received one has it for a while, and it is given to
 * another unless it was deleted by then, or to a queue of dead letters when it was received too often. The messages are the events
 * in the outbox: here is only which of them are out, which a start forgets, so that all are given out again.
 */
import type { Outbox, OutboxEntry, OutboxEvent, QueueMessage } from '../../engine/types.ts';
import type { Clock } from '../../lib/clock.ts';
import { Turns } from '../../lib/turns.ts';
import { QueueError } from './errors.ts';
import { type QueueAttributes, type QueueSettings, settingsOf } from './queue-settings.ts';

/** As SQS has it. */
const inFlightMax = 120_000;
const purgedAtOnce = 1000;
/** From one receive on, however often that is prolonged. */
const hiddenMsMax = 12 * 60 * 60 * 1000;

/** A message that somebody has received. */
interface Out {
  /** When it is given out again. */
  readonly untilMs: number;
  /** When it was last received. */
  readonly receivedMs: number;
  /** 0 for one that is delayed. */
  readonly receives: number;
  readonly firstReceivedMs: number | undefined;
}

export interface Received {
  readonly entry: OutboxEntry;
  readonly receives: number;
  readonly firstReceivedMs: number;
}

/** What a queue was given. */
export interface QueueState {
  readonly attributes: QueueAttributes;
  readonly tags: Readonly<Record<string, string>>;
  /** Absent for a queue of the configuration. */
  readonly createdMs?: number;
  readonly modifiedMs?: number;
}

export interface QueueOptions {
  readonly arn: string;
  readonly state: QueueState;
  readonly outbox: Outbox;
  readonly clock: Clock;
  /** Moves a message to the queue of the dead letters; resolves to false where there is none that takes it. */
  readonly bury: (entry: OutboxEntry, from: MessageQueue) => Promise<boolean>;
}

export class MessageQueue {
  readonly arn: string;
  #state: QueueState;
  #settings: QueueSettings;
  readonly #outbox: Outbox;
  readonly #clock: Clock;
  readonly #bury: QueueOptions['bury'];
  /** By sequence, in the order in which they were first given out. */
  readonly #out = new Map<number, Out>();
  /** Before this none of those comes back. */
  #backFromMs = Number.POSITIVE_INFINITY;
  /** Sequence up to which all have been given out at least once. */
  #last = 0;
  readonly #turns = new Turns<string>();

  constructor({ arn, state, outbox, clock, bury }: QueueOptions) {
    this.arn = arn;
    this.#state = state;
    this.#settings = settingsOf(state.attributes);
    this.#outbox = outbox;
    this.#clock = clock;
    this.#bury = bury;
  }

  get state(): QueueState {
    return this.#state;
  }
  set state(state: QueueState) {
    this.#state = state;
    this.#settings = settingsOf(state.attributes);
  }
  get settings(): QueueSettings {
    return this.#settings;
  }
  /** Before this nothing comes back that is out or delayed. */
  get backFromMs(): number {
    return this.#backFromMs;
  }

  /** The next messages, hidden from others for a time. Throws OverLimit. */
  receive({ max, visibilityMs }: { max: number; visibilityMs: number }): Promise<readonly Received[]> {
    return this.#turns.take('receive', async () => {
      const nowMs = this.#clock.nowMs();
      const entries = await this.#returned({ nowMs, max });
      if (entries.length < max) {
        if (this.#out.size >= inFlightMax)
          throw new QueueError('OverLimit', 'Too many messages are received and not deleted.');
        entries.push(...(await this.#fresh({ nowMs, max: max - entries.length })));
      }
      return entries.map((entry) => {
        const known = this.#out.get(entry.sequence);
        const out = {
          untilMs: nowMs + visibilityMs,
          receivedMs: nowMs,
          receives: (known?.receives ?? 0) + 1,
          firstReceivedMs: known?.firstReceivedMs ?? nowMs,
        };
        this.#putOut(entry.sequence, out);
        return { entry, receives: out.receives, firstReceivedMs: out.firstReceivedMs };
      });
    });
  }

  /** Deletes messages; those that are not there any more were deleted before. */
  async delete(sequences: readonly number[]): Promise<void> {
    const there = await Promise.all(sequences.map((sequence) => this.#find(sequence)));
    const delivered = there.flatMap((entry) => (entry === undefined ? [] : [entry.sequence]));
    if (delivered.length > 0) await this.#outbox.settle({ delivered, dead: [] });
    for (const sequence of sequences) this.#out.delete(sequence);
  }

  /** Hides a message that is out for so long from now on; 0 gives it to whoever comes next. Throws MessageNotInflight, InvalidParameterValue. */
  hide({ sequence, forMs }: { sequence: number; forMs: number }): void {
    const out = this.#out.get(sequence);
    const nowMs = this.#clock.nowMs();
    if (out === undefined || out.receives === 0 || out.untilMs <= nowMs) {
      throw new QueueError('AWS.SimpleQueueService.MessageNotInflight', 'The message is not in flight.');
    }
    if (nowMs + forMs - out.receivedMs > hiddenMsMax) {
      throw new QueueError(
        'InvalidParameterValue',
        `Value ${forMs / 1000} for parameter VisibilityTimeout is invalid. Reason: Total VisibilityTimeout for the message is beyond the limit [${hiddenMsMax / 1000} seconds].`,
      );
    }
    this.#putOut(sequence, { ...out, untilMs: nowMs + forMs });
  }

  async purge(): Promise<void> {
    for (;;) {
      const entries = await this.#list({ after: 0, limit: purgedAtOnce });
      if (entries.length === 0) return;
      await this.delete(entries.map(({ sequence }) => sequence));
    }
  }

  /**
   * Gives the next messages behind a place to whoever takes them away, with no receiver in between; those that are out or delayed, or
   * have come after a time, stay. Says where the next ones begin, if there are any.
   */
  give(
    { after, max, untilMs }: { after: number; max: number; untilMs: number },
    take: (entries: readonly OutboxEntry[]) => Promise<void>,
  ): Promise<{ readonly given: number; readonly next: number | undefined }> {
    return this.#turns.take('receive', async () => {
      const nowMs = this.#clock.nowMs();
      const entries = await this.#list({ after, limit: max });
      const given = entries.filter((entry) => {
        const isHere = (this.#out.get(entry.sequence)?.untilMs ?? this.#visibleFromMs(entry)) <= nowMs;
        return isHere && entry.event.atMs <= untilMs && !this.#isOld(entry, nowMs);
      });
      if (given.length > 0) await take(given);
      for (const { sequence } of given) this.#out.delete(sequence);
      return { given: given.length, next: entries.length < max ? undefined : entries.at(-1)?.sequence };
    });
  }

  /** How many messages wait to be received, how many are out, and how many that were passed are delayed. */
  async sizes(): Promise<{ waiting: number; out: number; delayed: number }> {
    const sizes = await this.#outbox.sizes();
    const all = sizes.find(({ target, isDead }) => target === this.arn && !isDead)?.events ?? 0;
    const nowMs = this.#clock.nowMs();
    const hidden = [...this.#out.values()].filter(({ untilMs }) => untilMs > nowMs);
    const delayed = hidden.filter(({ receives }) => receives === 0).length;
    return { waiting: Math.max(0, all - hidden.length), out: hidden.length - delayed, delayed };
  }

  /** Messages that were never out. Those that are delayed are passed, and come back when it is their time; those that are too old go. */
  async #fresh({ nowMs, max }: { nowMs: number; max: number }): Promise<OutboxEntry[]> {
    const found: OutboxEntry[] = [];
    const old: number[] = [];
    while (found.length < max) {
      const limit = max - found.length;
      const more = await this.#list({ after: this.#last, limit });
      this.#last = more.at(-1)?.sequence ?? this.#last;
      for (const entry of more) {
        const untilMs = this.#visibleFromMs(entry);
        if (this.#isOld(entry, nowMs)) old.push(entry.sequence);
        else if (untilMs > nowMs)
          this.#putOut(entry.sequence, { untilMs, receivedMs: nowMs, receives: 0, firstReceivedMs: undefined });
        else found.push(entry);
      }
      if (more.length < limit) break;
    }
    if (old.length > 0) await this.#outbox.settle({ delivered: old, dead: [] });
    return found;
  }

  /** Messages that were out and come back. Those that were received too often go where dead letters do. */
  async #returned({ nowMs, max }: { nowMs: number; max: number }): Promise<OutboxEntry[]> {
    if (nowMs < this.#backFromMs) return [];
    const found: OutboxEntry[] = [];
    const { receivesMax = Number.POSITIVE_INFINITY } = this.#settings.deadLetters ?? {};
    for (const [sequence, { receives }] of this.#due(nowMs)) {
      if (found.length === max) break;
      const entry = await this.#find(sequence);
      if (entry === undefined) this.#out.delete(sequence);
      else if (this.#isOld(entry, nowMs)) await this.delete([sequence]);
      else if (receives >= receivesMax && (await this.#bury(entry, this))) this.#out.delete(sequence);
      else found.push(entry);
    }
    return found;
  }

  /** Those that come back by now. */
  #due(nowMs: number): readonly (readonly [sequence: number, Out])[] {
    const due: [number, Out][] = [];
    let nextMs = Number.POSITIVE_INFINITY;
    for (const one of this.#out) {
      if (one[1].untilMs <= nowMs) due.push(one);
      else nextMs = Math.min(nextMs, one[1].untilMs);
    }
    this.#backFromMs = due.length > 0 ? nowMs : nextMs;
    return due;
  }

  #putOut(sequence: number, out: Out): void {
    this.#out.set(sequence, out);
    this.#backFromMs = Math.min(this.#backFromMs, out.untilMs);
  }

  #isOld({ event }: OutboxEntry, nowMs: number): boolean {
    const { retentionMs } = this.#settings;
    return retentionMs !== undefined && nowMs - event.atMs > retentionMs;
  }

  /** Who sends says how long a message is delayed; of an event the queue does. */
  #visibleFromMs({ event }: OutboxEntry): number {
    return isSent(event) ? (event.visibleFromMs ?? 0) : event.atMs + this.#settings.delayMs;
  }

  async #find(sequence: number): Promise<OutboxEntry | undefined> {
    const [entry] = await this.#list({ after: sequence - 1, limit: 1 });
    return entry?.sequence === sequence ? entry : undefined;
  }

  async #list(range: { after: number; limit: number }): Promise<OutboxEntry[]> {
    return [...(await this.#outbox.list({ target: this.arn, ...range }))];
  }
}

/** Whether it was sent to the queue, and is no event. */
export function isSent(event: OutboxEvent): event is QueueMessage {
  return 'messageId' in event && !('topic' in event);
}
