/** Chance that can be had again: the same seed gives the same numbers (mulberry32). */
import { seededBytes } from './seeded-bytes.ts';

/** The seed of this run: always the same, unless NINEFOLD_TEST_SEED gives another. */
export function testSeed(usual: number): number {
  return Number(process.env['NINEFOLD_TEST_SEED'] ?? usual);
}

export class SeededRandom {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A whole number from 0 up to but not including `limit`. */
  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit);
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new Error('nothing to pick from');
    return item;
  }

  bytes(length: number): Buffer {
    return seededBytes(this.below(2 ** 32), length);
  }
}
