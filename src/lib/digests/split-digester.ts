/** One stream digested by several digesters at once, each with algorithms of its own. */
import type { Digester, Digests } from './algorithms.ts';

export class SplitDigester implements Digester {
  readonly #digesters: readonly Digester[];

  constructor(digesters: readonly Digester[]) {
    this.#digesters = digesters;
  }

  update(chunk: Uint8Array): void | Promise<void> {
    const waiting = this.#digesters.map((digester) => digester.update(chunk)).filter((wait) => wait !== undefined);
    if (waiting.length > 0) return Promise.all(waiting).then(() => undefined);
  }

  async finish(): Promise<Digests> {
    const digests = await Promise.all(this.#digesters.map((digester) => digester.finish()));
    return new Map(digests.flatMap((some) => [...some]));
  }

  abort(): void {
    for (const digester of this.#digesters) digester.abort();
  }
}
