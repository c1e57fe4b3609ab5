/**
 * Reads of versions that are not written down yet. A read costs a look into a map, and the first one of a day an entry in it;
 * what is noted is written in batches by a job. So many are kept at most: where they cannot be written as fast as they
 * come, further ones are counted and forgotten. A process that dies forgets what was noted since the last batch.
 */
import type { Version } from '../../meta/records.ts';
import type { NoteAccesses } from '../../meta/tiering-commands.ts';

export type Access = NoteAccesses['accesses'][number];

export class AccessNotes {
  readonly #max: number;
  /** By bucket and ordinal: replicas may have the ordinals of their sources. */
  #waiting = new Map<string, Access>();
  /** Reads that found no room. */
  missed = 0;

  constructor({ max }: { max: number }) {
    this.#max = max;
  }

  get size(): number {
    return this.#waiting.size;
  }

  has(version: Pick<Version, 'bucketId' | 'ordinal'>): boolean {
    return this.#waiting.has(nameOf(version));
  }

  /** Keeps the first of several reads: they are of one day, mostly. Returns whether it is the one that leaves no room. */
  note({ bucketId, key, ordinal }: Version, atMs: number): 'noted' | 'full' {
    const name = nameOf({ bucketId, ordinal });
    if (this.#waiting.has(name)) return 'noted';
    if (this.#waiting.size >= this.#max) {
      this.missed += 1;
      return 'full';
    }
    this.#waiting.set(name, { bucketId, key, ordinal, atMs });
    return this.#waiting.size === this.#max ? 'full' : 'noted';
  }

  /** All that wait, which do not wait any more. */
  take(): readonly Access[] {
    const taken = [...this.#waiting.values()];
    this.#waiting = new Map();
    return taken;
  }

  /** Gives back what could not be written, as far as there is room. */
  giveBack(accesses: readonly Access[]): void {
    for (const access of accesses) {
      if (this.has(access)) continue;
      if (this.#waiting.size < this.#max) this.#waiting.set(nameOf(access), access);
      else this.missed += 1;
    }
  }
}

function nameOf({ bucketId, ordinal }: Pick<Version, 'bucketId' | 'ordinal'>): string {
  return `${bucketId}/${ordinal}`;
}
