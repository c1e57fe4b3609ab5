/**
 * Events that nobody takes: for targets that are not there, of rules that skipped the validation or outlived their target, and in
 * queues that keep messages for a time. What has waited too long is forgotten, so that the outbox is bounded.
 */
import type { Outbox } from '../engine/types.ts';
import type { Clock } from '../lib/clock.ts';

const lookEveryMs = 60 * 60 * 1000;
/** Events that are forgotten by one commit. */
const atOnce = 1000;

export interface UnclaimedOptions {
  readonly outbox: Pick<Outbox, 'sizes' | 'list' | 'settle'>;
  /** How long what is for an ARN is kept; undefined where it is kept until it is taken. */
  readonly keepForMsOf: (arn: string) => number | undefined;
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
    const { outbox, keepForMsOf, clock } = this.#options;
    const nowMs = clock.nowMs();
    if (nowMs < this.#nextLookMs) return 0;
    this.#nextLookMs = nowMs + lookEveryMs;
    let forgotten = 0;
    for (const { target, isDead } of await outbox.sizes()) {
      const keepForMs = isDead ? undefined : keepForMsOf(target);
      if (keepForMs !== undefined) forgotten += await this.#forget(target, nowMs - keepForMs);
    }
    this.forgotten += forgotten;
    return forgotten;
  }

  async #forget(target: string, beforeMs: number): Promise<number> {
    const { outbox } = this.#options;
    for (let total = 0; ; ) {
      const events = await outbox.list({ target, after: 0, limit: atOnce });
      const old = events.filter(({ event }) => event.atMs < beforeMs).map(({ sequence }) => sequence);
      if (old.length > 0) await outbox.settle({ delivered: old, dead: [] });
      total += old.length;
      if (old.length < atOnce) return total;
    }
  }
}
