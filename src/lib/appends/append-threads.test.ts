import { type FileHandle, mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { AppendThreads, type AppendThreadsOptions } from './append-threads.ts';

let folder: string;
const files: FileHandle[] = [];
const undo: (() => void)[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ninefold-appends-'));
});

afterEach(async () => {
  for (const close of undo.splice(0)) close();
  for (const file of files.splice(0)) await file.close();
  await rm(folder, { recursive: true });
});

async function openFile(name: string, flags = 'w'): Promise<FileHandle> {
  const file = await open(join(folder, name), flags);
  files.push(file);
  return file;
}

/** A few threads that have begun. */
async function started(options: AppendThreadsOptions = {}): Promise<AppendThreads> {
  const threads = new AppendThreads({ threads: 2, waveMsMax: 60_000, ...options });
  undo.push(() => threads.close());
  await threads.start();
  return threads;
}

const letters = (text: string): Buffer => Buffer.from(text);

test('pieces for several files at once, more than there are threads → each file has its own, one after another', async () => {
  const threads = await started();
  const opened = await Promise.all(Array.from({ length: 12 }, (_, i) => openFile(`${i}`)));
  for (const [round, offset] of [0, 5].entries()) {
    const pieces = (i: number) => [letters(`${round}`), Buffer.alloc(0), letters(`<${String.fromCharCode(97 + i)}>.`)];
    await Promise.all(opened.map(({ fd }, i) => threads.append(fd, pieces(i), offset)));
  }
  for (const i of opened.keys()) {
    const letter = String.fromCharCode(97 + i);
    expect((await readFile(join(folder, `${i}`))).toString()).toBe(`0<${letter}>.1<${letter}>.`);
  }
});

test('bytes are changed at once after the call → what they were is written', async () => {
  const threads = await started();
  const { fd } = await openFile('a');
  const bytes = letters('before');
  const appended = threads.append(fd, [bytes], 0);
  bytes.write('after!');
  await appended;
  expect(await readFile(join(folder, 'a'), 'utf8')).toBe('before');
});

test('the system refuses one of a wave → it rejects with the code, and the others are written', async () => {
  const threads = await started();
  await openFile('read');
  const [refused, taken] = await Promise.all([openFile('read', 'r'), openFile('write')]);
  const results = await Promise.allSettled([refused, taken].map(({ fd }) => threads.append(fd, [letters('x')], 0)));
  expect(results).toMatchObject([{ status: 'rejected', reason: { code: 'EBADF' } }, { status: 'fulfilled' }]);
  expect(await readFile(join(folder, 'write'), 'utf8')).toBe('x');
});

test('too long, or more at once than there is room → declined, and nothing is written', async () => {
  const threads = await started();
  const { fd } = await openFile('a');
  expect(threads.append(fd, [Buffer.alloc(64 * 1024), Buffer.alloc(1)], 0)).toBeUndefined();
  expect(await readFile(join(folder, 'a'))).toHaveLength(0);
  const appends = Array.from({ length: 40 }, (_, i) => threads.append(fd, [Buffer.from([i + 1])], i));
  const declined = appends.flatMap((append, i) => (append === undefined ? [i] : []));
  await Promise.all(appends);
  expect(declined.length).toBeGreaterThan(0);
  const written = await readFile(join(folder, 'a'));
  expect(Array.from(written)).toEqual(Array.from(written, (_, i) => (declined.includes(i) ? 0 : i + 1)));
});

test('no thread begins within the limit → the appends are made all the same, and then threads take the next ones', async () => {
  const threads = await started({ threads: 1, waveMsMax: 0 });
  const opened = await Promise.all(Array.from({ length: 24 }, (_, i) => openFile(`${i}`)));
  for (let offset = 0; offset < 20; offset++) {
    const wave = opened.map(({ fd }) => threads.append(fd, [letters('y')], offset));
    expect(wave).not.toContain(undefined);
    await Promise.all(wave);
  }
  for (const i of opened.keys()) expect(await readFile(join(folder, `${i}`), 'utf8')).toBe('y'.repeat(20));
});

test('little is asked for → no thread begins; much → threads; nothing for a while → they end, until much is asked for again', async () => {
  const threads = new AppendThreads({ threads: 1, appendsBeforeStart: 5, idleMsMax: 250 });
  undo.push(() => threads.close());
  const { fd } = await openFile('a');
  const append = () => threads.append(fd, [letters('z')], 0);
  // One by one, as a log is appended to: that is no wave, however often.
  for (let i = 0; i < 20; i++) {
    expect(append()).toBeUndefined();
    await new Promise((done) => setImmediate(done));
  }
  for (let round = 0; round < 2; round++) {
    for (let i = 0; i < 5; i++) expect(append()).toBeUndefined();
    await expect.poll(() => threads.isReady, { interval: 10, timeout: 20_000 }).toBe(true);
    await append();
    await expect.poll(() => threads.isReady, { timeout: 20_000 }).toBe(false);
  }
});
