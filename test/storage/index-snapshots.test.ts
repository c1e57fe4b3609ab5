/** Snapshots of the index in every zone: when they are made, what takes over at a start, and how they are replaced. */
import { existsSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { databasePath } from '../../src/meta/database.ts';
import { snapshotDraft } from '../../src/meta/snapshots/snapshot-file.ts';
import { SnapshotFiles } from '../../src/meta/snapshots/snapshot-files.ts';
import type { Index } from '../../src/meta/types.ts';
import { eventually } from '../support/eventually.ts';
import { FaultyFiles } from '../support/faulty-files.ts';
import {
  createBucket,
  everything,
  IndexFixture,
  makeSnapshot,
  names,
  put,
  rejection,
  settle,
  untilAllCount,
  ZONES,
  type Zone,
} from './index-fixture.ts';

let fixture: IndexFixture;
let index: Index;
let bucketId: number;
let ordinal = 0;

beforeEach(async () => {
  // A snapshot takes more bytes than a small log has, and is due when the log has as many as it has.
  fixture = new IndexFixture({ logFileSizeMaxBytes: 20_000, snapshotLogBytes: 50_000 });
  index = await fixture.open();
  bucketId = await createBucket(index);
  ordinal = 0;
});
afterEach(async () => {
  await index.close();
  fixture.remove();
});

async function putKeys(prefix: string, count: number): Promise<void> {
  await Promise.all(Array.from({ length: count }, (_, i) => index.submit(put(bucketId, `${prefix}-${i}`, ++ordinal))));
}
async function keyCount(): Promise<number> {
  return names(await index.listObjects(everything(bucketId))).length;
}
const grow = (prefix = 'snap') => makeSnapshot(index, (round) => putKeys(`${prefix}-${round}`, 300));
function indexFiles(zone: Zone): string[] {
  const folder = join(fixture.zonePath(zone), 'index');
  return existsSync(folder) ? readdirSync(folder).sort() : [];
}
function snapshotOf(zone: Zone): string {
  const names = indexFiles(zone).filter((name) => name.endsWith('.snapshot'));
  expect(names.length, `${zone}: ${names}`).toBe(1);
  return join(fixture.zonePath(zone), 'index', names[0] ?? '');
}
function flipBit(path: string, at: number): void {
  const bytes = readFileSync(path);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(path, bytes);
}
async function restart(): Promise<void> {
  await index.close();
  index = await fixture.open();
}

test('a log that is short → no snapshot; one that has grown → the same snapshot in every zone, and no other', async () => {
  await putKeys('few', 10);
  await settle(index);
  expect(ZONES.flatMap(indexFiles).filter((name) => name.includes('.snapshot'))).toEqual([]);
  await grow('a');
  await grow('b');
  const contents = ZONES.map((zone) => readFileSync(snapshotOf(zone)));
  for (const content of contents) expect(content.equals(contents[0] ?? Buffer.of())).toBe(true);
  for (const zone of ZONES) expect(indexFiles(zone).filter((name) => name.endsWith('.draft'))).toEqual([]);
  expect(index.upkeep.status()).toMatchObject({ made: 2, copied: 4, damagedFound: 0 });
});

test('what a zone holds → its snapshot and log as they lie there, and the one has all that the other lacks', async () => {
  await putKeys('few', 10);
  const whole = { log: { files: 1, firstSequence: 1, newestFileSequence: 1, sizeBytes: expect.any(Number) } };
  // One zone may get the record when the others have it.
  await eventually(async () => {
    await settle(index);
    expect([...index.upkeep.holdings().values()]).toEqual([whole, whole, whole]);
  });
  await grow('a');
  await grow('b');
  const { sequence } = index.upkeep.status();
  for (const zone of ZONES) {
    const { snapshot, log } = index.upkeep.holdings().get(zone) ?? {};
    const { size, mtimeMs } = statSync(snapshotOf(zone));
    expect(snapshot).toEqual({ sequence, sizeBytes: size, madeMs: Math.round(mtimeMs) });
    const files = readdirSync(join(fixture.zonePath(zone), 'log')).filter((name) => name.endsWith('.log'));
    expect(log).toMatchObject({ files: files.length, firstSequence: Number.parseInt(files.sort()[0] ?? '', 10) });
    expect(log?.firstSequence).toBeGreaterThan(1);
    expect(log?.firstSequence).toBeLessThanOrEqual(sequence + 1);
  }
});

test('a snapshot is made while the index is written to → it holds one state, and what came later is replayed', async () => {
  await putKeys('before', 500);
  const step = index.upkeep.step();
  await putKeys('meanwhile', 500);
  await step;
  await settle(index);
  expect(index.upkeep.status().made).toBeGreaterThan(0);
  await index.close();
  const live = fixture.dump();
  rmSync(databasePath(fixture.zonePath('north')));
  index = await fixture.open();
  expect(await keyCount()).toBe(1_000);
  await index.close();
  const restored = fixture.dump();
  for (const [table, rows] of Object.entries(live)) if (table !== 'state') expect(restored[table], table).toEqual(rows);
  index = await fixture.open();
});

test.each(ZONES)(
  'zone %s is lost with what was acknowledged behind the snapshot → everything is there',
  async (zone) => {
    await grow();
    await putKeys('behind', 5);
    const count = await keyCount();
    await index.close();
    fixture.moveAway(zone);
    index = await fixture.open();
    expect(await keyCount()).toBe(count);
    await index.close();
    fixture.giveBack(zone);
    index = await fixture.open();
    expect(await keyCount()).toBe(count);
  },
);

test('the database went back behind the snapshot → the snapshot takes over', async () => {
  await putKeys('old', 5);
  await index.close();
  const path = databasePath(fixture.zonePath('north'));
  const old = readFileSync(path);
  index = await fixture.open();
  await grow();
  const count = await keyCount();
  await index.close();
  writeFileSync(path, old);
  index = await fixture.open();
  expect(await keyCount()).toBe(count);
});

test('the database is in one zone, a later one in another → the later one takes over and the other goes', async () => {
  await grow();
  await index.close();
  fixture.moveAway('north');
  index = await fixture.open();
  await putKeys('later', 5);
  const count = await keyCount();
  await index.close();
  fixture.giveBack('north');
  index = await fixture.open();
  expect(await keyCount()).toBe(count);
  expect(existsSync(databasePath(fixture.zonePath('north')))).toBe(false);
  expect(existsSync(databasePath(fixture.zonePath('east')))).toBe(true);
});

test.each(['a bit of it is flipped', 'it is cut short', 'its description is torn'])(
  'database lost, and of the first snapshot %s → another zone’s takes over, and this one is replaced',
  async (how) => {
    await grow();
    const count = await keyCount();
    await index.close();
    rmSync(databasePath(fixture.zonePath('north')));
    const path = snapshotOf('north');
    if (how.startsWith('a bit')) flipBit(path, 5_000);
    else if (how.startsWith('it is cut')) truncateSync(path, 8_192);
    else truncateSync(`${path}.json`, 40);
    index = await fixture.open();
    expect(await keyCount()).toBe(count);
    await untilAllCount(index);
    await settle(index);
    expect(readFileSync(snapshotOf('north')).equals(readFileSync(snapshotOf('south')))).toBe(true);
  },
);

test('a snapshot is damaged while serving → found by reading it through, and replaced', async () => {
  await grow();
  await restart();
  const path = snapshotOf('east');
  const whole = readFileSync(path);
  flipBit(path, 9_000);
  await index.upkeep.step();
  expect(index.upkeep.status().damagedFound).toBe(1);
  await untilAllCount(index);
  expect(readFileSync(path).equals(whole)).toBe(true);
});

test('a zone lost its snapshot and cannot be restored alone → it does not count until it has one again', async () => {
  await grow();
  await index.close();
  rmSync(join(fixture.zonePath('south'), 'index'), { recursive: true });
  index = await fixture.open();
  expect(index.state().zones).toContainEqual({ zone: 'south', isStale: true });
  await untilAllCount(index);
  expect(readFileSync(snapshotOf('south')).equals(readFileSync(snapshotOf('north')))).toBe(true);
});

test('what a kill leaves of a snapshot in the making, in any zone → removed at the start', async () => {
  await grow();
  await index.close();
  const later = `${'9'.repeat(20)}.snapshot`;
  for (const zone of ZONES) {
    const folder = join(fixture.zonePath(zone), 'index');
    writeFileSync(join(folder, 'snapshot.draft'), 'half');
    // Renamed, and killed before it was described.
    writeFileSync(join(folder, later), readFileSync(snapshotOf(zone)));
  }
  index = await fixture.open();
  for (const zone of ZONES) {
    expect(indexFiles(zone)).not.toContain('snapshot.draft');
    expect(indexFiles(zone)).not.toContain(later);
    snapshotOf(zone);
  }
});

test('a snapshot or database of another cluster in a zone → ForeignIndex', async () => {
  await grow();
  await index.close();
  rmSync(databasePath(fixture.zonePath('north')));
  expect(await rejection(fixture.open({ clusterId: 'ff'.repeat(16) }))).toBe('ForeignIndex');
  index = await fixture.open();
});

test('a snapshot cannot be finished, as on a full disk → what was written of it is removed at once', async () => {
  const zonePath = fixture.zonePath('north');
  const files = new SnapshotFiles((task) => {
    if ('draft' in task) writeFileSync(task.draft, 'as much as there was space for');
    throw new Error('ENOSPC');
  });
  await expect(files.make(zonePath)).rejects.toThrow('ENOSPC');
  expect(indexFiles('north').filter((name) => name.includes('draft'))).toEqual([]);
});

test('a snapshot is synced while it is written; where that fails → it is none, and nothing of it stays', async () => {
  const files = FaultyFiles.install();
  const fault = files.fail({ operation: 'open', path: snapshotDraft(fixture.zonePath('north')), code: 'EIO' });
  await expect(grow()).rejects.toThrow('EIO');
  expect(fault.met).toBe(1);
  expect(indexFiles('north').filter((name) => name.includes('snapshot'))).toEqual([]);
  fault.release();
  await grow();
});
