import { mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { GrowingFile } from '../../src/blob/growing-file.ts';
import { PAGE_BYTES } from '../../src/blob/stripe.ts';
import { FaultyFiles } from '../support/faulty-files.ts';

function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'ninefold-growing-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

test.each(['open', 'writev'] as const)(
  'a file system that refuses whole pages at %s → the file is written through the cache',
  async (operation) => {
    const path = join(makeFolder(), 'shard');
    const files = FaultyFiles.install();
    const refusal = files.fail({ operation, path, code: 'EINVAL', times: 1 });
    const file = await GrowingFile.create(path, { pages: true });
    const pages = Buffer.from(new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }).buffer).fill('page');
    await file.write([pages.subarray(0, PAGE_BYTES), pages.subarray(PAGE_BYTES, 3 * PAGE_BYTES)], 0);
    await file.write([pages.subarray(0, PAGE_BYTES)], 3 * PAGE_BYTES);
    await file.datasync();
    file.close();
    expect(refusal.met).toBe(1);
    expect((await readFile(path)).equals(pages.subarray(0, 4 * PAGE_BYTES))).toBe(true);
  },
);

test('a file that is there → not written', async () => {
  const path = join(makeFolder(), 'shard');
  (await GrowingFile.create(path, { pages: false })).close();
  for (const pages of [true, false]) await expect(GrowingFile.create(path, { pages })).rejects.toThrow('EEXIST');
});

test('any other error → told', async () => {
  const path = join(makeFolder(), 'shard');
  const files = FaultyFiles.install();
  files.fail({ operation: 'writev', path, code: 'EIO', times: 1 });
  const file = await GrowingFile.create(path, { pages: true });
  await expect(
    file.write([Buffer.from(new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }).buffer)], 0),
  ).rejects.toThrow('EIO');
  file.close();
});
