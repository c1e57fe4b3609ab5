/** Reads of one shard: condition → result. */
import type { FileHandle } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Disk } from './disks.ts';
import { FileCache } from './file-cache.ts';
import { Segment } from './segments.ts';
import { readBlocks } from './shard-reader.ts';
import { HEADER_BYTES } from './stripe.ts';

/** A file whose headers cannot be read, and whose other bytes come when they are let through. */
class FailingFiles extends FileCache {
  readonly #letThrough: Promise<void>;
  constructor(letThrough: Promise<void>) {
    super(1);
    this.#letThrough = letThrough;
  }
  override use<T>(_path: string, read: (file: FileHandle) => Promise<T>): Promise<T> {
    const readBytes = async (bytes: Buffer) => {
      if (bytes.length === HEADER_BYTES) throw new Error('EIO');
      await this.#letThrough;
      bytes.fill(1);
      return { bytesRead: bytes.length, buffer: bytes };
    };
    return read(Object({ read: readBytes }));
  }
}

test('the header fails while the blocks are being read → settled only when nothing writes to the target any more', async () => {
  const { promise: letThrough, resolve } = Promise.withResolvers<void>();
  const disk: Disk = {
    path: '/none',
    zone: 'a',
    id: 'd',
    state: 'healthy',
    reason: undefined,
    readable: true,
    stamp: '',
  };
  const segment = new Segment('ab'.repeat(16), new Array<Disk>(9).fill(disk), true);
  const request = { segment, shard: 0, offset: 0, unit: 256 * 1024, dataLengthMin: 1, firstBlock: 1, endBlock: 2 };
  const target = Buffer.alloc(64 * 1024);
  let isSettled = false;
  const result = readBlocks(new FailingFiles(letThrough), request, target).finally(() => {
    isSettled = true;
  });
  await setImmediate();
  expect(isSettled).toBe(false);
  resolve();
  expect((await result).blocks).toEqual([undefined]);
});
