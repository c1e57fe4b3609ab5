/** An index whose events go to a target that refuses some keys, by a driven clock. */
import { expect } from 'vitest';
import { createOutbox } from '../../src/engine/events/outbox.ts';
import type { OutboxEvent } from '../../src/engine/types.ts';
import { allTaken, NotTaken, type NotTakenWhy } from '../../src/events/target.ts';
import { Unclaimed } from '../../src/events/unclaimed.ts';
import { type Delivery, deliverEvents } from '../../src/jobs/deliver-events.ts';
import { Deference } from '../../src/lib/deference.ts';
import { createLog } from '../../src/lib/log.ts';
import type { Index } from '../../src/meta/types.ts';
import { IndexFixture } from './index-fixture.ts';

const target = 'arn:aws:sqs:us-east-1:000000000000:picky';

export interface RefusingTargetOptions {
  /** Most events that are held; as many as in a server without it. */
  readonly heldMax?: number;
  readonly batchMax?: number;
  readonly retryForMs?: number;
}

export class RefusingTarget {
  readonly #options: RefusingTargetOptions;
  readonly #fixture = new IndexFixture();
  readonly #clock = { now: 1_000_000, nowMs: () => this.#clock.now };
  #index: Index | undefined;
  #delivery: Delivery | undefined;
  #posted = 0;
  takes = (_key: string, _number: number): boolean => false;
  /** What it was sent, and what of that it took: keys, each with the number of its event. */
  attempts: string[] = [];
  taken: string[] = [];

  constructor(options: RefusingTargetOptions = {}) {
    this.#options = options;
  }

  get index(): Index {
    if (this.#index === undefined) throw new Error('The index is not open');
    return this.#index;
  }

  async start(): Promise<void> {
    this.#index = await this.#fixture.open();
    this.#delivery = this.#deliver();
  }

  async stop(): Promise<void> {
    await this.#delivery?.close();
    await this.index.close();
    this.#index = undefined;
  }

  async remove(): Promise<void> {
    await this.#index?.close();
    this.#fixture.remove();
  }

  /** An event on each of these keys, in their order. */
  async post(...keys: readonly string[]): Promise<void> {
    const event = { event: 'Message', atMs: this.#clock.now, bucket: 'b', message: '' } as const;
    for (let at = 0; at < keys.length; at += 1000) {
      const messages = keys
        .slice(at, at + 1000)
        .map((key) => ({ target, event: { ...event, key, messageId: `${key} ${this.#posted++}` } }));
      await this.index.submit({ type: 'post-messages', messages });
    }
  }

  async step(afterMs: number): Promise<void> {
    this.#clock.now += afterMs;
    await this.#delivery?.job.step();
    await new Promise<void>((done) => setImmediate(done));
  }

  /** Goes on until it has taken so many; returns how long that took by the clock. */
  async untilTaken(count: number): Promise<number> {
    const fromMs = this.#clock.now;
    while (this.taken.length < count) {
      expect(this.#clock.now - fromMs, `${this.taken.length} of ${count} are taken`).toBeLessThan(600_000);
      await this.step(1000);
    }
    await this.step(0);
    return this.#clock.now - fromMs;
  }

  async left(isDead = false): Promise<number> {
    return (await this.index.countEvents()).find((size) => size.isDead === isDead)?.events ?? 0;
  }

  #deliver() {
    const { heldMax, batchMax = 1, retryForMs = Number.MAX_SAFE_INTEGER } = this.#options;
    const clock = this.#clock;
    const outbox = createOutbox({ index: this.index, clock });
    return deliverEvents({
      outbox,
      targets: () => [
        { arn: target, batchMax, send: async (messages) => this.#send(messages.map(({ text }) => text)) },
      ],
      messageOf: (_arn, event: OutboxEvent) => ('messageId' in event ? event.messageId : ''),
      deference: new Deference({ foreground: { isBusy: false }, clock, patienceMs: 1 }),
      clock,
      log: createLog('silent'),
      unclaimed: new Unclaimed({ outbox, keepForMsOf: () => undefined, clock }),
      retryForMs,
      ...(heldMax !== undefined && { heldMax }),
    });
  }

  /** It cannot say which of several it does not take. */
  #send(texts: readonly string[]): NotTakenWhy {
    this.attempts.push(...texts);
    if (!texts.every((text) => this.takes(keyOf(text), numberOf(text)))) throw new NotTaken('refused');
    this.taken.push(...texts);
    return allTaken;
  }
}

export function keyOf(text: string): string {
  return text.slice(0, text.indexOf(' '));
}

function numberOf(text: string): number {
  return Number(text.slice(text.indexOf(' ')));
}

export function numbered(name: string, count: number): string[] {
  return Array.from({ length: count }, (_, n) => `${name}-${n}`);
}

/** Twice as many keys as are held are refused, and all others pass; what is refused comes in its order once it is taken. */
export async function refuseMoreThanIsHeld(
  there: RefusingTarget,
  heldMax: number,
): Promise<{ passedMs: number; backMs: number }> {
  const refused = numbered('refused', 2 * heldMax + heldMax / 20 + 5);
  // Some of these are read with the first events of their keys.
  const twice = [...refused.slice(-heldMax / 20), ...refused.slice(0, heldMax / 20)];
  const good = numbered('good', heldMax / 5);
  const later = numbered('good-later', heldMax / 5);
  await there.start();
  await there.post(...refused, ...good);
  // The second event of a key would be taken, were it sent before the first.
  there.takes = (key, number) => key.startsWith('good') || number >= refused.length;
  const passedMs = await there.untilTaken(good.length);
  await there.post(...twice, ...later);
  // Once some pass they go as fast as they come.
  expect(await there.untilTaken(good.length + later.length)).toBeLessThan(20_000);
  expect(there.taken.map(keyOf)).toEqual([...good, ...later]);
  // What is refused is tried again, and no more of it at a time.
  there.attempts = [];
  for (let seconds = 0; seconds < 60; seconds++) await there.step(1000);
  expect(there.attempts.length).toBeGreaterThan(heldMax);
  expect(there.attempts.length).toBeLessThan(3 * heldMax);
  await there.stop();

  await there.start();
  there.taken = [];
  const all = refused.length + twice.length;
  expect(await there.left()).toBe(all);
  await there.post('good-last');
  await there.untilTaken(1);
  expect(there.taken.map(keyOf)).toEqual(['good-last']);
  there.takes = () => true;
  const backMs = await there.untilTaken(all + 1);
  expect(await there.left()).toBe(0);
  // Each once, and those of a key in their order.
  expect(new Set(there.taken).size).toBe(there.taken.length);
  const numbersOf = Map.groupBy(there.taken, keyOf);
  for (const key of twice) {
    const numbers = (numbersOf.get(key) ?? []).map(numberOf);
    expect(numbers).toHaveLength(2);
    expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
  }
  await there.stop();
  return { passedMs, backMs };
}
