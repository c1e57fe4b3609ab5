/**
 * Events as they enter the outbox, for an operator who looks on. Nothing is kept while nobody does: the first look begins it,
 * and it ends when nobody has looked for a while. What is kept is bounded, and a look takes a page at most; whoever looks
 * too seldom is told that some have passed.
 */
import type { Outbox, PlacedEvent } from '../engine/types.ts';
import type { Clock } from '../lib/clock.ts';
import { randomHex } from '../lib/ids.ts';

const keptBytesMax = 10_000_000;
const pageBytesMax = 300_000;
/** What an event is taken to have, beside the text of a message. */
const eventBytes = 1000;
/** How long events are kept for whoever has looked last. */
const keptForMs = 30_000;

export interface TailedEvent {
  /** When it happened, as ISO 8601 has it. */
  readonly time: string;
  readonly target: string;
  /** By AWS's name, without `s3:`; or kind of message of a topic. */
  readonly event: string;
  /** Absent for messages that are on no bucket. */
  readonly bucket?: string;
  readonly key?: string;
  /** What the target is sent: JSON as a value, anything else as text. */
  readonly message: unknown;
}

export interface TailPage {
  readonly events: readonly TailedEvent[];
  /** Where the next look goes on. */
  readonly next: string;
  /** Whether some between the last look and these are not known any more. */
  readonly hasGap: boolean;
}

export interface EventTailOptions {
  readonly outbox: Pick<Outbox, 'follow'>;
  /** Text of what a target is sent of an event. */
  readonly messageOf: (arn: string, event: PlacedEvent['event']) => string;
  readonly clock: Clock;
}

export class EventTail {
  readonly #options: EventTailOptions;
  /** Of this time of following; empty while nobody looks. */
  #name = '';
  #kept: PlacedEvent[] = [];
  #keptBytes = 0;
  /** How many of this time are not kept any more. */
  #gone = 0;
  #lookedMs = 0;
  #unfollow: (() => void) | undefined;

  constructor(options: EventTailOptions) {
    this.#options = options;
  }

  /** Events behind a place, which the last look has said; without one, where those begin that come from now on. */
  look(place?: string): TailPage {
    const { outbox, clock } = this.#options;
    this.#lookedMs = clock.nowMs();
    if (this.#name === '') {
      this.#name = randomHex(8);
      this.#unfollow = outbox.follow((placed) => this.#take(placed));
    }
    if (place === undefined) return this.#page(this.#gone + this.#kept.length, { hasGap: false });
    const [name, digits = ''] = place.split('.');
    const isKnown = name === this.#name && /^\d{1,15}$/.test(digits);
    const from = isKnown ? Number(digits) : this.#gone;
    return this.#page(Math.max(from, this.#gone), { hasGap: !isKnown || from < this.#gone });
  }

  #page(from: number, { hasGap }: { hasGap: boolean }): TailPage {
    const found: PlacedEvent[] = [];
    for (let bytes = 0, at = from - this.#gone; bytes < pageBytesMax; at++) {
      const next = this.#kept[at];
      if (next === undefined) break;
      found.push(next);
      bytes += bytesOf(next);
    }
    const events = found.map((placed) => describe(placed, this.#options.messageOf));
    return { events, next: `${this.#name}.${from + found.length}`, hasGap };
  }

  #take(placed: readonly PlacedEvent[]): void {
    if (this.#options.clock.nowMs() - this.#lookedMs > keptForMs) {
      this.#unfollow?.();
      [this.#name, this.#kept, this.#keptBytes, this.#gone] = ['', [], 0, 0];
      return;
    }
    for (const one of placed) this.#keptBytes += bytesOf(one);
    this.#kept.push(...placed);
    let surplus = 0;
    for (const one of this.#kept) {
      if (this.#keptBytes <= keptBytesMax) break;
      this.#keptBytes -= bytesOf(one);
      surplus++;
    }
    if (surplus > 0) this.#kept.splice(0, surplus);
    this.#gone += surplus;
  }
}

function bytesOf({ event }: PlacedEvent): number {
  return eventBytes + ('message' in event ? event.message.length : 0);
}

function describe({ target, event }: PlacedEvent, messageOf: EventTailOptions['messageOf']): TailedEvent {
  const isOnBucket = !event.bucket.startsWith('arn:');
  return {
    ...{ time: new Date(event.atMs).toISOString(), target, event: event.event },
    ...(isOnBucket && { bucket: event.bucket, ...('key' in event && { key: event.key }) }),
    message: asValue(messageOf(target, event)),
  };
}

function asValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
