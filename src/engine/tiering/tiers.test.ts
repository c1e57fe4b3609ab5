import { describe, expect, test } from 'vitest';
import type { Tiering } from '../../meta/records.ts';
import type { TieringConfiguration } from './configurations.ts';
import { archiveDue, possiblyDueBefore } from './due.ts';
import { accessTierOf, isNoteworthy, monitoredSizeMin } from './tiers.ts';

const dayLengthMs = 86_400_000;
/** At 10:30 on a day; days of no access are over at the midnight that follows them. */
const writtenMs = Date.parse('2026-01-01T10:30:00Z');
const midnightMs = Date.parse('2026-01-02T00:00:00Z');
const written = { key: 'a/k', tags: [], size: monitoredSizeMin, lastModifiedMs: writtenMs };
const later = (days: number, moreMs = 0) => ({ nowMs: midnightMs + days * dayLengthMs + moreMs, dayLengthMs });

describe('tiers that are read at once', () => {
  test.each([
    ['29 days', later(29), undefined, 'FREQUENT_ACCESS'],
    ['a moment less than 30 days', later(30, -1), undefined, 'FREQUENT_ACCESS'],
    ['30 days', later(30), undefined, 'INFREQUENT_ACCESS'],
    ['a moment less than 90 days', later(90, -1), undefined, 'INFREQUENT_ACCESS'],
    ['90 days', later(90), undefined, 'ARCHIVE_INSTANT_ACCESS'],
    ['90 days, read after 70', later(90), { accessedMs: later(70).nowMs }, 'FREQUENT_ACCESS'],
    ['110 days, read after 70', later(110), { accessedMs: later(70).nowMs }, 'INFREQUENT_ACCESS'],
  ] as const)('%s → %4$s', (_, time, tiering, tier) => {
    expect(accessTierOf({ ...written, tiering }, time)).toBe(tier);
  });

  test('smaller than 128 KiB → frequent for ever, and no read of it is worth a note', () => {
    const small = { ...written, size: monitoredSizeMin - 1 };
    expect(accessTierOf(small, later(1000))).toBe('FREQUENT_ACCESS');
    expect(isNoteworthy(small, later(1000))).toBe(false);
  });
});

test('read → worth a note once a day, the day on which it was written not', () => {
  expect(isNoteworthy(written, later(0, -1))).toBe(false);
  expect(isNoteworthy(written, later(0))).toBe(true);
  const read = { ...written, tiering: { accessedMs: later(5, 1000).nowMs } };
  expect(isNoteworthy(read, later(6, -1))).toBe(false);
  expect(isNoteworthy(read, later(6))).toBe(true);
});

test('restored from an archive tier → frequent from when it can be read, and its days begin then', () => {
  const archive = (readyMs?: number): Tiering => ({
    archive: { tier: 'ARCHIVE_ACCESS', ...(readyMs !== undefined && { restore: { tier: 'Standard', readyMs } }) },
  });
  const readyMs = later(120).nowMs;
  expect(accessTierOf({ ...written, tiering: archive() }, later(119))).toBe('ARCHIVE_ACCESS');
  expect(accessTierOf({ ...written, tiering: archive(readyMs) }, later(120, -1))).toBe('ARCHIVE_ACCESS');
  expect(accessTierOf({ ...written, tiering: archive(readyMs) }, later(120))).toBe('FREQUENT_ACCESS');
  expect(accessTierOf({ ...written, tiering: archive(readyMs) }, later(151))).toBe('INFREQUENT_ACCESS');
});

describe('archive tiers', () => {
  const configuration = (different: Partial<TieringConfiguration>): TieringConfiguration => ({
    id: 'one',
    isEnabled: true,
    filter: { tags: [] },
    tierings: [
      { tier: 'ARCHIVE_ACCESS', days: 100 },
      { tier: 'DEEP_ARCHIVE_ACCESS', days: 200 },
    ],
    ...different,
  });
  const tags = [{ key: 'age', value: 'old' }];
  const due = (days: number, different: Partial<TieringConfiguration> = {}, version = {}) =>
    archiveDue([configuration(different)], { ...written, ...version }, later(days))?.tier;

  test('as many days without access as a tier names → that tier, and of two the deeper one', () => {
    expect(due(99)).toBeUndefined();
    expect(due(100)).toBe('ARCHIVE_ACCESS');
    expect(due(199)).toBe('ARCHIVE_ACCESS');
    expect(due(200)).toBe('DEEP_ARCHIVE_ACCESS');
  });

  test('already there, being restored, or too small → nothing; in the one above → the deeper one', () => {
    const archived = { tiering: { archive: { tier: 'ARCHIVE_ACCESS' } } };
    expect(due(150, {}, archived)).toBeUndefined();
    expect(due(200, {}, archived)).toBe('DEEP_ARCHIVE_ACCESS');
    const restore = { tier: 'Bulk', readyMs: later(201).nowMs };
    expect(due(200, {}, { tiering: { archive: { tier: 'ARCHIVE_ACCESS', restore } } })).toBeUndefined();
    expect(due(200, {}, { size: monitoredSizeMin - 1 })).toBeUndefined();
  });

  test.each([
    ['disabled', { isEnabled: false }, {}, undefined],
    ['its prefix', { filter: { prefix: 'a/', tags: [] } }, {}, 'ARCHIVE_ACCESS'],
    ['another prefix', { filter: { prefix: 'b/', tags: [] } }, {}, undefined],
    ['its tag', { filter: { tags } }, { tags }, 'ARCHIVE_ACCESS'],
    ['no tag', { filter: { tags } }, {}, undefined],
    ['prefix and tag', { filter: { prefix: 'a/', tags } }, { tags }, 'ARCHIVE_ACCESS'],
    ['the prefix of the two', { filter: { prefix: 'a/', tags } }, {}, undefined],
  ] as const)('filter: %s → %3$s', (_, different, version, tier) => {
    expect(due(150, different, version)).toBe(tier);
  });

  test('what is possibly due → nothing that was made too late to be', () => {
    const { nowMs } = later(100);
    const beforeMs = possiblyDueBefore([configuration({})], { nowMs, dayLengthMs });
    expect(beforeMs).toBe(midnightMs);
    expect(beforeMs).toBeGreaterThan(writtenMs);
  });
});
