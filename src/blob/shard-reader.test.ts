/** Reads of one shard: condition → result. */
import type { FileHandle } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { Disk } from './disk.ts';
import { FileCache } from './file-cache.ts';
import { SCHEMES } from './scheme.ts';
import { Segment } from './segments.ts';
import { readBlocks } from './shard-reader.ts';
import { HEADER_BYTES } from './stripe.ts';

/** A file whose headers cannot be read, and whose other bytes come a turn of the event loop later. */
class FailingFiles extends FileCache {
  isReading = false;

  override use<T>(_path: string, read: (file: FileHandle) => Promise<T>): Promise<T> {
    const readBytes = async (bytes: Buffer) => {
      if (bytes.length === HEADER_BYTES) throw new Error('EIO');
      this.isReading = true;
      await new Promise((resolve) => setImmediate(resolve));
      bytes.fill(1);
      this.isReading = false;
      return { bytesRead: bytes.length, buffer: bytes };
    };
    return read(Object({ read: readBytes }));
  }
}

test('the header fails while the blocks are being read → settled only when nothing writes to the target any more', async () => {
  const disk = new Disk({ path: '/none', zone: 'a', group: 'default' }, 0);
  disk.readable = true;
  const segment = new Segment(
    { id: 'ab'.repeat(16), scheme: SCHEMES['6+3'], group: 'default' },
    new Array<Disk>(9).fill(disk),
    true,
  );
  const request = { segment, shard: 0, offset: 0, unit: 256 * 1024, dataLengthMin: 1, firstBlock: 1, endBlock: 2 };
  const files = new FailingFiles(1);
  const { blocks } = await readBlocks(files, request, Buffer.alloc(64 * 1024));
  expect(files.isReading).toBe(false);
  expect(blocks).toEqual([undefined]);
});
