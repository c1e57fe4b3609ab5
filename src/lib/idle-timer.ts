/** How long threads and memory are kept that nobody uses: what comes every few seconds finds them, what has ended leaves nothing. */
export const keptIdleMs = 5000;

/** Calls back when nothing was noted for some time. Keeps no process alive. */
export class IdleTimer {
  readonly #idleMs: number;
  readonly #whenIdle: () => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(idleMs: number, whenIdle: () => void) {
    this.#idleMs = idleMs;
    this.#whenIdle = whenIdle;
  }

  /** The time begins anew. */
  note(): void {
    if (this.#timer) this.#timer.refresh();
    else this.#timer = setTimeout(this.#whenIdle, this.#idleMs).unref();
  }
}
