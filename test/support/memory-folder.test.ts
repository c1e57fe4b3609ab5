/** Folders of runs: what a run that was killed has left goes with the next, and those of runs that live stay. */
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { makeRunFolder, memoryFolder } from './memory-folder.ts';

/** Above what Linux numbers processes with. */
const pidOfNobody = 2 ** 22 + 1;

test('a folder of a run that has ended → removed; of one that lives, and of others → kept', () => {
  const first = makeRunFolder(0);
  const parent = dirname(first.folder);
  const [left, other] = [
    join(parent, `ninefold-run-${pidOfNobody}-left`),
    mkdtempSync(join(parent, 'ninefold-other-')),
  ];
  mkdirSync(left);
  const second = makeRunFolder(0);
  const found = [first.folder, second.folder, left, other].map((folder) => existsSync(folder));
  for (const { remove } of [first, second]) remove();
  rmSync(other, { recursive: true });
  expect(found).toEqual([true, true, false, true]);
  expect([first.folder, second.folder].map((folder) => existsSync(folder))).toEqual([false, false]);
});

test('no memory for so much → the folder for temporary files', () => {
  expect(memoryFolder(2 ** 60)).toBe(tmpdir());
});
