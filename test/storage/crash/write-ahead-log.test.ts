/** What of SQLite's write-ahead log counts, held against SQLite. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { committedLength } from './write-ahead-log.ts';

/** A database of three transactions, and its log before, after the first, and after the last. */
function recorded(folder: string): { main: Buffer; logs: readonly Buffer[] } {
  const path = join(folder, 'recorded');
  const db = new Database(path);
  db.pragma('journal_mode = WAL');
  db.pragma('wal_autocheckpoint = 0');
  db.exec('CREATE TABLE words (word TEXT)');
  const logs: Buffer[] = [];
  for (const word of ['first', 'second', 'third']) {
    db.prepare('INSERT INTO words VALUES (?)').run(word.repeat(3000));
    logs.push(readFileSync(`${path}-wal`));
  }
  const main = readFileSync(path);
  db.close();
  return { main, logs };
}

function wordsIn(folder: string, main: Buffer, log: Buffer): number {
  const path = join(folder, 'opened');
  for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true });
  writeFileSync(path, main);
  writeFileSync(`${path}-wal`, log);
  const db = new Database(path);
  try {
    return db.prepare<[], number>('SELECT count(*) FROM words').pluck().get() ?? -1;
  } finally {
    db.close();
  }
}

test('a log cut anywhere in a transaction → it counts up to the one before, and SQLite reads no more', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ninefold-wal-'));
  const { main, logs } = recorded(folder);
  const [, second = Buffer.alloc(0), third = Buffer.alloc(0)] = logs;
  expect(committedLength(third)).toBe(third.length);
  expect(wordsIn(folder, main, third)).toBe(3);
  let cuts = 0;
  for (let length = second.length; length < third.length; length += 1201, cuts++) {
    expect(committedLength(third.subarray(0, length))).toBe(second.length);
    expect(wordsIn(folder, main, third.subarray(0, length))).toBe(2);
  }
  expect(cuts).toBeGreaterThan(10);
  rmSync(folder, { recursive: true });
});

test('a log begun anew over an old one → the old frames behind do not count', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ninefold-wal-'));
  const { main, logs } = recorded(folder);
  const [first = Buffer.alloc(0), , third = Buffer.alloc(0)] = logs;
  const older = Buffer.from(third);
  // Other salts: a log of another time.
  for (let at = first.length; at < older.length; at += 24 + 4096) older.writeUInt32BE(7, at + 8);
  expect(committedLength(older)).toBe(first.length);
  expect(wordsIn(folder, main, older)).toBe(1);
  rmSync(folder, { recursive: true });
});

test('what is no such log → counts whole', () => {
  expect(committedLength(Buffer.alloc(0))).toBe(0);
  expect(committedLength(Buffer.alloc(5000, 1))).toBe(5000);
});
