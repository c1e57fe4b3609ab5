/**
 * A map that is bounded: what was not used of late makes room for what is new. It keeps two generations, so that finding
 * what is used often is one lookup and moves nothing: when half of the room is full of what was used of late, all that was
 * not used since the last time this happened goes.
 */

export class RecentMap<K, V> {
  #recent = new Map<K, V>();
  #older = new Map<K, V>();
  readonly #generationMax: number;

  /** Keeps at most `sizeMax` values, and at least the half of it that was used last. */
  constructor(sizeMax: number) {
    this.#generationMax = Math.max(1, Math.floor(sizeMax / 2));
  }

  get(key: K): V | undefined {
    const value = this.#recent.get(key);
    if (value !== undefined) return value;
    const older = this.#older.get(key);
    if (older !== undefined) this.set(key, older);
    return older;
  }

  set(key: K, value: V): void {
    this.#older.delete(key);
    this.#recent.set(key, value);
    if (this.#recent.size < this.#generationMax) return;
    this.#older = this.#recent;
    this.#recent = new Map();
  }

  delete(key: K): void {
    this.#recent.delete(key);
    this.#older.delete(key);
  }

  clear(): void {
    this.#recent.clear();
    this.#older.clear();
  }
}
