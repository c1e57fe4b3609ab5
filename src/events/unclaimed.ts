/**
 * Events for targets that are not there, of rules that skipped the validation or outlived their target. They wait for it, as
 * it may come back, but not for ever: what has waited too long is forgotten, so that the outbox is bounded.
 */
import type { Outbox } from '../engine/types.ts';
import type { Clock } from '../lib/clock.ts';

const lookEveryMs = 60 * 60 * 1000;
/** Events that are forgotten by one commit. */
const atOnce = 1000;

export interface UnclaimedOptions {
  readonly outbox: Pick<Outbox, 'sizes' | 'list' | 'settle'>;
  /** Whether there is a target of this ARN, or somebody who fetches what is for it. */
  readonly isThere: (arn: string) => boolean;
  readonly keepForMs: number;
  readonly clock: Clock;
}

export class Unclaimed {
  readonly #options: UnclaimedOptions;
  #nextLookMs = 0;
  forgotten = 0;

  constructor(options: UnclaimedOptions) {
    this.#options = options;
  }

  /** Forgets what has waited too long, once an hour; returns how many events that were. */
  async look(): Promise<number> {
    const { outbox, isThere, clock } = this.#options;
    const nowMs = clock.nowMs();
    if (nowMs < this.#nextLookMs) return 0;
    this.#nextLookMs = nowMs + lookEveryMs;
    let forgotten = 0;
    for (const { target, isDead } of await outbox.sizes()) {
      if (!isDead && !isThere(target)) forgotten += await this.#forget(target, nowMs);
    }
    this.forgotten += forgotten;
    return forgotten;
  }

  async #forget(target: string, nowMs: number): Promise<number> {
    const { outbox, keepForMs } = this.#options;
    for (let total = 0; ; ) {
      const events = await outbox.list({ target, after: 0, limit: atOnce });
      const old = events.filter(({ event }) => nowMs - event.atMs > keepForMs).map(({ sequence }) => sequence);
      if (old.length > 0) await outbox.settle({ delivered: old, dead: [] });
      total += old.length;
      if (old.length < atOnce) return total;
    }
  }
}
