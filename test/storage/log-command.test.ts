/** `ninefold log`: the commit log in plain words, of a zone and of a file, and what it says where a file is damaged. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FILE_HEADER_BYTES, scanRecords } from '../../src/meta/log/codec.ts';

const FILES = [1, 14, 25, 38].map((first) => `${String(first).padStart(20, '0')}.log`);
let data: string;
let folder: string;

beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'ninefold-log-'));
  folder = join(data, 'zone-b', 'log');
  mkdirSync(folder, { recursive: true });
  for (const name of FILES) {
    const bytes = gunzipSync(readFileSync(join(import.meta.dirname, 'golden', 'index-1', `${name}.gz`)));
    writeFileSync(join(folder, name), bytes);
  }
});
afterEach(() => rmSync(data, { recursive: true }));

function log(...args: string[]) {
  const main = join(import.meta.dirname, '..', '..', 'src', 'main.ts');
  const { stdout, stderr, status } = spawnSync(process.execPath, [main, 'log', '--data', data, ...args], {
    encoding: 'utf8',
    env: {},
  });
  return { lines: stdout.split('\n').slice(0, -1), stderr, status };
}

test('a zone’s log → a line a command, with sequence, epoch and the names of buckets', () => {
  const { lines, stderr, status } = log();
  expect(stderr).toBe('');
  expect(status).toBe(0);
  const segment = 'a0'.repeat(16);
  expect(lines.slice(0, 4)).toEqual([
    '1  epoch 1  create bucket first in us-east-1',
    '2  epoch 1  create bucket second in us-east-1',
    '3  epoch 1  create bucket gone in us-east-1',
    '4  epoch 1  delete bucket gone',
  ]);
  expect(lines).toContain(`8  epoch 1  put first/photos/cat.jpg version null, 10 bytes, in segment ${segment} at 0`);
  expect(lines).toContain('15  epoch 1  put first/photos/copy.jpg version v2, 15 bytes of blob 2');
  expect(lines).toContain(
    '26  epoch 1  complete upload upload-1 of first/films/mouse.mp4 as version v4, 6,000,015 bytes in 2 parts',
  );
  expect(lines.at(-1)).toBe(`38  epoch 1  put second/many/4 version null, 5 bytes, in segment ${segment} at 1004`);
  expect(log('--zone', 'zone-b', '--from', '36').lines).toEqual(lines.slice(35));
});

test('one file → its records; of buckets that were made before it, the ids', () => {
  const { lines, status } = log(join(folder, FILES[2] ?? ''));
  expect(status).toBe(0);
  expect(lines[0]).toMatch(
    /^25 {2}epoch 1 {2}put part 7 of upload upload-1 of bucket 1\/films\/mouse\.mp4, 6,000,000 bytes, /,
  );
});

test('a file is torn → what is whole before it, where it is torn, and exit code 1', () => {
  const path = join(folder, FILES[3] ?? '');
  const [first] = Array.from(scanRecords(readFileSync(path), FILE_HEADER_BYTES));
  truncateSync(path, (first?.start ?? 0) + 100);
  const { lines, stderr, status } = log();
  expect(status).toBe(1);
  expect(lines.at(-1)).toMatch(/^37 {2}/);
  expect(stderr).toBe(`${path} at ${FILE_HEADER_BYTES}: the last 100 bytes are no whole record: torn\n`);
});

test('a file is missing in the middle → where the chain breaks, what is there, and exit code 1', () => {
  rmSync(join(folder, FILES[1] ?? ''));
  const { lines, stderr, status } = log();
  expect(status).toBe(1);
  expect(stderr).toContain('the chain breaks: record 25 of epoch 1 does not follow record 13 of epoch 1');
  expect(lines.at(-1)).toMatch(/^38 {2}/);
});

test('what is no log, a zone that is not there, a number that is none → in words, exit code 1', () => {
  writeFileSync(join(data, 'text'), 'no log');
  expect(log(join(data, 'text'))).toMatchObject({ status: 1, stderr: expect.stringContaining('no whole header') });
  expect(log('--zone', 'zone-a')).toMatchObject({ status: 1, stderr: 'There is no log of zone zone-a\n' });
  expect(log('--from', 'x').status).toBe(1);
});
