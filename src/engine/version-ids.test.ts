import { expect, test } from 'vitest';
import type { Bucket, VersioningState } from '../meta/records.ts';
import { isVersionId, newVersionId, ordinalOfId, VersionIds } from './version-ids.ts';

/** Of the first series. */
const clusterId = '00'.repeat(16);

function bucketThatIs(versioning: VersioningState): Bucket {
  return { id: 1, name: 'b', region: 'r', owner: 'o', createdMs: 0, versioning };
}

test('a clock that stands still → ordinals go on', () => {
  const ids = new VersionIds({ nowMs: () => 1000 }, () => 0, { clusterId });
  expect([ids.nextOrdinal(), ids.nextOrdinal(), ids.nextOrdinal()]).toEqual([1_000_000, 1_000_125, 1_000_250]);
});

test('a clock that goes back → ordinals go on', () => {
  let nowMs = 5000;
  const ids = new VersionIds({ nowMs: () => nowMs }, () => 0, { clusterId });
  const before = ids.nextOrdinal();
  nowMs = 1000;
  expect(ids.nextOrdinal()).toBe(before + 125);
});

test('an index with later versions than the clock → the next ordinal is above theirs', () => {
  const ids = new VersionIds({ nowMs: () => 1000 }, () => 7_000_000, { clusterId });
  expect(ids.nextOrdinal()).toBe(7_000_125);
});

test('servers that write in the same moments, whether they know of each other or not → never the same ordinal', () => {
  const made: number[] = [];
  const known = { last: 0 };
  const servers = ['00', '01', 'ff'].map(
    (id) => new VersionIds({ nowMs: () => 1000 }, () => known.last, { clusterId: id.repeat(16) }),
  );
  for (const last of [0, 1_000_001, 1_003_070]) {
    known.last = last;
    for (const server of servers) for (let times = 0; times < 20; times++) made.push(server.nextOrdinal());
  }
  expect(new Set(made).size).toBe(made.length);
});

test('Enabled → a new version id; Unversioned and Suspended → null', () => {
  const ids = new VersionIds({ nowMs: () => 1000 }, () => 0, { clusterId });
  expect(ids.issue(bucketThatIs('Enabled')).versionId).toMatch(/^[A-Za-z0-9_-]{32}$/);
  expect(ids.issue(bucketThatIs('Suspended')).versionId).toBe('null');
  expect(ids.issue(bucketThatIs('Unversioned')).versionId).toBe('null');
});

test('an id chosen earlier → kept only while the state allows it, with a new ordinal', () => {
  const ids = new VersionIds({ nowMs: () => 1000 }, () => 0, { clusterId });
  const first = ids.issue(bucketThatIs('Enabled'));
  const kept = ids.issue(bucketThatIs('Enabled'), first.versionId);
  expect(kept.versionId).toBe(first.versionId);
  expect(kept.ordinal).toBeGreaterThan(first.ordinal);
  expect(ids.issue(bucketThatIs('Suspended'), first.versionId).versionId).toBe('null');
  expect(ids.issue(bucketThatIs('Enabled'), 'null').versionId).not.toBe('null');
});

test('ids of one ordinal and of neighbours → all different, without a common beginning', () => {
  const ids = [newVersionId(1), newVersionId(1), newVersionId(2)];
  expect(new Set(ids).size).toBe(3);
  expect(new Set(ids.map((id) => id.slice(0, 8))).size).toBe(3);
  expect(ids.every(isVersionId)).toBe(true);
});

test('an id → begins with a letter, never with the dash of a command’s options', () => {
  const begins = Array.from({ length: 2000 }, () => newVersionId(1).charAt(0));
  expect(begins.filter((character) => !/^[A-Za-z]$/.test(character))).toEqual([]);
});

test('an id from elsewhere that begins with a dash → a version id too', () => {
  const id = `-${newVersionId(1).slice(1)}`;
  expect(isVersionId(id)).toBe(true);
});

test('texts that are no version ids → refused', () => {
  expect(isVersionId('null')).toBe(true);
  for (const text of ['', 'nul', 'x'.repeat(31), 'x'.repeat(33), `${'x'.repeat(31)}/`, `${'x'.repeat(32)}\n`]) {
    expect(isVersionId(text), JSON.stringify(text)).toBe(false);
  }
});

test('uploads made one after another → their ids sort in that order', () => {
  let nowMs = 1000;
  const ids = new VersionIds({ nowMs: () => nowMs++ }, () => 0, { clusterId });
  const made = Array.from({ length: 20 }, () => ids.newUploadId());
  expect([...made].sort()).toEqual(made);
});

test('an id → the ordinal it was made with; null and foreign ids → none', () => {
  expect(ordinalOfId(newVersionId(1_700_000_000_000_001))).toBe(1_700_000_000_000_001);
  expect(ordinalOfId('null')).toBeUndefined();
  expect(ordinalOfId(`${'A'.repeat(21)}_${'A'.repeat(10)}`)).toBeUndefined();
});
