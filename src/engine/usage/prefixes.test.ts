/** Totals of prefixes: keys in order → what each prefix holds, and which of them are told of. */
import { expect, test } from 'vitest';
import { PrefixTally } from './prefixes.ts';
import { addUpload, addVersion, bytesOf } from './totals.ts';

const version = { isCurrent: true, isDeleteMarker: false, storageClass: 'STANDARD' };

function tallied(root: string, keys: Readonly<Record<string, number>>) {
  const tally = new PrefixTally(root);
  for (const [key, size] of Object.entries(keys)) addVersion(tally.of(key), { ...version, size });
  const { totals, prefixes } = tally.finish();
  return { bytes: bytesOf(totals), prefixes: prefixes.map((one) => [one.prefix, bytesOf(one.totals)]) };
}

test('keys below one another → each prefix has all below it, to the fifth delimiter', () => {
  const keys = { a: 1, 'a/': 2, 'a/b/c': 4, 'a/b/d/e/f/g/h': 8, 'a/c': 16, 'b/c': 32, c: 64 };
  expect(tallied('', keys)).toEqual({
    bytes: 127,
    prefixes: [
      ['a/', 30],
      ['a/b/', 12],
      ['a/b/d/', 8],
      ['a/b/d/e/', 8],
      ['a/b/d/e/f/', 8],
      ['b/', 32],
    ],
  });
});

test('below a prefix → depths count from there, and it itself is not among them', () => {
  expect(tallied('a/b', { 'a/b': 1, 'a/b/c': 2, 'a/bc/d/e': 4 })).toEqual({
    bytes: 7,
    prefixes: [
      ['a/b/', 2],
      ['a/bc/', 4],
      ['a/bc/d/', 4],
    ],
  });
});

test('thousands of prefixes, a few large ones among them → those with a hundredth of all, whenever they came', () => {
  const keys: Record<string, number> = {};
  for (let i = 0; i < 5000; i++) keys[`${String(i).padStart(4, '0')}/k`] = i % 1000 === 7 ? 1000 : 1;
  const { bytes, prefixes } = tallied('', keys);
  expect(bytes).toBe(4995 + 5000);
  expect(prefixes).toEqual(['0007/', '1007/', '2007/', '3007/', '4007/'].map((prefix) => [prefix, 1000]));
});

test('versions, markers and uploads → each counted as what it is, by class and size', () => {
  const tally = new PrefixTally('');
  const add = (different: Partial<Parameters<typeof addVersion>[1]>) =>
    addVersion(tally.of('k'), { ...version, size: 0, ...different });
  add({ size: 4096 });
  add({ size: 4097, isCurrent: false, storageClass: 'GLACIER' });
  add({ isDeleteMarker: true });
  add({ size: 2 ** 31, isCurrent: false });
  addUpload(tally.of('k'), { storageClass: 'GLACIER', parts: 3, bytes: 30 });
  const { totals } = tally.finish();
  const none = { versions: 0, bytes: 0 };
  expect(totals).toEqual({
    current: { versions: 1, bytes: 4096 },
    noncurrent: { versions: 2, bytes: 4097 + 2 ** 31 },
    deleteMarkers: 1,
    uploads: { uploads: 1, parts: 3, bytes: 30 },
    classes: { STANDARD: { versions: 2, bytes: 4096 + 2 ** 31 }, GLACIER: { versions: 1, bytes: 4097 } },
    accessTiers: {},
    uploadClasses: { GLACIER: { uploads: 1, parts: 3, bytes: 30 } },
    sizes: [
      none,
      { versions: 1, bytes: 4096 },
      { versions: 1, bytes: 4097 },
      none,
      none,
      none,
      none,
      { versions: 1, bytes: 2 ** 31 },
    ],
  });
});
