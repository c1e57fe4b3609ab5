/**
 * How long a batch gathers before its wave begins.
 *
 * Clients that write one object after another fall into two groups: while one's wave is under way, the other waits for the
 * next. Each wave then carries half of what it could, and costs as much. So when a wave has ended, the next one waits for
 * those who were just answered, until as many commands are there as there were clients, and for a moment at most. Who is
 * alone never waits. If they do not come back in that moment, waiting is not tried again for some waves, each time for twice
 * as many. Nor is it tried with many clients: their waves are shared by enough of them, and two groups keep both the thread and
 * the disks busy.
 *
 * What is noted in the background goes with the wave of those who are expected, and is not expected itself.
 */
import { setTimeout } from 'node:timers';

/** For so long a batch waits, … */
const WAIT_MS = 2;
/** … if its first command came so soon after the last wave. Later, those who were answered then have other plans. */
const RETURN_MS = 4;
const CLIENTS_MAX = 16;
const WAVES_SKIPPED_MAX = 64;

export class Gathering {
  #expected = 0;
  #endedMs = Number.NEGATIVE_INFINITY;
  /** So many waves begin at once before waiting is tried again. */
  #skips = 0;
  #lastSkips = 1;
  #enoughWait: (() => void) | undefined;

  /** A wave has ended: so many commands of clients were in it, or came meanwhile and wait for the next. */
  waveEnded({ commands, nowMs }: { commands: number; nowMs: number }): void {
    this.#expected = commands > CLIENTS_MAX ? 0 : commands;
    this.#endedMs = nowMs;
  }

  /** Another command has come; so many of clients wait now. */
  commandCame(waiting: number): void {
    if (waiting >= this.#expected) this.#enoughWait?.();
  }

  /** Resolves when the next wave is to begin, for which so many commands of clients wait; undefined if that is now. */
  beforeWave({ waiting, nowMs }: { waiting: number; nowMs: number }): Promise<void> | undefined {
    if (waiting >= this.#expected || nowMs - this.#endedMs > RETURN_MS) return undefined;
    if (this.#skips > 0) {
      this.#skips -= 1;
      return undefined;
    }
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#enoughWait = undefined;
        this.#lastSkips = Math.min(2 * this.#lastSkips, WAVES_SKIPPED_MAX);
        this.#skips = this.#lastSkips;
        resolve();
      }, WAIT_MS);
      this.#enoughWait = () => {
        this.#enoughWait = undefined;
        this.#lastSkips = 1;
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
