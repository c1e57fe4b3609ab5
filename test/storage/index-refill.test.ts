/** Copies of the log that look whole by their size and are not: condition → result. */
import { cpSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { encodeRecord, FILE_HEADER_BYTES, scanRecords } from '../../src/meta/log/codec.ts';
import type { Index } from '../../src/meta/types.ts';
import { createBucket, IndexFixture, put, ZONES, type Zone } from './index-fixture.ts';

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

function logFiles(zone: Zone): string[] {
  const folder = join(fixture.zonePath(zone), 'log');
  const names = readdirSync(folder).filter((name) => name.endsWith('.log'));
  return names.sort().map((name) => join(folder, name));
}
function records(zone: Zone): string[] {
  return logFiles(zone).map((path) => readFileSync(path).subarray(FILE_HEADER_BYTES).toString('base64'));
}
/** A start and a commit wait for a majority only: the last copy may come a moment later. */
async function expectEqualLogs(): Promise<void> {
  await vi.waitFor(() => {
    for (const zone of ZONES) expect(records(zone), zone).toEqual(records('north'));
  });
}
function lastRecord(path: string) {
  const last = Array.from(scanRecords(readFileSync(path), FILE_HEADER_BYTES)).at(-1);
  if (last === undefined) throw new Error('the file has a record');
  return last;
}

test.each(ZONES)('the last record of zone %s has its length and not its bytes → refilled', async (zone) => {
  await index.submit(put(bucketId, 'a', 1));
  await index.submit(put(bucketId, 'b', 2));
  await index.close();
  const path = logFiles(zone).at(-1) ?? '';
  const { start } = lastRecord(path);
  writeFileSync(path, readFileSync(path).fill(0, start + 50));
  index = await fixture.open();
  await expectEqualLogs();
});

test('a zone returns with a void record as long as the one that replaced it, and the file is closed since → refilled', async () => {
  // One record more would not fit the file.
  for (const [i, key] of ['a', 'b', 'c', 'd'].entries()) await index.submit(put(bucketId, key, i + 1));
  await index.close();
  const path = logFiles('south').at(-1) ?? '';
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
  await expectEqualLogs();
});
