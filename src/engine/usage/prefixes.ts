/**
 * Totals of a bucket and of its prefixes, of keys that come in order: so the keys of a prefix are together, and no more
 * than one prefix of each depth is open at a time. Of the others those are kept that have a share worth telling, as AWS's
 * Storage Lens has it: one in a hundred of all bytes at least, down to the fifth delimiter. Pure.
 */
import { addTotals, bytesOf, noTotals, type Totals } from './totals.ts';

const delimiter = '/';
export const depthMax = 5;
const shareMin = 0.01;
/** More of one depth cannot have such a share. */
const keptMax = Math.round(1 / shareMin);

export interface PrefixTotals {
  /** With its last delimiter. */
  readonly prefix: string;
  readonly totals: Totals;
}

export class PrefixTally {
  /** What all keys begin with. */
  readonly #root: string;
  readonly #all = noTotals();
  /** From the shortest to the longest; each is part of the one before. */
  readonly #open: PrefixTotals[] = [];
  /** Those that are done, by depth. */
  readonly #done: PrefixTotals[][] = Array.from({ length: depthMax }, () => []);

  constructor(root: string) {
    this.#root = root;
  }

  /** What a version or an upload of a key is to be added to. Keys come in order. */
  of(key: string): Totals {
    while (this.#open.length > 0 && !key.startsWith(this.#open.at(-1)?.prefix ?? '')) this.#close();
    let at = key.indexOf(delimiter, (this.#open.at(-1)?.prefix ?? this.#root).length);
    while (at !== -1 && this.#open.length < depthMax) {
      this.#open.push({ prefix: key.slice(0, at + 1), totals: noTotals() });
      at = key.indexOf(delimiter, at + 1);
    }
    return this.#open.at(-1)?.totals ?? this.#all;
  }

  /** Once all keys have come. Prefixes are in order. */
  finish(): { totals: Totals; prefixes: readonly PrefixTotals[] } {
    while (this.#open.length > 0) this.#close();
    const least = bytesOf(this.#all) * shareMin;
    const prefixes = this.#done.flat().filter(({ totals }) => bytesOf(totals) >= least);
    return { totals: this.#all, prefixes: prefixes.toSorted((one, other) => (one.prefix < other.prefix ? -1 : 1)) };
  }

  #close(): void {
    const closed = this.#open.pop();
    if (closed === undefined) return;
    addTotals(this.#open.at(-1)?.totals ?? this.#all, closed.totals);
    const kept = this.#done[this.#open.length] ?? [];
    kept.push(closed);
    if (kept.length < 2 * keptMax) return;
    kept.sort((one, other) => bytesOf(other.totals) - bytesOf(one.totals));
    kept.length = keptMax;
  }
}
