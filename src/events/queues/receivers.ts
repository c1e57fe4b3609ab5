/**
 * Receivers that wait for messages. Each message that comes wakes one of those at its queue, the one that came first, so that
 * many of them do not look for one message all at once. Whoever looks again by itself now and then misses nothing for long.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Outbox } from '../../engine/types.ts';

/** A receiver from when it first looks until it is answered. */
export interface Receiver {
  /** Ends once a message has come since the last wait, after a time, or when nobody waits any more. */
  wait(forMs: number): Promise<void>;
  /** A message that it was woken for and did not take is another's. */
  leave(): void;
}

interface Waiting {
  readonly arn: string;
  woken: AbortController;
}

export class Receivers {
  readonly #outbox: Pick<Outbox, 'follow'>;
  readonly #closing = new AbortController();
  /** In the order in which they came. */
  readonly #waiting = new Set<Waiting>();
  #unfollow: (() => void) | undefined;

  constructor(outbox: Pick<Outbox, 'follow'>) {
    this.#outbox = outbox;
  }

  /** Of a queue. `gone` says when its client is. */
  join(arn: string, gone: AbortSignal): Receiver {
    const one: Waiting = { arn, woken: new AbortController() };
    this.#waiting.add(one);
    this.#unfollow ??= this.#outbox.follow((placed) => {
      for (const { target } of placed) this.wake(target);
    });
    return {
      wait: async (forMs) => {
        const signal = AbortSignal.any([one.woken.signal, this.#closing.signal, gone]);
        await delay(forMs, undefined, { signal }).catch(() => undefined);
        one.woken = new AbortController();
      },
      leave: () => {
        this.#waiting.delete(one);
        if (one.woken.signal.aborted) this.wake(arn);
        if (this.#waiting.size > 0) return;
        this.#unfollow?.();
        this.#unfollow = undefined;
      },
    };
  }

  /** Has one receiver of a queue look again. */
  wake(arn: string): void {
    for (const one of this.#waiting) {
      if (one.arn !== arn || one.woken.signal.aborted) continue;
      one.woken.abort();
      return;
    }
  }

  get isClosed(): boolean {
    return this.#closing.signal.aborted;
  }

  /** Ends all waiting, from now on. */
  close(): void {
    this.#closing.abort();
  }
}
