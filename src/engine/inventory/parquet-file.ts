/** A file in Parquet, encoded while it is written on a thread of its own, and kept in memory until it is whole. */
import type { Worker } from 'node:worker_threads';
import { startThread } from '../../lib/start-thread.ts';
import type { ToParquetThread } from './parquet-thread.ts';
import type { ReportFileWriter } from './types.ts';

/** Of lines that become one row group: thousands of rows. */
const groupLengthMax = 1024 * 1024;
/** A group takes some ten times its length; without a limit the thread would collect its garbage late. */
const threadLimits = { maxOldGenerationSizeMb: 128, maxYoungGenerationSizeMb: 16 };

export class ParquetFile implements ReportFileWriter {
  readonly #thread: Worker;
  readonly #chunks: Uint8Array[] = [];
  #size = 0;
  #lines: string[] = [];
  #length = 0;

  constructor(columns: readonly string[]) {
    const options = { workerData: columns, name: 'parquet', resourceLimits: threadLimits };
    this.#thread = startThread({ module: 'parquet-thread', beside: import.meta.url }, options);
  }

  get size(): number {
    return this.#size;
  }

  async write(lines: string): Promise<void> {
    this.#lines.push(lines);
    this.#length += lines.length;
    if (this.#length >= groupLengthMax) await this.#encodeGroup();
  }

  async finish(): Promise<readonly Uint8Array[]> {
    if (this.#length > 0) await this.#encodeGroup();
    await this.#ask({ lines: undefined });
    await this.#thread.terminate();
    return this.#chunks;
  }

  discard(): void {
    void this.#thread.terminate();
  }

  async #encodeGroup(): Promise<void> {
    const lines = this.#lines.join('');
    this.#lines = [];
    this.#length = 0;
    await this.#ask({ lines });
  }

  /** Keeps the bytes that the thread answers with. Rejects where it has died. */
  async #ask(message: ToParquetThread): Promise<void> {
    const bytes = await new Promise<Uint8Array>((resolve, reject) => {
      const fail = (cause: unknown) => reject(new Error('The thread that encodes a report has ended', { cause }));
      this.#thread.once('error', fail);
      this.#thread.once('exit', fail);
      this.#thread.once('message', (answer: Uint8Array) => {
        this.#thread.off('error', fail);
        this.#thread.off('exit', fail);
        resolve(answer);
      });
      this.#thread.postMessage(message);
    });
    this.#chunks.push(bytes);
    this.#size += bytes.length;
  }
}
