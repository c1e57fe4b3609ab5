/** Work that must not overlap with other work of the same key: what reads something, decides on it and writes it back. */
export class Turns<K> {
  readonly #last = new Map<K, Promise<unknown>>();

  /** Runs when all that was given before for the key has ended, however it ended. */
  take<T>(key: K, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key) ?? Promise.resolve();
    const turn = before.then(work);
    const ended: Promise<void> = turn.then(
      () => this.#forget(key, ended),
      () => this.#forget(key, ended),
    );
    this.#last.set(key, ended);
    return turn;
  }

  #forget(key: K, ended: Promise<unknown>): void {
    if (this.#last.get(key) === ended) this.#last.delete(key);
  }
}
