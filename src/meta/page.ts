/**
 * Pages of a listing: entries and common prefixes out of an ordered table. Pure but for the rows it is handed.
 *
 * What a common prefix hides is never stepped over: the walk seeks past it. The same holds for what the caller skips.
 */
import { encodeKey, endOfKey, endOfPrefix } from './keys.ts';
import type { ListQuery } from './types.ts';

/** What to do with a row: an entry of the page, nothing, or nothing and go on behind its key. */
export type Taken<Entry> = { readonly entry: Entry } | 'skip' | 'skip-key';

export interface PageSource<Row extends { readonly key: Buffer }, Entry> {
  /** Rows of keys from `from` until below `until`, in order, stepped as they are asked for. */
  rows(from: Buffer, until: Buffer): Iterable<Row>;
  /** Rows of `after`'s own key that come behind the one the page before ended with. */
  resumed?(key: Buffer): Iterable<Row>;
  take(row: Row): Taken<Entry>;
}

export interface Page<Entry> {
  readonly entries: (Entry | { readonly kind: 'prefix'; readonly prefix: string })[];
  readonly isTruncated: boolean;
}

export function collectPage<Row extends { readonly key: Buffer }, Entry>(
  query: ListQuery,
  source: PageSource<Row, Entry>,
): Page<Entry> {
  if (query.limit <= 0) return { entries: [], isTruncated: false };
  const walk = new Walk(query, source);
  return walk.run();
}

class Walk<Row extends { readonly key: Buffer }, Entry> {
  readonly #source: PageSource<Row, Entry>;
  readonly #limit: number;
  readonly #prefix: Buffer;
  readonly #delimiter: Buffer;
  readonly #after: Buffer;
  readonly #entries: Page<Entry>['entries'] = [];
  #isTruncated = false;

  constructor(query: ListQuery, source: PageSource<Row, Entry>) {
    this.#source = source;
    this.#limit = query.limit;
    this.#prefix = encodeKey(query.prefix);
    this.#delimiter = encodeKey(query.delimiter);
    this.#after = encodeKey(query.after);
  }

  run(): Page<Entry> {
    const until = endOfPrefix(this.#prefix);
    let from: Buffer | undefined = this.#start();
    if (this.#resumes(from)) this.#through(this.#source.resumed?.(this.#after) ?? []);
    while (from !== undefined && !this.#isTruncated && Buffer.compare(from, until) < 0) {
      from = this.#through(this.#source.rows(from, until));
    }
    return { entries: this.#entries, isTruncated: this.#isTruncated };
  }

  /** The first key that can be on the page. */
  #start(): Buffer {
    if (this.#after.length === 0 || Buffer.compare(this.#after, this.#prefix) < 0) return this.#prefix;
    const group = this.#groupOf(this.#after);
    // A common prefix that was on the page before is behind us with all its keys.
    return group?.length === this.#after.length ? endOfPrefix(group) : endOfKey(this.#after);
  }

  /** Whether the key the page before ended with can have more rows on this one. */
  #resumes(from: Buffer): boolean {
    return (
      this.#after.length > 0 &&
      from.equals(endOfKey(this.#after)) &&
      this.#after.subarray(0, this.#prefix.length).equals(this.#prefix)
    );
  }

  /** Takes rows until one asks for a seek; returns where to, or undefined if the rows or the page came to their end. */
  #through(rows: Iterable<Row>): Buffer | undefined {
    for (const row of rows) {
      const taken = this.#source.take(row);
      if (taken === 'skip') continue;
      if (taken === 'skip-key') return endOfKey(row.key);
      if (this.#entries.length === this.#limit) {
        this.#isTruncated = true;
        return undefined;
      }
      const group = this.#groupOf(row.key);
      if (group !== undefined) {
        this.#entries.push({ kind: 'prefix', prefix: group.toString('utf8') });
        return endOfPrefix(group);
      }
      this.#entries.push(taken.entry);
    }
    return undefined;
  }

  /** The common prefix that stands for the key, if it has the delimiter behind the query's prefix. */
  #groupOf(key: Buffer): Buffer | undefined {
    if (this.#delimiter.length === 0) return undefined;
    const at = key.indexOf(this.#delimiter, this.#prefix.length);
    return at < 0 ? undefined : key.subarray(0, at + this.#delimiter.length);
  }
}
