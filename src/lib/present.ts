/** What stands for itself, with no members of its own. */
type Leaf = string | number | boolean | bigint | Date | Uint8Array | AsyncIterable<unknown>;

/**
 * A type of an SDK as a server meets it: without `undefined` in required members, at every depth. The SDKs declare required
 * members so for the sake of their callers; a decoder refuses a request that lacks one.
 */
export type Present<T> = T extends Leaf
  ? T
  : T extends readonly (infer E)[]
    ? Present<E>[]
    : T extends object
      ? { [K in keyof T]: object extends Pick<T, K> ? Present<T[K]> : Present<Exclude<T[K], undefined>> }
      : T;
