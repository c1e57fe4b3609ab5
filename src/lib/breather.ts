/** Long work on the main thread gives way to what else waits there: it takes a breath now and then. */
import { setImmediate } from 'node:timers/promises';

/** What one request may have to wait for such work. */
const TURN_MS_MAX = 1;

export class Breather {
  #turnStartedMs = performance.now();

  /** Lets other work run, if this one has had the thread for a while. */
  async breathe(): Promise<void> {
    if (performance.now() - this.#turnStartedMs < TURN_MS_MAX) return;
    await setImmediate();
    this.#turnStartedMs = performance.now();
  }
}
