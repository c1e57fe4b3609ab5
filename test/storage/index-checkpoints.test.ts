/** Who copies the WAL into the database file once an instant has let it grow: condition → result. */
import { readFileSync, statSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import { databasePath } from '../../src/meta/database.ts';
import type { Index } from '../../src/meta/types.ts';
import { eventually } from '../support/eventually.ts';
import { createBucket, IndexFixture, put } from './index-fixture.ts';

const fixture = new IndexFixture();
afterEach(() => fixture.remove());

const bytes = (file = ''): number => statSync(databasePath(fixture.zonePath('north')) + file).size;
/** Frames of the WAL: written, and copied. By its index: https://www.sqlite.org/walformat.html#the_wal_index_file_format */
function frames(): { written: number; copied: number } {
  const index = readFileSync(`${databasePath(fixture.zonePath('north'))}-shm`);
  return { written: index.readUInt32LE(16), copied: index.readUInt32LE(96) };
}
let ordinal = 0;

/** Keys all over the table, so that each batch changes most of its pages. */
async function write(index: Index, bucketId: number, batches: number): Promise<void> {
  for (let batch = 0; batch < batches; batch++) {
    const keys = Array.from({ length: 512 }, (_, i) => `${(i * 7919 + batch * 31) % 997}/${batch}`);
    await Promise.all(keys.map((key) => index.submit(put(bucketId, key, ++ordinal))));
  }
}

test('a WAL that grew beside an instant → copied when that is closed, before any commit could; then as usual again', async () => {
  const index = await fixture.open();
  const bucketId = await createBucket(index);
  await write(index, bucketId, 4);
  const instant = await index.openInstant();
  await write(index, bucketId, 50);
  expect(bytes('-wal')).toBeGreaterThan(32 * 1024 * 1024);
  const before = bytes();
  expect(frames().copied).toBeLessThan(frames().written);
  instant.close();
  await eventually(() => expect(frames().copied).toBe(frames().written));
  expect(bytes()).toBeGreaterThan(2 * before);
  // All of it is in the file: SQLite begins the WAL anew.
  const walBytes = bytes('-wal');
  await write(index, bucketId, 20);
  expect(bytes('-wal')).toBeLessThan(1.2 * walBytes);
  await index.close();
});
