import { expect, test } from 'vitest';
import type { Version } from '../../meta/records.ts';
import { AccessNotes } from './access-notes.ts';

const version = (ordinal: number) => ({ bucketId: 1, key: `k${ordinal}`, ordinal }) as Version;

test('reads of one version → one note, taken once', () => {
  const notes = new AccessNotes({ max: 10 });
  for (const atMs of [5, 6, 7]) expect(notes.note(version(1), atMs)).toBe('noted');
  expect(notes.has(version(1))).toBe(true);
  expect(notes.has({ bucketId: 2, ordinal: 1 })).toBe(false);
  expect(notes.take()).toEqual([{ bucketId: 1, key: 'k1', ordinal: 1, atMs: 5 }]);
  expect(notes.take()).toEqual([]);
  expect(notes.has(version(1))).toBe(false);
});

test('more versions than there is room for → the rest is counted and forgotten, whoever it comes from', () => {
  const notes = new AccessNotes({ max: 2 });
  expect([1, 2, 3].map((n) => notes.note(version(n), n))).toEqual(['noted', 'full', 'full']);
  expect(notes.missed).toBe(1);
  const taken = notes.take();
  notes.note(version(3), 30);
  notes.note(version(2), 20);
  notes.giveBack(taken);
  expect(notes.take().map(({ ordinal, atMs }) => [ordinal, atMs])).toEqual([
    [3, 30],
    [2, 20],
  ]);
  expect(notes.missed).toBe(2);
});
