/** Dropping log that snapshots cover: what a zone keeps at every moment, and zones that were away while others dropped. */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FILE_HEADER_BYTES, scanRecords } from '../../src/meta/log/codec.ts';
import { findSnapshot } from '../../src/meta/snapshots/snapshot-file.ts';
import type { Index } from '../../src/meta/types.ts';
import { eventually } from '../support/eventually.ts';
import {
  createBucket,
  everything,
  IndexFixture,
  makeSnapshot,
  names,
  put,
  rejection,
  untilAllCount,
  ZONES,
  type Zone,
} from './index-fixture.ts';

let fixture: IndexFixture;
let index: Index;
let bucketId: number;
let ordinal = 0;

beforeEach(async () => {
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
  for (let i = 0; i < count; i += 50) {
    const batch = Array.from({ length: Math.min(50, count - i) }, (_, n) =>
      put(bucketId, `${prefix}-${i + n}`, ++ordinal),
    );
    await Promise.all(batch.map((command) => index.submit(command)));
  }
}
async function keyCount(): Promise<number> {
  return names(await index.listObjects(everything(bucketId))).length;
}
const grow = (prefix: string) => makeSnapshot(index, (round) => putKeys(`${prefix}-${round}`, 300));
/** The sequence that a log file begins with. */
const firstOf = (path: string): number => Number.parseInt(basename(path), 10);
/**
 * A zone on its own: its snapshot and its log join up, and there is nothing missing up to the end. Commits wait for a
 * majority only, so the last record of one zone may come a moment later.
 */
function expectWhole(zone: Zone): Promise<void> {
  return eventually(() => expectWholeNow(zone));
}
async function expectWholeNow(zone: Zone): Promise<void> {
  const snapshot = await findSnapshot({ zonePath: fixture.zonePath(zone), clusterId: fixture.options.clusterId });
  const files = fixture.logFiles(zone);
  let next = firstOf(files[0] ?? '');
  expect(next, zone).toBeLessThanOrEqual(snapshot?.applied.sequence ?? 1);
  for (const path of files) {
    expect(firstOf(path), zone).toBe(next);
    next = (Array.from(scanRecords(readFileSync(path), FILE_HEADER_BYTES)).at(-1)?.sequence ?? 0) + 1;
  }
  expect(next - 1, zone).toBe(index.state().sequence);
}

test('snapshots are made → the log behind them goes, and every zone is whole on its own', async () => {
  await grow('a');
  expect(firstOf(fixture.logFiles('north')[0] ?? '')).toBeGreaterThan(1);
  await grow('b');
  expect(index.upkeep.status().logFilesDropped).toBeGreaterThan(6);
  for (const zone of ZONES) await expectWhole(zone);
  // What is kept is about what came since, not everything.
  expect(fixture.logFiles('north').length).toBeLessThan(4);
});

test.each(ZONES)('only zone %s is left besides a stale one → its snapshot and log suffice', async (zone) => {
  await grow('a');
  await putKeys('behind', 20);
  const count = await keyCount();
  await index.close();
  for (const other of ZONES.filter((name) => name !== zone)) {
    rmSync(join(fixture.zonePath(other), 'index'), { recursive: true });
    for (const path of fixture.logFiles(other).slice(0, -1)) rmSync(path);
  }
  index = await fixture.open();
  expect(await keyCount()).toBe(count);
  await untilAllCount(index);
  for (const each of ZONES) await expectWhole(each);
});

test.each(ZONES)(
  'zone %s was away while the others dropped what it lacks → refilled with their snapshot',
  async (zone) => {
    await putKeys('a', 100);
    await index.close();
    fixture.moveAway(zone);
    index = await fixture.open();
    await grow('b');
    await grow('c');
    await index.close();
    fixture.giveBack(zone);
    index = await fixture.open();
    expect(index.state().zones).toContainEqual({ zone, isStale: true });
    await putKeys('d', 100);
    await untilAllCount(index);
    for (const each of ZONES) await expectWhole(each);
    // Alone with one other it carries the whole state.
    const count = await keyCount();
    await index.close();
    const gone = ZONES.find((name) => name !== zone) ?? 'north';
    rmSync(fixture.zonePath(gone), { recursive: true });
    index = await fixture.open();
    expect(await keyCount()).toBe(count);
  },
);

test('a zone is replaced by an empty folder while serving → refilled with a snapshot and the log behind it', async () => {
  await grow('a');
  rmSync(fixture.zonePath('east'), { recursive: true });
  mkdirSync(fixture.zonePath('east'));
  for (let i = 0; index.state().zones.every(({ isStale }) => !isStale); i++) await putKeys(`noticed-${i}`, 1);
  await untilAllCount(index);
  await putKeys('after', 3);
  await expectWhole('east');
});

test('two zones were away while one served alone → nothing was acknowledged, and both come back', async () => {
  await grow('a');
  const count = await keyCount();
  for (const zone of ['east', 'south'] as const) fixture.moveAway(zone);
  expect(await rejection(index.submit(put(bucketId, 'void', ++ordinal)))).toBe('CommitFailed');
  for (const zone of ['east', 'south'] as const) fixture.giveBack(zone);
  await putKeys('kept', 1);
  await untilAllCount(index);
  expect(await keyCount()).toBe(count + 1);
  for (const zone of ZONES) await expectWhole(zone);
});

test('one zone holds more of the log than the others, torn where nobody needs it → no trouble', async () => {
  await putKeys('a', 300);
  const old = join(fixture.folder, 'old');
  cpSync(join(fixture.zonePath('south'), 'log'), old, { recursive: true });
  await grow('b');
  await index.close();
  for (const name of readdirSync(old).filter((file) => file.endsWith('.log'))) {
    const path = join(fixture.zonePath('south'), 'log', name);
    if (!existsSync(path)) cpSync(join(old, name), path);
  }
  rmSync(fixture.logFiles('south')[0] ?? 'none');
  index = await fixture.open();
  await putKeys('c', 1);
  expect(index.state().zones.filter(({ isStale }) => isStale)).toEqual([]);
  // A commit waits for a majority only; closing waits for all.
  await index.close();
  expect(new Set(ZONES.map((zone) => fixture.logBytes(zone).at(-1))).size).toBe(1);
});

test('the log in all zones begins behind the only database there is → LogDamaged, in words', async () => {
  await putKeys('a', 10);
  await index.close();
  const folder = join(fixture.folder, 'old-index');
  cpSync(join(fixture.zonePath('north'), 'index'), folder, { recursive: true });
  index = await fixture.open();
  await grow('b');
  await index.close();
  for (const zone of ZONES) rmSync(join(fixture.zonePath(zone), 'index'), { recursive: true });
  cpSync(folder, join(fixture.zonePath('north'), 'index'), { recursive: true });
  await expect(fixture.open()).rejects.toThrow(/begins with record \d+.*rebuild-index/);
  fixture.remove();
  fixture = new IndexFixture();
  index = await fixture.open();
});
