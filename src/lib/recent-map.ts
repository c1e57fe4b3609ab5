/**
 * A map that is bounded: what was not used of late makes room for what is new. It keeps two generations, so that finding
 * what is used often is one lookup and moves nothing: when half of the room is full of what was used of late, all that was
 * not used since the last time this happened goes.
 *
 * Then not all that is new need be let in: to whoever goes through more keys than there is room for, over and over, a map that
 * takes all of them is of no use, as each has gone by the time that it is asked for again.
 */

export class RecentMap<K, V> {
  #recent = new Map<K, V>();
  #older = new Map<K, V>();
  readonly #generationMax: number;
  readonly #admitsEvery: number;
  #refused = 0;

  /**
   * Keeps at most `sizeMax` values, and at least the half of it that was used last. Once that is full it takes one of so many
   * that are new.
   */
  constructor(sizeMax: number, { admitsEvery = 1 } = {}) {
    this.#admitsEvery = admitsEvery;
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
    if (!this.#older.delete(key) && !this.#admits(key)) return;
    this.#recent.set(key, value);
    if (this.#recent.size < this.#generationMax) return;
    this.#older = this.#recent;
    this.#recent = new Map();
  }

  #admits(key: K): boolean {
    if (this.#admitsEvery === 1 || this.#older.size === 0 || this.#recent.has(key)) return true;
    this.#refused = (this.#refused + 1) % this.#admitsEvery;
    return this.#refused === 0;
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
