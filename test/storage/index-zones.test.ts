/** The commit log over three zones: what is lost, torn, behind or void, and what a start makes of it. */
import { appendFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { encodeRecord, FILE_HEADER_BYTES } from '../../src/meta/log/codec.ts';
import { LogDamaged } from '../../src/meta/log/recovery.ts';
import type { BlobLocation } from '../../src/meta/records.ts';
import type { Index } from '../../src/meta/types.ts';
import {
  createBucket,
  everything,
  IndexFixture,
  lastRecord,
  names,
  put,
  rejection,
  ZONES,
  type Zone,
} from './index-fixture.ts';

let fixture: IndexFixture;
let index: Index;
let bucketId: number;
let ordinal = 0;

beforeEach(async () => {
  fixture = new IndexFixture({ logFileSizeMaxBytes: 2_000 });
  index = await fixture.open();
  bucketId = await createBucket(index);
  ordinal = 0;
});
afterEach(async () => {
  await index.close();
  fixture.remove();
});

async function putKeys(...keys: string[]): Promise<void> {
  for (const key of keys) await index.submit(put(bucketId, key, ++ordinal));
}
async function keys(): Promise<string[]> {
  return names(await index.listObjects(everything(bucketId))).map((name) => name.replace(' null', ''));
}
function lastLogFile(zone: Zone): string {
  return fixture.logFiles(zone).at(-1) ?? 'none';
}
function cutLastRecord(zone: Zone): void {
  const path = lastLogFile(zone);
  const { start } = lastRecord(path);
  if (start === FILE_HEADER_BYTES) rmSync(path);
  else truncateSync(path, start);
}
async function restart(options: Parameters<IndexFixture['open']>[0] = {}): Promise<void> {
  await index.close();
  index = await fixture.open(options);
}
const MANY = Array.from({ length: 40 }, (_, i) => `key-${String(i).padStart(2, '0')}`);

test('the database is gone → the log replays to the same tables', async () => {
  await putKeys(...MANY);
  await index.submit({
    type: 'delete-current',
    bucketId,
    key: 'key-07',
    markerId: 'x',
    ordinal: ++ordinal,
    owner: 'o',
    lastModifiedMs: 1,
  });
  expect(fixture.logFiles('north').length).toBeGreaterThan(3);
  await index.close();
  const live = fixture.dump();
  fixture.removeDatabases();
  index = await fixture.open();
  await index.close();
  const replayed = fixture.dump();
  // The replay ended with the empty record that settles what was in doubt.
  for (const [table, rows] of Object.entries(live)) if (table !== 'state') expect(replayed[table], table).toEqual(rows);
  index = await fixture.open();
});

test('a plain restart → the log does not grow', async () => {
  await putKeys('a');
  const before = fixture.logBytes('east');
  await restart();
  expect(fixture.logBytes('east')).toEqual(before);
});

test.each(ZONES)('zone %s is gone at start → everything is there, and it is refilled when it is back', async (zone) => {
  await putKeys(...MANY);
  await index.close();
  fixture.moveAway(zone);
  index = await fixture.open();
  expect(await keys()).toEqual(MANY);
  await putKeys('new');
  await index.close();
  fixture.giveBack(zone);
  index = await fixture.open();
  expect(await keys()).toEqual([...MANY, 'new']);
  await fixture.expectEqualLogs();
});

test.each(ZONES)('zone %s comes back as an empty folder → its log is made anew', async (zone) => {
  await putKeys(...MANY);
  await index.close();
  rmSync(fixture.zonePath(zone), { recursive: true });
  mkdirSync(fixture.zonePath(zone));
  index = await fixture.open();
  expect(await keys()).toEqual(MANY);
  await fixture.expectEqualLogs();
});

test('two of three zones are gone at start → LogQuorumLost', async () => {
  await index.close();
  fixture.moveAway('east');
  fixture.moveAway('south');
  expect(await rejection(fixture.open())).toBe('LogQuorumLost');
  fixture.giveBack('east');
  index = await fixture.open();
});

test.each(ZONES)('zone %s vanishes while serving → writes go on, and it is refilled while serving', async (zone) => {
  await putKeys('a');
  fixture.moveAway(zone);
  await putKeys('b', 'c');
  const without = ZONES.filter((other) => other !== zone);
  expect(fixture.logBytes(without[0] ?? 'north')).toEqual(fixture.logBytes(without[1] ?? 'north'));
  fixture.giveBack(zone);
  // The copy is refilled behind the batches; each gives it a turn.
  for (let i = 0; fixture.logBytes(zone).join() !== fixture.logBytes(without[0] ?? 'north').join() && i < 1_000; i++) {
    await putKeys(`more-${i}`);
  }
  await putKeys('last');
  await fixture.expectEqualLogs();
});

test('a zone is replaced by an empty folder while serving → its log is made anew, in full', async () => {
  await putKeys(...MANY);
  rmSync(fixture.zonePath('east'), { recursive: true });
  mkdirSync(fixture.zonePath('east'));
  for (
    let i = 0;
    !existsSync(join(fixture.zonePath('east'), 'log')) ||
    fixture.logBytes('east').join() !== fixture.logBytes('south').join();
    i++
  ) {
    await putKeys(`more-${i}`);
    if (i > 1_000) throw new Error('the zone never came back');
  }
  await putKeys('last');
  await fixture.expectEqualLogs();
});

test('two of three zones vanish while serving → CommitFailed and reads go on; one comes back → writes too', async () => {
  await putKeys('a');
  const gone = ['north', 'south'] as const;
  for (const zone of gone) fixture.moveAway(zone);
  expect(await rejection(putKeys('void'))).toBe('CommitFailed');
  expect(await rejection(putKeys('void'))).toBe('CommitFailed');
  expect(await keys()).toEqual(['a']);
  fixture.giveBack('south');
  await putKeys('b');
  expect(await keys()).toEqual(['a', 'b']);
  fixture.giveBack('north');
  await index.close();
  fixture.removeDatabases();
  index = await fixture.open();
  expect(await keys()).toEqual(['a', 'b']);
  await fixture.expectEqualLogs();
});

test('a wave fails because zones vanished, then they return → its record was taken back in the moved files too', async () => {
  await putKeys('a');
  for (const zone of ZONES) fixture.moveAway(zone);
  expect(await rejection(putKeys('void'))).toBe('CommitFailed');
  await index.close();
  for (const zone of ZONES) fixture.giveBack(zone);
  index = await fixture.open();
  expect(await keys()).toEqual(['a']);
});

test('all zones vanish and come back while serving → writes work again', async () => {
  await putKeys('a');
  for (const zone of ZONES) fixture.moveAway(zone);
  expect(await rejection(putKeys('void'))).toBe('CommitFailed');
  for (const zone of ZONES) fixture.giveBack(zone);
  await putKeys('b');
  expect(await keys()).toEqual(['a', 'b']);
});

test('every cut through the last record in one copy → nothing is lost and the copy is whole again', async () => {
  await putKeys('a', 'b');
  await index.close();
  const path = lastLogFile('east');
  const whole = readFileSync(path);
  const { start } = lastRecord(path);
  for (const size of [start, start + 1, start + 39, start + 40, whole.length - 1]) {
    truncateSync(path, size);
    index = await fixture.open();
    expect(await keys()).toEqual(['a', 'b']);
    await index.close();
    expect(readFileSync(path).equals(whole), `cut at ${size}`).toBe(true);
  }
  index = await fixture.open();
});

test('rubbish behind the last record of a copy → cut', async () => {
  await putKeys('a');
  await index.close();
  appendFileSync(lastLogFile('south'), Buffer.alloc(300, 0xf9));
  index = await fixture.open();
  await fixture.expectEqualLogs();
});

test('a flipped bit in an old file of one copy, database gone → replay takes another copy', async () => {
  await putKeys(...MANY);
  await index.close();
  fixture.removeDatabases();
  for (const zone of ['north', 'south'] as const) {
    const path = fixture.logFiles(zone)[0] ?? 'none';
    const bytes = readFileSync(path);
    bytes[FILE_HEADER_BYTES + 60] = (bytes[FILE_HEADER_BYTES + 60] ?? 0) ^ 1;
    truncateSync(path, 0);
    appendFileSync(path, bytes);
  }
  index = await fixture.open();
  expect(await keys()).toEqual(MANY);
});

test('the last record is in one copy only, intact, and not in the database → it counts everywhere from then on', async () => {
  await putKeys('a');
  await index.close();
  const database = readFileSync(join(fixture.zonePath('north'), 'index', 'ninefold.sqlite'));
  index = await fixture.open();
  await putKeys('b');
  await index.close();
  // As after a power failure in the middle of the wave: the database knows nothing, one log is ahead.
  const path = join(fixture.zonePath('north'), 'index', 'ninefold.sqlite');
  truncateSync(path, 0);
  appendFileSync(path, database);
  cutLastRecord('north');
  cutLastRecord('east');
  index = await fixture.open();
  expect(await keys()).toEqual(['a', 'b']);
  await restart();
  expect(await keys()).toEqual(['a', 'b']);
  await fixture.expectEqualLogs();
});

test('the last record names blobs that are not intact → it is void, and stays void', async () => {
  await putKeys('a');
  await index.close();
  const database = readFileSync(join(fixture.zonePath('north'), 'index', 'ninefold.sqlite'));
  index = await fixture.open();
  await putKeys('b');
  await index.close();
  const path = join(fixture.zonePath('north'), 'index', 'ninefold.sqlite');
  truncateSync(path, 0);
  appendFileSync(path, database);
  const asked: BlobLocation[] = [];
  index = await fixture.open({
    isIntact: async (location) => {
      asked.push(location);
      return false;
    },
  });
  expect(asked.map((location) => location.extents[0]?.offset)).toEqual([200]);
  expect(await keys()).toEqual(['a']);
  await index.close();
  fixture.removeDatabases();
  index = await fixture.open();
  expect(await keys()).toEqual(['a']);
});

/** Appends to a zone's log a record that a wave left there which reached no other zone. */
function appendRecord(zone: Zone, key: string, epochsLater: number): void {
  const path = lastLogFile(zone);
  const { sequence, epoch, checksum } = lastRecord(path);
  const payload = Buffer.from(JSON.stringify([put(bucketId, key, 50)]));
  const record = encodeRecord({ sequence: sequence + 1, epoch: epoch + epochsLater, chain: checksum }, payload);
  appendFileSync(path, record.bytes);
}

async function openWithout(zone: Zone, run: () => Promise<void>): Promise<void> {
  fixture.moveAway(zone);
  index = await fixture.open();
  await run();
  await index.close();
  fixture.giveBack(zone);
}

test.each(ZONES)('zone %s returns with a void record of an older epoch → it is never replayed', async (zone) => {
  await putKeys('a');
  await index.close();
  // With the database at hand nothing is in doubt, and `kept` takes the very sequence that `void` has.
  if (zone === 'north') renameSync(join(fixture.zonePath('north'), 'index'), join(fixture.zonePath('south'), 'index'));
  appendRecord(zone, 'void', 0);
  await openWithout(zone, () => putKeys('kept'));
  fixture.removeDatabases();
  index = await fixture.open();
  expect(await keys()).toEqual(['a', 'kept']);
  await fixture.expectEqualLogs();
});

test('a record in doubt was accepted, then a zone returns with another of a newer epoch → what was seen stays', async () => {
  await putKeys('a');
  await index.close();
  renameSync(join(fixture.zonePath('north'), 'index'), join(fixture.zonePath('south'), 'index'));
  appendRecord('north', 'seen', 0);
  // The others go on without the north, but their only record reaches the east alone.
  await openWithout('north', async () => undefined);
  appendRecord('east', 'void', 1);
  await openWithout('east', async () => expect(await keys()).toEqual(['a', 'seen']));
  index = await fixture.open();
  expect(await keys()).toEqual(['a', 'seen']);
  await fixture.expectEqualLogs();
});

test('a power failure took the database back some records → they are replayed, and not twice', async () => {
  await putKeys('a', 'b');
  await index.close();
  const path = join(fixture.zonePath('north'), 'index', 'ninefold.sqlite');
  const database = readFileSync(path);
  index = await fixture.open();
  await putKeys(...MANY);
  await index.close();
  truncateSync(path, 0);
  appendFileSync(path, database);
  index = await fixture.open();
  expect(await keys()).toEqual(['a', 'b', ...MANY]);
});

test('the database is damaged → set aside and rebuilt', async () => {
  await putKeys('a');
  await index.close();
  const path = join(fixture.zonePath('north'), 'index', 'ninefold.sqlite');
  truncateSync(path, 0);
  appendFileSync(path, Buffer.alloc(8192, 7));
  index = await fixture.open();
  expect(await keys()).toEqual(['a']);
  expect(existsSync(`${path}.aside`)).toBe(true);
});

test('the log is behind the database → LogDamaged, and nothing is changed', async () => {
  await putKeys('a', 'b');
  await index.close();
  for (const zone of ZONES) cutLastRecord(zone);
  await expect(fixture.open()).rejects.toBeInstanceOf(LogDamaged);
  fixture.removeDatabases();
  index = await fixture.open();
  expect(await keys()).toEqual(['a']);
});

test('zone folders are mixed up or of another cluster → ForeignLog, ForeignIndex', async () => {
  await putKeys('a');
  await index.close();
  const [north, east, south] = fixture.zones;
  if (!north || !east || !south) throw new Error('there are three zones');
  const swapped = [north, { ...east, path: south.path }, { ...south, path: east.path }];
  expect(await rejection(fixture.open({ zones: swapped }))).toBe('ForeignLog');
  expect(await rejection(fixture.open({ clusterId: 'ff'.repeat(16) }))).toBe('ForeignIndex');
  fixture.removeDatabases();
  expect(await rejection(fixture.open({ clusterId: 'ff'.repeat(16) }))).toBe('ForeignLog');
  index = await fixture.open();
  expect(await keys()).toEqual(['a']);
});

test("a zone's log folder is replaced by a file → that zone is stale, the others serve", async () => {
  await index.close();
  rmSync(join(fixture.zonePath('south'), 'log'), { recursive: true });
  appendFileSync(join(fixture.zonePath('south'), 'log'), 'no folder');
  index = await fixture.open();
  await putKeys('a');
  expect(await keys()).toEqual(['a']);
});
