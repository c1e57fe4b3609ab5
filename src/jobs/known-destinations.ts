/**
 * Which destinations of replication lie elsewhere: those that the configuration names, and those that it once did. What waits for one
 * that was taken out of it, or is spelled wrongly there, has to wait; of a bucket that was never elsewhere it is known that it is gone.
 */
import type { JobStateStore } from './job-state.ts';

export class KnownDestinations {
  readonly #configured: readonly string[];
  readonly #state: JobStateStore;
  #names: ReadonlySet<string> | undefined;

  /** ARNs. */
  constructor(configured: readonly string[], state: JobStateStore) {
    this.#configured = configured;
    this.#state = state;
  }

  /** Reads what was configured before, and keeps what is now. */
  async load(): Promise<void> {
    if (this.#names !== undefined) return;
    const before = decode(await this.#state.load());
    const names = new Set([...before, ...this.#configured]);
    if (names.size > before.length) await this.#state.save(JSON.stringify({ v: 1, names: [...names] }));
    this.#names = names;
  }

  has(arn: string): boolean {
    return this.#names?.has(arn) === true;
  }
}

function decode(text = '{}'): readonly string[] {
  const { names }: Record<string, unknown> = { ...Object(JSON.parse(text)) };
  return Array.isArray(names) ? names.filter((name) => typeof name === 'string') : [];
}
