import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { eventually } from '../../../test/support/eventually.ts';
import { FaultyFiles } from '../../../test/support/faulty-files.ts';
import { syncWhileWritten } from './sync-while-written.ts';

let files: FaultyFiles;
let path: string;

beforeEach(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ninefold-sync-'));
  path = join(folder, 'draft');
  onTestFinished(() => rm(folder, { recursive: true }));
  files = FaultyFiles.install();
});

const syncs = (): number => files.calls.filter(({ operation }) => operation === 'datasync').length;

test('a file that is begun late → synced again and again until it is written, and not any more then', async () => {
  const writing = Promise.withResolvers<string>();
  const result = syncWhileWritten(path, writing.promise);
  await eventually(() => expect(files.calls.length).toBeGreaterThan(1));
  expect(syncs()).toBe(0);
  await writeFile(path, 'some');
  await eventually(() => expect(syncs()).toBeGreaterThan(2));
  writing.resolve('done');
  expect(await result).toBe('done');
  const before = files.calls.length;
  await files.settled();
  expect(files.calls).toHaveLength(before);
});

test('a sync fails on the way → that is the outcome, also if the writer heard of nothing', async () => {
  await writeFile(path, 'some');
  files.fail({ operation: 'datasync', path, code: 'EIO', times: 1 });
  const writing = Promise.withResolvers<string>();
  const result = syncWhileWritten(path, writing.promise);
  const outcome = expect(result).rejects.toThrow('EIO');
  await eventually(() => expect(syncs()).toBe(1));
  // Nobody may think that the file is left alone before it is.
  expect(await Promise.race([result, Promise.resolve('pending')])).toBe('pending');
  writing.resolve('done');
  await outcome;
});

test('the writer fails → as it does', async () => {
  await expect(syncWhileWritten(path, Promise.reject(new Error('no space')))).rejects.toThrow('no space');
});
