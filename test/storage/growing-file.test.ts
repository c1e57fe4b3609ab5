import { mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { GrowingFile } from '../../src/blob/growing-file.ts';
import { PAGE_BYTES } from '../../src/blob/stripe.ts';
import { AppendThreads } from '../../src/lib/appends/append-threads.ts';
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

test('closed while threads append to it → all is written, and then it is closed', async () => {
  const path = join(makeFolder(), 'shard');
  const threads = new AppendThreads({ threads: 1 });
  onTestFinished(() => threads.close());
  await threads.start();
  const file = await GrowingFile.create(path, { pages: false });
  const appends = Array.from({ length: 20 }, (_, i) => file.appendBy(threads, [Buffer.from([65 + i])], i));
  file.close();
  await Promise.all(appends);
  expect(appends).not.toContain(undefined);
  expect(await readFile(path, 'utf8')).toBe('ABCDEFGHIJKLMNOPQRST');
  await expect.poll(() => isOpen(path), { timeout: 20_000 }).toBe(false);
});

function isOpen(path: string): boolean {
  return readdirSync('/proc/self/fd').some((descriptor) => {
    try {
      return readlinkSync(`/proc/self/fd/${descriptor}`) === path;
    } catch {
      // Closed while the folder was read.
      return false;
    }
  });
}
