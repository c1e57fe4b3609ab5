/** A file compressed while it is written, off the main thread, and kept in memory until it is whole. */
import { once } from 'node:events';
import { createGzip, type Gzip } from 'node:zlib';
import type { ReportFileWriter } from './types.ts';

export class CompressedFile implements ReportFileWriter {
  readonly #gzip: Gzip = createGzip();
  readonly #chunks: Buffer[] = [];
  #size = 0;

  constructor() {
    this.#gzip.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.#size += chunk.length;
    });
  }

  /** Compressed bytes so far. */
  get size(): number {
    return this.#size;
  }

  /** Resolves once the text is compressed, so that no more than one piece waits. */
  write(text: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#gzip.write(text, (error) => (error ? reject(error) : resolve()));
    });
  }

  /** The file whole. */
  async finish(): Promise<readonly Buffer[]> {
    const ended = once(this.#gzip, 'end');
    this.#gzip.end();
    await ended;
    return this.#chunks;
  }

  discard(): void {
    this.#gzip.destroy();
  }
}
