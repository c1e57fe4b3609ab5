/** Copies of the log that look whole by their size and are not: condition → result. */
import { cpSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'vitest';
import { encodeRecord } from '../../src/meta/log/codec.ts';
import type { Index } from '../../src/meta/types.ts';
import { createBucket, IndexFixture, lastRecord, put, ZONES } from './index-fixture.ts';

let fixture: IndexFixture;
let index: Index;
let bucketId: number;

beforeEach(async () => {
  fixture = new IndexFixture({ logFileSizeMaxBytes: 2_000 });
  index = await fixture.open();
  bucketId = await createBucket(index);
});
afterEach(async () => {
  await index.close();
  fixture.remove();
});

test.each(ZONES)('the last record of zone %s has its length and not its bytes → refilled', async (zone) => {
  await index.submit(put(bucketId, 'a', 1));
  await index.submit(put(bucketId, 'b', 2));
  await index.close();
  const path = fixture.logFiles(zone).at(-1) ?? '';
  const { start } = lastRecord(path);
  writeFileSync(path, readFileSync(path).fill(0, start + 50));
  index = await fixture.open();
  await fixture.expectEqualLogs();
});

test('a zone returns with a void record as long as the one that replaced it, and the file is closed since → refilled', async () => {
  // One record more would not fit the file.
  for (const [i, key] of ['a', 'b', 'c', 'd'].entries()) await index.submit(put(bucketId, key, i + 1));
  await index.close();
  const path = fixture.logFiles('south').at(-1) ?? '';
  const { sequence, epoch, chain, start, end } = lastRecord(path);
  const bytes = readFileSync(path);
  const payload = Buffer.from(
    bytes
      .subarray(start + 40, end)
      .toString()
      .replace('"d"', '"v"'),
  );
  const away = join(fixture.folder, 'away');
  cpSync(fixture.zonePath('south'), away, { recursive: true });
  const voided = encodeRecord({ sequence, epoch, chain }, payload).bytes;
  writeFileSync(join(away, 'log', path.slice(-24)), Buffer.concat([bytes.subarray(0, start), voided]));
  index = await fixture.open();
  for (let ordinal = 5; ordinal < 10; ordinal++) await index.submit(put(bucketId, `more-${ordinal}`, ordinal));
  await index.close();
  rmSync(fixture.zonePath('south'), { recursive: true });
  renameSync(away, fixture.zonePath('south'));
  index = await fixture.open();
  await fixture.expectEqualLogs();
});
