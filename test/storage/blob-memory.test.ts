/** Memory does not grow with what goes through the store. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { BlobDisks, label, sampleBytes } from '../support/blob-disks.ts';

const run = promisify(execFile);
const program = fileURLToPath(new URL('../support/blob-memory-program.ts', import.meta.url));
const PIECE = sampleBytes(64 * 1024, 1);

/** A source that counts what was taken from it and goes on only when it is let. */
class HeldSource {
  taken = 0;
  #open = Promise.withResolvers<void>();

  async *pieces(count: number): AsyncGenerator<Uint8Array> {
    for (let i = 0; i < count; i++) {
      this.taken++;
      yield PIECE;
    }
    await this.#open.promise;
  }

  letGo(): void {
    this.#open.resolve();
  }
}

describe('memory', () => {
  it('is bounded by the stripe buffers, however many write at once', async () => {
    const store = await (await BlobDisks.create()).open({ stripeBufferCount: 3, stripeFillMsMax: 60_000 });
    const sources = Array.from({ length: 20 }, () => new HeldSource());
    const writes = sources.map((source) => store.write(source.pieces(8), label('x')));
    for (const [i, source] of sources.entries()) {
      // Three hold a buffer; each of the others has taken one piece and waits for one.
      const assembling = sources.filter(({ taken }) => taken > 1).length;
      expect(assembling).toBeLessThanOrEqual(3 + i);
      source.letGo();
      await writes[i];
    }
    expect((await Promise.all(writes)).every(({ size }) => size === 8 * PIECE.length)).toBe(true);
  });

  // In a process of its own: that of the tests has grown by what others left in it, or grows until that is collected.
  it('does not grow while 300 MiB are written and read', async () => {
    const { zones } = await BlobDisks.create();
    const { stdout } = await run(process.execPath, ['--expose-gc', program, JSON.stringify(zones)]);
    expect(z.object({ grownMebibytes: z.number() }).parse(JSON.parse(stdout)).grownMebibytes).toBeLessThan(80);
  });
});
