/** A folder for all that a run writes, on the disk that is measured; removed however the run ends. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';

export class ScratchFolder implements Disposable {
  readonly path: string;
  readonly #remove = (): void => rmSync(this.path, { recursive: true, force: true, maxRetries: 10 });

  constructor(parent: string) {
    mkdirSync(parent, { recursive: true });
    this.path = mkdtempSync(join(parent, 'ninefold-bench-'));
    // A signal ends the run before its works are done. Servers go before their folder, by a listener of their own.
    process.once('exit', this.#remove);
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
  }

  [Symbol.dispose](): void {
    process.off('exit', this.#remove);
    this.#remove();
  }
}
