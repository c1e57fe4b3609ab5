import type { ChecksumAlgorithm, Digester, Digests } from './algorithms.ts';
import { type Hasher, openHasher } from './hashers.ts';

type Hashers = ReadonlyMap<ChecksumAlgorithm, Hasher>;

/** Computes digests in the calling thread. Waits only where a WebAssembly instance must be made first. */
export class InlineDigester implements Digester {
  #hashers: Hashers | Promise<Hashers>;
  #aborted = false;

  constructor(algorithms: ReadonlySet<ChecksumAlgorithm>) {
    this.#hashers = openAll(algorithms);
    if (!(this.#hashers instanceof Promise)) return;
    const opening = this.#hashers.then((hashers) => {
      this.#hashers = hashers;
      if (this.#aborted) release(hashers);
      return hashers;
    });
    // A failure is met by whoever calls update or finish; without a caller it must not end the process.
    opening.catch(() => {});
    this.#hashers = opening;
  }

  update(chunk: Uint8Array): void | Promise<void> {
    if (!(this.#hashers instanceof Promise)) return updateAll(this.#hashers, chunk);
    return this.#hashers.then((hashers) => updateAll(hashers, chunk));
  }

  async finish(): Promise<Digests> {
    const hashers = this.#hashers instanceof Promise ? await this.#hashers : this.#hashers;
    const digests = new Map<ChecksumAlgorithm, Uint8Array>();
    for (const [algorithm, hasher] of hashers) digests.set(algorithm, hasher.digest());
    return digests;
  }

  abort(): void {
    this.#aborted = true;
    if (!(this.#hashers instanceof Promise)) release(this.#hashers);
  }
}

function openAll(algorithms: ReadonlySet<ChecksumAlgorithm>): Hashers | Promise<Hashers> {
  const opened = [...algorithms].map((algorithm) => [algorithm, openHasher(algorithm)] as const);
  const ready = new Map<ChecksumAlgorithm, Hasher>();
  for (const [algorithm, hasher] of opened) {
    if (!(hasher instanceof Promise)) ready.set(algorithm, hasher);
  }
  if (ready.size === opened.length) return ready;
  return Promise.all(opened.map(async ([algorithm, hasher]) => [algorithm, await hasher] as const)).then(
    (entries) => new Map(entries),
  );
}

function updateAll(hashers: Hashers, chunk: Uint8Array): void {
  for (const hasher of hashers.values()) hasher.update(chunk);
}

function release(hashers: Hashers): void {
  for (const hasher of hashers.values()) hasher.release();
}
