/** Damage to the index database: found at the start or while serving, never answered from, and healed. */
import {
  closeSync,
  existsSync,
  openSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { databasePath } from '../../src/meta/database.ts';
import type { Index } from '../../src/meta/types.ts';
import { eventually } from '../support/eventually.ts';
import { seededBytes } from '../support/seeded-bytes.ts';
import { createBucket, everything, IndexFixture, names, put, rejection } from './index-fixture.ts';

const KEYS = 2_000;
let fixture: IndexFixture;
let index: Index;
let bucketId: number;
let path: string;

beforeEach(async () => {
  fixture = new IndexFixture();
  path = databasePath(fixture.zonePath('north'));
  index = await fixture.open();
  bucketId = await createBucket(index);
  await Promise.all(Array.from({ length: KEYS }, (_, i) => index.submit(put(bucketId, `key-${i}`, i + 1))));
});
afterEach(async () => {
  await index.close();
  fixture.remove();
});

async function list(): Promise<number> {
  return names(await index.listObjects(everything(bucketId))).length;
}
/** Overwrites every page behind the first few, so that the database opens and most of its rows cannot be read. */
function ruinPages(): void {
  const { size } = statSync(path);
  const file = openSync(path, 'r+');
  const from = Math.floor(size / 4096 / 2) * 4096;
  writeSync(file, seededBytes('ruin', size - from), 0, size - from, from);
  closeSync(file);
}

test('pages are damaged while serving → IndexUnavailable, never other rows, and then all is there again, followed as before', async () => {
  await index.close();
  ruinPages();
  index = await fixture.open();
  const told: string[] = [];
  index.followEvents((placed) => told.push(...placed.map(({ target }) => target)));
  expect(await rejection(list())).toBe('IndexUnavailable');
  // Also what could still be read is refused until the index is restored.
  await eventually(async () => expect(await list()).toBe(KEYS));
  expect(existsSync(`${path}.aside`)).toBe(true);
  await index.submit(put(bucketId, 'after', KEYS + 1));
  expect(await list()).toBe(KEYS + 1);
  const event = { event: 'TestEvent', atMs: 1, bucket: 'bucket', requestId: 'r', hostId: 'h' } as const;
  await index.submit({ type: 'post-test-events', targets: ['arn'], event });
  expect(told).toEqual(['arn']);
});

test('a change meets damaged pages → refused, and the index heals', async () => {
  await index.close();
  ruinPages();
  index = await fixture.open();
  const submits = Array.from({ length: 50 }, (_, i) =>
    rejection(index.submit(put(bucketId, `key-${i * 40}`, KEYS + i + 1))),
  );
  expect(await Promise.all(submits)).toContain('IndexUnavailable');
  await eventually(async () => expect(await list()).toBe(KEYS));
});

test('damage was noted and the server killed before it healed → the next start sets the database aside', async () => {
  await index.close();
  ruinPages();
  writeFileSync(`${path}.damaged`, '');
  index = await fixture.open();
  expect(await list()).toBe(KEYS);
  expect(existsSync(`${path}.aside`)).toBe(true);
  expect(existsSync(`${path}.damaged`)).toBe(false);
});

test('a power cut takes what of the WAL was not synced, at any byte → an earlier state and the log behind it', async () => {
  await index.close();
  const closed = readFileSync(path);
  index = await fixture.open();
  for (let i = 0; i < 20; i++) await index.submit(put(bucketId, `late-${i}`, KEYS + i + 1));
  const wal = readFileSync(`${path}-wal`);
  await index.close();
  for (const share of [0, 0.1, 0.33, 0.5, 0.77, 0.999, 1]) {
    const size = Math.floor(wal.length * share);
    writeFileSync(path, closed);
    // What was not synced may be missing or be something else.
    writeFileSync(`${path}-wal`, Buffer.concat([wal.subarray(0, size), seededBytes('torn', wal.length - size)]));
    index = await fixture.open();
    expect(await list(), `cut at ${size}`).toBe(KEYS + 20);
    await index.close();
  }
  truncateSync(path, 0);
  index = await fixture.open();
  expect(await list()).toBe(KEYS + 20);
});
