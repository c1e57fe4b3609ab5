/** How a rebuilt index comes into its place, on folders with a file each: what was left → what is there. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { beginRebuilt, declareWhole, draftOf, settleRebuilt } from '../../src/rebuilt-index.ts';

const report = { buckets: 1, versions: 2, deleteMarkers: 3, uploads: 4, lost: ['a line'] };
const log = { warn: () => {} };
const names = ['log', 'index'];
const allOld = Array(3).fill('old+old');
const allNew = Array(3).fill('new+new');

let folder = '';
let a = '';
let b = '';
let c = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ninefold-rebuilt-'));
  [a, b, c] = [join(folder, 'a'), join(folder, 'b'), join(folder, 'c')];
  for (const zone of [a, b, c]) fill(zone, 'old');
});
afterEach(() => rmSync(folder, { recursive: true }));

function fill(path: string, content: string): void {
  for (const name of names) {
    mkdirSync(join(path, name), { recursive: true });
    writeFileSync(join(path, name, 'content'), content);
  }
}

async function make(): Promise<void> {
  await beginRebuilt([a, b, c]);
  for (const zone of [a, b, c]) fill(draftOf(zone), 'new');
}

async function makeWhole(): Promise<void> {
  await make();
  await declareWhole([a, b, c], report);
}

const settle = () => settleRebuilt([a, b, c], log);

function contents(...zones: readonly string[]): string[] {
  return zones.map((zone) => names.map((name) => readFileSync(join(zone, name, 'content'), 'utf8')).join('+'));
}

function markerOf(zone: string): string {
  return join(draftOf(zone), 'ninefold-rebuilt.json');
}

test('whole → in its place in every zone, the old one aside, nothing left over; then there is nothing to do', async () => {
  await makeWhole();
  const setAside = [a, b, c].flatMap((zone) => [join(zone, 'log.aside'), join(zone, 'index.aside')]);
  expect(await settle()).toEqual({ ...report, setAside });
  expect(contents(a, b, c)).toEqual(allNew);
  expect(readFileSync(join(a, 'log.aside', 'content'), 'utf8')).toBe('old');
  expect([a, b, c].some((zone) => existsSync(draftOf(zone)))).toBe(false);
  expect(await settle()).toBeUndefined();
});

test('not declared whole, or in one zone only → gone, and the old one stays', async () => {
  await make();
  expect(await settle()).toBeUndefined();
  expect(contents(a, b, c)).toEqual(allOld);
  await makeWhole();
  rmSync(markerOf(a));
  // Cut off: it counts as none.
  writeFileSync(markerOf(c), '{"formatVersion": 1');
  expect(await settle()).toBeUndefined();
  expect(contents(a, b, c)).toEqual(allOld);
  for (const zone of [a, b, c]) expect(readdirSync(zone).sort()).toEqual(['index', 'log']);
});

test('a marker lost, or a whole zone, once it was declared whole → in its place in what is there', async () => {
  await makeWhole();
  rmSync(markerOf(b));
  expect(await settle()).toMatchObject(report);
  expect(contents(a, b, c)).toEqual(allNew);
  await makeWhole();
  rmSync(a, { recursive: true });
  expect(await settle()).toMatchObject(report);
  expect(contents(b, c)).toEqual(allNew.slice(1));
});

test('left in the middle of a zone → the rest follows, and nothing new goes aside', async () => {
  await makeWhole();
  for (const name of names) rmSync(join(a, name), { recursive: true });
  for (const name of names) renameSync(join(draftOf(a), name), join(a, name));
  rmSync(join(b, 'log'), { recursive: true });
  const setAside = [join(b, 'index.aside'), join(c, 'log.aside'), join(c, 'index.aside')];
  expect(await settle()).toEqual({ ...report, setAside });
  expect(contents(a, b, c)).toEqual(allNew);
});
